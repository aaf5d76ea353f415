"""The build of the student's curriculum: no solution gets through, nothing is built in vain."""

import shutil

import nbformat
import pytest
from conftest import declare

from autograder.curriculum.build import build, student_notebook
from lepton_course.exercises.compiled import load_questions
from lepton_course.exercises.declared import DECLARATIONS

EXERCISES = """
from lepton_course.exercises import Call, Case, Exercise, exact

def double(x):
    return 2 * x

EXERCISES = [
    Exercise("double", "Double it", 2, 1, 1, double,
             lambda rng: [Case("a number", args=(3,))], Call(), exact()),
]
"""


def assignment(solution="### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"):
    answer = nbformat.v4.new_code_cell(f"def double(x):\n    {solution}")
    meta = {"schema_version": 3, "grade": False, "solution": True, "locked": False, "task": False}
    answer.metadata["nbgrader"] = {**meta, "grade_id": "double-answer"}
    grade = nbformat.v4.new_code_cell('check("double")')
    meta = {**meta, "grade": True, "solution": False, "locked": True, "points": 2}
    grade.metadata["nbgrader"] = {**meta, "grade_id": "double"}
    return nbformat.v4.new_notebook(cells=[answer, grade])


@pytest.fixture
def curriculum(tmp_path):
    folder = tmp_path / "curriculum" / "basics" / "00_doubling"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "two.svg").write_text("<svg/>")
    declare(folder, EXERCISES)
    (folder / "held_out.npz").write_bytes(b"secret")
    (folder.parents[1] / "syllabus.yml").write_text("[]")
    nbformat.write(assignment(), folder / "assignment.ipynb")
    return folder.parents[1]


def test_students_get_notebooks_figures_and_checks_and_nothing_else(curriculum, tmp_path):
    out = tmp_path / "out"
    assert build(curriculum, out) == ["basics/00_doubling"]
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files == {
        "build.json",
        "syllabus.yml",
        "basics/00_doubling/assignment.ipynb",
        "basics/00_doubling/checks.npz",
        "basics/00_doubling/exercises.json",
        "basics/00_doubling/figures/two.svg",
    }
    text = (out / "basics/00_doubling/assignment.ipynb").read_text()
    assert "return 2 * x" not in text and "raise NotImplementedError()" in text
    assert load_questions(out / "basics/00_doubling/checks.npz")["double"].points == 2


def test_only_what_changed_is_built_again(curriculum, tmp_path):
    out = tmp_path / "out"
    build(curriculum, out)
    assert build(curriculum, out) == []
    exercises = curriculum / "basics/00_doubling" / DECLARATIONS
    exercises.write_text(exercises.read_text().replace("Double it", "Twice"))
    assert build(curriculum, out) == ["basics/00_doubling"]


def test_a_module_that_is_gone_is_removed(curriculum, tmp_path):
    out = tmp_path / "out"
    build(curriculum, out)
    shutil.rmtree(curriculum / "basics/00_doubling")
    build(curriculum, out)
    assert not (out / "basics/00_doubling").exists()


def test_a_broken_module_is_named_and_leaves_the_last_build(curriculum, tmp_path):
    out = tmp_path / "out"
    build(curriculum, out)
    declare(curriculum / "basics/00_doubling", "EXERCISES = [")
    with pytest.raises(ValueError, match="basics/00_doubling"):
        build(curriculum, out)
    assert (out / "basics/00_doubling/checks.npz").is_file()
    assert not list((out / "basics").glob(".building-*"))


def test_a_solution_outside_its_cell_stops_the_build():
    notebook = assignment()
    notebook.cells[1].source += "\n### BEGIN SOLUTION\n1\n### END SOLUTION"
    with pytest.raises(RuntimeError, match="[Ss]olution"):
        student_notebook(notebook)


def test_a_solution_without_an_end_stops_the_build():
    with pytest.raises(RuntimeError, match="end"):
        student_notebook(assignment("### BEGIN SOLUTION\n    return 2 * x"))
