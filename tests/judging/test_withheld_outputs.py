"""Secret inputs do not come back: what a cell shows after an exercise was judged is left out."""

from __future__ import annotations

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.execution.job import Run
from autograder.judging.judge_run import WITHHELD, judge_run
from lepton_course.exercises.case import Case
from lepton_course.exercises.compare import close
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Call, Observation

MARK = {"grade": True, "solution": False, "locked": True, "points": 1, "schema_version": 3}


def shows(text: str) -> nbformat.NotebookNode:
    """A cell that has printed a text, and that has counted far."""
    cell = new_code_cell(f"print({text!r})", execution_count=2**30)
    cell.outputs = [new_output("stream", text=text)]
    return cell


def question(name: str) -> Question:
    return Question(
        name=name, title=name, points=1, difficulty=1, minutes=1, hints=(), read="",
        arguments=(), returns=(), probe=Call(), compare=close(),
        cases=(Case("a number", (4.0,)),), expected=(Observation({"result": 8.0}),), mistakes=(),
    )  # fmt: skip


def test_only_what_was_shown_before_the_first_exercise_comes_back():
    check = new_code_cell("check('double')", metadata={"nbgrader": {**MARK, "grade_id": "double"}})
    silent = new_code_cell("x = 1")
    cells = [shows("mine"), check, shows("the input was 4.0"), silent, new_markdown_cell("why")]
    run = Run(nbformat.writes(new_notebook(cells=cells)), {}, {"double": "late"}, "", (), 1.0)
    judged = judge_run(run, {"double": question("double")}, ())
    notebook = nbformat.reads(judged.notebooks["assignment"], as_version=4)
    texts = [[o.get("text") for o in cell.get("outputs", [])] for cell in notebook.cells]
    assert texts[0] == ["mine"]
    assert texts[2:] == [[WITHHELD], [], []]
    assert [cell.get("execution_count") for cell in notebook.cells[2:]] == [None, None, None]
