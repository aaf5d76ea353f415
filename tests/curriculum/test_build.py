"""The build of the student's curriculum: no solution gets through, nothing is built in vain."""

import json
import multiprocessing
import os
import shutil
import signal

import nbformat
import pytest
import yaml
from conftest import declare

from autograder.curriculum.build import build
from autograder.curriculum.student_notebooks import student_notebook
from lepton_course.exercises.compiled import load_questions

MODULE = "basics/00_doubling"
EXERCISE = """
from lepton_course.exercises import Call, Case, Exercise, exact

def NAME(x):
    return FACTOR * x

EXERCISE = Exercise("NAME", "By FACTOR", 2, 1, 1, NAME,
                    lambda rng: [Case("a number", args=(3,))], Call(), exact())
"""
LISTING = """
from . import double, triple

EXERCISES = [double.EXERCISE, triple.EXERCISE]
"""


def assignment(solution="### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"):
    answer = nbformat.v4.new_code_cell(f"def double(x):\n    {solution}")
    meta = {"schema_version": 3, "grade": False, "solution": True, "locked": False, "task": False}
    answer.metadata["nbgrader"] = {**meta, "grade_id": "double-answer"}
    grade = nbformat.v4.new_code_cell('check("double")')
    meta = {**meta, "grade": True, "solution": False, "locked": True, "points": 2}
    grade.metadata["nbgrader"] = {**meta, "grade_id": "double"}
    return nbformat.v4.new_notebook(cells=[answer, grade])


def write_exercise(module, name, factor):
    text = EXERCISE.replace("NAME", name).replace("FACTOR", str(factor))
    (module / "exercises" / f"{name}.py").write_text(text)


def read_tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def curriculum(tmp_path):
    folder = tmp_path / "curriculum" / MODULE
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "two.svg").write_text("<svg/>")
    declare(folder, LISTING)
    write_exercise(folder, "double", 2)
    write_exercise(folder, "triple", 3)
    (folder / "held_out.npz").write_bytes(b"secret")
    (folder.parents[1] / "syllabus.yml").write_text("[]")
    nbformat.write(assignment(), folder / "assignment.ipynb")
    return folder.parents[1]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_students_get_notebooks_figures_and_checks_and_nothing_else(curriculum, out):
    assert build(curriculum, out).modules == (MODULE,)
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files == {
        "build.json",
        "syllabus.yml",
        f"{MODULE}/assignment.ipynb",
        f"{MODULE}/checks.npz",
        f"{MODULE}/exercises.json",
        f"{MODULE}/figures/two.svg",
    }
    text = (out / MODULE / "assignment.ipynb").read_text()
    assert "return 2 * x" not in text and "raise NotImplementedError()" in text
    questions = load_questions(out / MODULE / "checks.npz")
    assert list(questions) == ["double", "triple"] and questions["double"].points == 2


def test_of_a_plan_students_get_what_their_pages_need(curriculum, tmp_path):
    module = curriculum / "basics/00_doubling"
    plan = {"title": "Doubling", "about": "twice as much", "prerequisites": [],
            "minutes": {"lesson": 5, "deeper": 5, "assignment": 5}}  # fmt: skip
    secret = {"claims": [{"claim": "Two is more", "against": "one"}], "unmet": ["terms"]}
    (module / "module.yml").write_text(yaml.safe_dump({**plan, **secret}))
    out = tmp_path / "out"
    build(curriculum, out)
    assert yaml.safe_load((out / "basics/00_doubling/module.yml").read_text()) == plan


@pytest.mark.parametrize(
    ("notebooks", "is_optional"), [(["deeper"], True), (["deeper", "lesson"], False)]
)
def test_what_only_the_optional_notebook_asks_is_optional(
    curriculum, tmp_path, notebooks, is_optional
):
    module = curriculum / "basics/00_doubling"
    (module / "assignment.ipynb").unlink()
    for name in notebooks:
        cells = [nbformat.v4.new_code_cell('check("double")')]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), module / f"{name}.ipynb")
    out = tmp_path / "out"
    build(curriculum, out)
    listed, _ = json.loads((out / "basics/00_doubling/exercises.json").read_text())
    assert listed["is_optional"] is is_optional
    assert (out / "basics/00_doubling/deeper.ipynb").is_file()


def test_the_toolbox_is_built_without_outputs_and_goes_when_it_is_gone(curriculum, tmp_path):
    cell = nbformat.v4.new_code_cell("1 + 1", outputs=[nbformat.v4.new_output("stream", text="2")])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), curriculum / "toolbox.ipynb")
    out = tmp_path / "out"
    build(curriculum, out)
    assert nbformat.read(out / "toolbox.ipynb", as_version=4).cells[0].outputs == []
    (curriculum / "toolbox.ipynb").unlink()
    build(curriculum, out)
    assert not (out / "toolbox.ipynb").exists()


def test_an_edited_exercise_is_compiled_again_and_no_other(curriculum, out):
    first = build(curriculum, out)
    assert set(first.exercises) == {f"{MODULE}: double", f"{MODULE}: triple"}
    assert build(curriculum, out).modules == ()

    write_exercise(curriculum / MODULE, "triple", 33)
    again = build(curriculum, out)
    assert again.exercises == (f"{MODULE}: triple",) and again.notebooks == ()
    titles = [question.title for question in load_questions(out / MODULE / "checks.npz").values()]
    assert titles == ["By 2", "By 33"]


def test_an_edited_notebook_is_made_again_and_no_exercise(curriculum, out):
    build(curriculum, out)
    notebook = assignment()
    notebook.cells.append(nbformat.v4.new_markdown_cell("One more thing"))
    nbformat.write(notebook, curriculum / MODULE / "assignment.ipynb")
    again = build(curriculum, out)
    assert again.notebooks == (f"{MODULE}: assignment.ipynb",) and again.exercises == ()
    assert "One more thing" in (out / MODULE / "assignment.ipynb").read_text()


def test_a_changed_figure_is_copied_and_nothing_compiled(curriculum, out):
    build(curriculum, out)
    (curriculum / MODULE / "figures" / "two.svg").write_text("<svg>2</svg>")
    again = build(curriculum, out)
    assert (again.modules, again.exercises, again.notebooks) == ((MODULE,), (), ())
    assert (out / MODULE / "figures" / "two.svg").read_text() == "<svg>2</svg>"


def test_the_stamps_of_a_former_version_are_not_believed(curriculum, out):
    build(curriculum, out)
    (out / "build.json").write_text(json.dumps({MODULE: "f" * 64, "basics/99_gone": "f" * 64}))
    (out / MODULE / "checks.npz").write_bytes(b"stale")
    build(curriculum, out)
    assert list(json.loads((out / "build.json").read_text())) == [MODULE]
    assert list(load_questions(out / MODULE / "checks.npz")) == ["double", "triple"]


def test_a_module_that_is_gone_is_removed(curriculum, out):
    build(curriculum, out)
    shutil.rmtree(curriculum / MODULE)
    build(curriculum, out)
    assert not (out / MODULE).exists()


def test_what_fails_is_named_and_the_rest_is_built(curriculum, out):
    shutil.copytree(curriculum / MODULE, curriculum / "basics/01_other")
    build(curriculum, out)
    before = read_tree(out / MODULE)
    for module in (MODULE, "basics/01_other"):
        write_exercise(curriculum / module, "double", 22)
    write_exercise(curriculum / MODULE, "triple", "unknown")
    with pytest.raises(ValueError, match=f"{MODULE}: triple: .*NameError"):
        build(curriculum, out)
    assert read_tree(out / MODULE) == before
    assert load_questions(out / "basics/01_other/checks.npz")["double"].title == "By 22"

    write_exercise(curriculum / MODULE, "triple", 3)  # what was compiled before is kept
    assert build(curriculum, out).exercises == ()
    assert load_questions(out / MODULE / "checks.npz")["double"].title == "By 22"


@pytest.mark.parametrize("file", ["__init__.py", "triple.py"])
def test_a_module_that_cannot_be_read_leaves_its_last_build(curriculum, out, file):
    build(curriculum, out)
    before = read_tree(out / MODULE)
    (curriculum / MODULE / "exercises" / file).write_text("EXERCISES = [")
    with pytest.raises(ValueError, match=f"{MODULE}: SyntaxError"):
        build(curriculum, out)
    assert read_tree(out / MODULE) == before


def test_an_exercise_that_kills_its_process_is_named(curriculum, out):
    module = curriculum / MODULE
    write_exercise(module, "triple", "__import__('os')._exit(3) or 3")
    with pytest.raises(ValueError, match=f"{MODULE}: triple: the process .* died") as told:
        build(curriculum, out)
    assert "double" not in str(told.value)


def test_code_that_the_key_does_not_see_is_refused(curriculum, out):
    """An exercise that uses another file without importing it would never be built again."""
    module = curriculum / MODULE
    (module / "exercises" / "helpers.py").write_text("def borrowed(x):\n    return 2 * x\n")
    text = (module / "exercises" / "double.py").read_text()
    hidden = (
        "import importlib\nborrowed = importlib.import_module(__package__ + '.helpers').borrowed"
    )
    text = text.replace("def double", f"{hidden}\n\ndef double").replace(
        "1, 1, double,", "1, 1, borrowed,"
    )
    (module / "exercises" / "double.py").write_text(text)
    with pytest.raises(ValueError, match="'double' uses borrowed of helpers.py"):
        build(curriculum, out)


def interrupted_build(curriculum, out):
    """A process that builds and is killed just before the first module is put in place."""
    build(curriculum, out, progress=lambda _: os.kill(os.getpid(), signal.SIGKILL))


def in_process(function, *arguments):
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    return process


def test_a_killed_build_leaves_the_last_one_and_its_work_is_kept(curriculum, out):
    build(curriculum, out)
    before = read_tree(out)
    write_exercise(curriculum / MODULE, "double", 22)
    process = in_process(interrupted_build, curriculum, out)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert read_tree(out) == before
    again = build(curriculum, out)
    assert again.modules == (MODULE,) and again.exercises == ()
    assert load_questions(out / MODULE / "checks.npz")["double"].title == "By 22"


def test_a_module_that_was_being_exchanged_is_put_back(curriculum, out, tmp_path):
    build(curriculum, out)
    before = read_tree(out)
    former = tmp_path / ".out-build" / "former" / MODULE
    former.parent.mkdir(parents=True)
    (out / MODULE).rename(former)  # killed here
    assert build(curriculum, out).modules == ()
    assert read_tree(out) == before


def test_two_builds_at_once_give_what_one_gives(curriculum, out):
    processes = [in_process(build, curriculum, out) for _ in range(2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert list(load_questions(out / MODULE / "checks.npz")) == ["double", "triple"]
    assert build(curriculum, out).modules == ()


def test_a_solution_outside_its_cell_stops_the_build():
    notebook = assignment()
    notebook.cells[1].source += "\n### BEGIN SOLUTION\n1\n### END SOLUTION"
    with pytest.raises(RuntimeError, match="[Ss]olution"):
        student_notebook(notebook)


def test_a_solution_without_an_end_stops_the_build():
    with pytest.raises(RuntimeError, match="end"):
        student_notebook(assignment("### BEGIN SOLUTION\n    return 2 * x"))
