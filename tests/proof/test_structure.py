"""Structure checks: each planted fault of a notebook is named, with a way to mend it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.curriculum.module_plan import load_plan
from autograder.proof.exercises.certification import certify_modules, unfinished_pages
from autograder.proof.lint.optional_form import toolbox_complaints
from autograder.proof.lint.structure import structure_complaints
from autograder.proof.notebooks.pinned_outputs import TAG
from autograder.scaffold.scaffold import CannotScaffold, scaffold_exercise, scaffold_module
from lepton_course.declared_exercises import DECLARATIONS, load_exercises

MODULE = "basics/08_evaluation"

SYLLABUS = """\
# The order of the modules.
- id: basics/04_training_well
  title: Training well
  about: optimisers and schedules
  minutes: [75, 60]
  prerequisites: []

- id: basics/08_evaluation
  title: Evaluation
  about: "cross-validation: calibration, A/B tests"
  minutes: [60, 60]
  prerequisites: [basics/04_training_well]

- id: basics/09_last
  title: The last one
  about: a test
  minutes: [10, 20]
  prerequisites: []
"""


@pytest.fixture
def module(tmp_path) -> Path:
    """A new module, as `lepton new module` makes it."""
    curriculum = tmp_path / "curriculum"
    curriculum.mkdir()
    (curriculum / "syllabus.yml").write_text(SYLLABUS)
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


def test_a_new_module_has_its_plan_beside_it_and_only_its_id_in_the_syllabus(module):
    syllabus = (module.parents[1] / "syllabus.yml").read_text()
    assert "- id: basics/08_evaluation\n\n- id: basics/09_last" in syllabus
    assert syllabus.startswith("# The order of the modules.\n- id: basics/04_training_well\n  ti")
    plan = load_plan(module)
    assert plan.module.title == "Evaluation"
    assert plan.module.about == "cross-validation: calibration, A/B tests"
    assert (plan.module.minutes, plan.module.deeper_minutes, plan.unmet) == ((60, 60), 30, ())
    [to_do] = [text for name, text in unfinished_pages(module) if name == "module.yml"]
    assert to_do.startswith("still to be written: lines 9, 11, 12, 13, 14, 16, ")


def test_a_new_exercise_is_well_made(module):
    scaffold_exercise(module, "cell_step", 3)
    assert complaints(module) == []
    assert load_exercises(module)["cell_step"].points == 3
    cells = nbformat.read(module / "assignment.ipynb", as_version=4).cells
    ids = [c.metadata.nbgrader.grade_id for c in cells if "nbgrader" in c.metadata]
    assert ids[-3:] == ["cell_step-answer", "cell_step", "open_question"]


@pytest.mark.parametrize("name", ["exercise_1", "not a name", "class", "task"])
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


def swapped_choices(notebook: NotebookNode) -> None:
    """The right answer of the second question moves from c to a."""
    quiz = next(cell for cell in notebook.cells if cell.source.startswith("## Quiz"))
    before, second, rest = quiz.source.partition("**2. ")
    choices, third, after = rest.partition("**3. ")
    lines = choices.splitlines(keepends=True)
    lines[2], lines[4] = lines[4], lines[2]
    quiz.source = before + second + "".join(lines) + third + after


def longer_right_answers(notebook: NotebookNode) -> None:
    quiz = next(cell for cell in notebook.cells if cell.source.startswith("## Quiz"))
    quiz.source = quiz.source.replace("TODO</summary>Right", "TODO and more</summary>Right")


PICTURE = "![{}](figures/plot.svg)"

FAULTS = [
    ("lesson", with_output, "lesson.ipynb, cell 2 has a leftover output"),
    ("lesson", added(new_code_cell("x = 1", metadata={"tags": [TAG]})), "and has no output"),
    ("lesson", added(new_code_cell("x = 1", metadata={"tags": ["fast"]})), "has the tag 'fast'"),
    ("lesson", added(new_code_cell("x = 1\n" * 26)), "lesson.ipynb, cell 3 has 26 lines of code"),
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
    ("lesson", replaced("60 minutes", "a while"), "does not say '60 minutes'"),
    ("lesson", replaced("**You need**", ""), "names no prerequisites"),
    ("lesson", replaced("- *TODO* another;", ""), "does not list what one can do"),
    ("lesson", replaced("Right. TODO", "Yes. TODO"), "has 3 explained choices, 0 of them right"),
    ("lesson", replaced("TODO: a question**", "TODO**\n\n**9. More**"), "Quiz has 10 questions"),
    ("lesson", replaced("**TODO term 3**", "TODO term 3"), "does not set the term 'TODO term 3'"),
    ("lesson", replaced("## What goes wrong", "## What"), "has no heading with 'goes wrong'"),
    ("lesson", replaced("## An experiment", "## A"), "has no heading with 'experiment'"),
    ("lesson", replaced("## In production, 2026", "## Use"), "has no heading with 'in production'"),
    ("lesson", lambda n: n.cells.extend(map(new_markdown_cell, "x" * 100)), "cells. 100 at most"),
    ("lesson", replaced("plots.show(", "print("), "draws a figure without an alternative text"),
    ("lesson", added(new_code_cell("x = 1; y = 2")), "more than one statement in a line: y = 2"),
    ("lesson", added(new_code_cell("if x: y = 2")), "more than one statement in a line: y = 2"),
    ("lesson", added(new_code_cell("a, b = 1, 2")), "several values at once: a, b = (1, 2)"),
    ("lesson", swapped_choices, "has 3 of 5 right answers at a"),
    ("lesson", replaced("TODO</summary>No.", f"{'x' * 30}</summary>No."), "of 4 to 30 characters"),
    ("lesson", longer_right_answers, "the right answer as its longest choice in 5 of 5"),
    ("lesson", added(new_markdown_cell("[it](exercises/try_1.py)")), "which learners do not get"),
    ("deeper", replaced("Optional", "Here"), "say that it is optional"),
    ("deeper", added(new_markdown_cell("## Quiz")), "The quiz belongs to the lesson"),
    ("deeper", added(new_code_cell('check("exercise_1")')), "checks 'exercise_1', which is graded"),
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


WELL_WRITTEN = """\
a, b = b, a
x[0], x[1] = x[1], x[0]
low, high = limits(x)
first = second = 0
plt.plot(x);"""


def test_swaps_unpacked_results_and_a_last_semicolon_are_well_written(module):
    edit(module, "lesson", added(new_code_cell(WELL_WRITTEN)))
    assert complaints(module) == []


def test_a_section_that_needs_another_is_named(module):
    def change(notebook: NotebookNode) -> None:
        notebook.cells[-1:] = [
            new_markdown_cell("## First"),
            new_code_cell("twin = np.ones(3)\nshared = 1"),
            new_markdown_cell("## Second"),
            new_code_cell("shared = 2\ndef show(own):\n    return own + twin + shared"),
        ]

    edit(module, "deeper", change)
    assert complaints(module) == [
        "deeper.ipynb, section 'Second' uses twin of section 'First'. "
        "Each section stands alone: make it there, or before the first section."
    ]


def plan_with(module: Path, old: str, new: str) -> list[str]:
    path = module / "module.yml"
    path.write_text(path.read_text().replace(old, new, 1))
    return complaints(module)


def test_what_is_not_met_yet_is_listed_and_then_not_complained_of(module):
    edit(module, "lesson", replaced("## In production, 2026", "## Use"))
    assert plan_with(module, "claims:", "unmet: [in-production]\n\nclaims:") == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("claims:", "unmet: [terms]\nclaims:", "unmet lists 'terms', which is met (every term"),
        ("claims:", "unmet: [term]\nclaims:", "unmet names no check: 'term'. Known: terms, "),
        ("deeper: 30", "deeper: 0", "gives 0 minutes to deeper.ipynb, which is there"),
        (
            "[basics/04_training_well]",
            "[basics/09_last]",
            "'basics/09_last', which does not come b",
        ),
        ("TODO term 10", "TODO term 9", "terms: write a list of 10 to 20 different terms"),
    ],
)
def test_a_plan_that_does_not_fit_is_named(module, old, new, complaint):
    [found] = plan_with(module, old, new)
    assert complaint in found


def test_what_the_plan_has_is_not_repeated_in_the_syllabus(module):
    path = module.parents[1] / "syllabus.yml"
    path.write_text(path.read_text().replace(f"- id: {MODULE}", f"- id: {MODULE}\n  title: Other"))
    assert complaints(module) == [
        f"syllabus.yml, {MODULE} repeats title, which module.yml has. Leave the id alone there."
    ]


def test_sections_of_the_toolbox_can_be_linked_to_and_have_something_to_run(module):
    toolbox = module.parents[1] / "toolbox.ipynb"
    cells = [new_code_cell('begin("toolbox")'), new_markdown_cell("## Axis"), new_code_cell("1")]
    nbformat.write(new_notebook(cells=cells), toolbox)
    assert toolbox_complaints(module.parents[1]) == []
    link = "[axis](../../toolbox.ipynb#{})"
    edit(module, "lesson", added(new_markdown_cell(link.format("Axis"))))
    assert complaints(module) == []
    edit(module, "lesson", added(new_markdown_cell(link.format("Axes"))))
    [found] = complaints(module)
    assert "points to ../../toolbox.ipynb#Axes: no such heading" in found
    nbformat.write(new_notebook(cells=cells[:2]), toolbox)
    [found] = map(str, toolbox_complaints(module.parents[1]))
    assert found == "toolbox.ipynb, Axis has nothing to run. Add a short example."


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
