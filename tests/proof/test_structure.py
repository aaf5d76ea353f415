"""Structure checks: each planted fault of a notebook is named, with a way to mend it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder.curriculum.build import CURRICULUM
from autograder.proof.exercises.certification import certify_modules
from autograder.proof.lint.structure import structure_complaints
from autograder.proof.notebooks.pinned_outputs import TAG
from autograder.scaffold.scaffold import CannotScaffold, scaffold_exercise, scaffold_module
from lepton_course.exercises.declared import DECLARATIONS, load_exercises

MODULE = "basics/07_recurrent_networks"


@pytest.fixture
def module(tmp_path) -> Path:
    """A new module, as `lepton new module` makes it."""
    curriculum = tmp_path / "curriculum"
    curriculum.mkdir()
    shutil.copyfile(CURRICULUM / "syllabus.yml", curriculum / "syllabus.yml")
    return scaffold_module(MODULE, curriculum)


def complaints(module: Path) -> list[str]:
    return [str(complaint) for complaint in structure_complaints(module)]


def edit(module: Path, name: str, change: Callable[[NotebookNode], None]) -> None:
    path = module / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def replaced(old: str, new: str) -> Callable[[NotebookNode], None]:
    """A change of the first cell that holds `old`."""

    def change(notebook: NotebookNode) -> None:
        cell = next(cell for cell in notebook.cells if old in cell.source)
        cell.source = cell.source.replace(old, new)

    return change


def added(cell: NotebookNode, place: int = 2) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells.insert(place, cell)


def with_output(notebook: NotebookNode) -> None:
    notebook.cells[1].outputs = [new_output("stream", text="left over")]


def points_of_the_first_grade_cell(points: float) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        marks = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
        next(mark for mark in marks if "points" in mark)["points"] = points

    return change


def test_a_new_module_is_well_made_and_its_certificate_says_what_to_write(module):
    assert complaints(module) == []
    certificates = {c.name: c for c in certify_modules([module], seeds=1, jobs=1)}
    assert not any(certificate.passed for certificate in certificates.values())
    to_do = certificates["exercise_1"].problems
    assert "no alternative: add another right way to solve it" in to_do
    assert "still to be written: 'TODO: a title'" in to_do
    assert any("TODO: the reference of exercise_1" in problem for problem in to_do)
    assert certificates["lesson.ipynb"].problems[0].startswith("still to be written: cells 1, ")


def test_a_new_exercise_is_well_made(module):
    scaffold_exercise(module, "cell_step", 3)
    assert complaints(module) == []
    assert load_exercises(module)["cell_step"].points == 3
    cells = nbformat.read(module / "assignment.ipynb", as_version=4).cells
    ids = [c.metadata.nbgrader.grade_id for c in cells if "nbgrader" in c.metadata]
    assert ids[-3:] == ["cell_step-answer", "cell_step", "open_question"]


@pytest.mark.parametrize("name", ["exercise_1", "not a name", "class"])
def test_a_name_that_cannot_be_an_exercise_is_refused(module, name):
    before = (module / DECLARATIONS).read_text()
    with pytest.raises(CannotScaffold):
        scaffold_exercise(module, name, 1)
    assert (module / DECLARATIONS).read_text() == before


def test_a_module_must_be_in_the_syllabus_and_new(module):
    curriculum = module.parents[1]
    with pytest.raises(CannotScaffold, match="not in syllabus.yml"):
        scaffold_module("basics/99_nothing", curriculum)
    with pytest.raises(CannotScaffold, match="is already there"):
        scaffold_module(MODULE, curriculum)


PICTURE = "![{}](figures/plot.svg)"

FAULTS = [
    ("lesson", with_output, "lesson.ipynb, cell 2 has a leftover output"),
    ("lesson", added(new_code_cell("x = 1", metadata={"tags": [TAG]})), "and has no output"),
    ("lesson", added(new_code_cell("x = 1", metadata={"tags": ["fast"]})), "has the tag 'fast'"),
    ("lesson", added(new_code_cell("x = 1\n" * 41)), "lesson.ipynb, cell 3 has 41 lines of code"),
    ("lesson", added(new_code_cell("")), "lesson.ipynb, cell 3 is empty"),
    ("lesson", replaced(f'begin("{MODULE}")', ""), "is set up in no cell"),
    ("lesson", replaced(MODULE, "basics/01_other"), "begins another module"),
    ("lesson", added(new_code_cell(f'begin("{MODULE}")')), "is set up in 2, 3"),
    ("lesson", added(new_markdown_cell("[this](gone.ipynb)")), "points to gone.ipynb"),
    ("lesson", added(new_markdown_cell("[this](#No-such)")), "no such heading"),
    ("lesson", added(new_markdown_cell("![a](https://example.org/a.png)")), "relies on https"),
    ("lesson", added(new_markdown_cell(PICTURE.format(""))), "with the alternative text ''"),
    ("lesson", added(new_markdown_cell(PICTURE.format("A plot of it."))), "alternative text 'A pl"),
    ("lesson", added(new_markdown_cell(PICTURE.format("The view x[:, [0]] of it."))), "brackets"),
    ("lesson", added(new_markdown_cell('<img src="figures/plot.svg">')), "without alternative"),
    ("lesson", added(new_markdown_cell("## Go \U0001f680")), "has an emoji"),
    ("lesson", added(new_code_cell('check("try_9")')), "declares no such exercise"),
    ("lesson", added(new_code_cell('check("exercise_1")')), "checks 'exercise_1', which is graded"),
    ("lesson", replaced("## Summary", "## Quite different"), "Close with ## Summary, ## Quiz"),
    ("lesson", replaced("### Try it: TODO 1", "### Something"), "has 2 small exercises"),
    ("lesson", replaced("**Predict, then run.**", ""), "asks for 1 predictions"),
    ("lesson", replaced("record(", "print("), "records 2 numbers"),
    ("lesson", replaced("90 minutes", "a while"), "does not say '90 minutes'"),
    ("lesson", replaced("**You need**", ""), "names no prerequisites"),
    ("lesson", replaced("- *TODO* another;", ""), "does not list what one can do"),
    ("lesson", replaced("Right. TODO", "Yes. TODO"), "has 2 explained choices, 0 of them right"),
    ("lesson", replaced("TODO: a question**", "TODO**\n\n**9. More**"), "Quiz has 10 questions"),
    ("assignment", points_of_the_first_grade_cell(7), "gives 7 points for 'exercise_1'"),
    ("assignment", replaced('check("exercise_1")', 'check("exercise_1");1'), "more than its check"),
    ("assignment", lambda n: n.cells.pop(4), "has no grade cell for 'exercise_1'"),
    ("assignment", replaced("●●○○○ · 15", "●●●○○ · 15"), "exercises/ declares *Difficulty ●●○○○"),
    ("assignment", replaced("**Example:**", ""), "has no worked example"),
    ("assignment", replaced("|", " "), "is graded by hand without a rubric"),
    ("assignment", lambda n: n.cells.pop(), "has no question graded by hand"),
    ("assignment", replaced("### END SOLUTION", ""), "has markers that do not pair"),
    (
        "assignment",
        replaced("    ### END SOLUTION", "    ### END SOLUTION\n    return 2 * x"),
        "has code outside its markers: return 2 * x",
    ),
    (
        "assignment",
        added(new_code_cell('raise NotImplementedError("TODO: the solution")'), 5),
        "shows a line of the solution of cell 4",
    ),
    (
        "assignment",
        added(new_code_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION")),
        "has a solution that students would get",
    ),
]


@pytest.mark.parametrize(
    ("name", "change", "complaint"), FAULTS, ids=[fault[2] for fault in FAULTS]
)
def test_a_fault_is_named(module, name, change, complaint):
    (module / "figures" / "plot.svg").write_text("<svg/>")
    edit(module, name, change)
    found = complaints(module)
    assert any(complaint in text for text in found), found


def test_a_place_to_read_that_is_not_there_is_named(module):
    path = module / "exercises/exercise_1.py"
    path.write_text(path.read_text().replace("points=2,", 'points=2, read="lesson.ipynb#Gone",', 1))
    assert complaints(module) == [
        "exercises, exercise_1 sends the reader to 'lesson.ipynb#Gone', which is not there. "
        "Name a heading with hyphens for spaces: lesson.ipynb#Padding-and-stride"
    ]


def test_a_missing_notebook_is_named(module):
    (module / "lesson.ipynb").unlink()
    assert complaints(module)[0].startswith("lesson.ipynb is missing")
