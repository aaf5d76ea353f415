"""Make a curriculum of one small module, and notebooks that are handed in for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import nbformat
from conftest import declare
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from autograder.submissions.cell_marks import cells_with_id, mark_of

ROSTER = """id,first_name,last_name,email,team
ada,Ada,Lovelace,ada@example.org,"Engines, Analytical"
grace,Grace,Hopper,grace@example.org,Compilers
linus,Linus,Pauling,linus@example.org,
"""

EXERCISES = """
import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

doubling = exercise(
    "double", title="Twice as much", points=2, difficulty=1, minutes=1,
    probe=Call(), compare=close(),
)


@doubling.reference
def double(x):
    return x + x


@doubling.alternative
def scaled(x):
    return np.multiply(x, 2.0)


@doubling.cases
def double_cases(rng):
    yield Case(part="positive numbers", args=(rng.uniform(3.0, 9.0, size=4),))
    yield Case(part="negative numbers", args=(rng.uniform(-9.0, -3.0, size=4),))


@doubling.mistake("You squared the numbers; add them to themselves.")
def squared(x):
    return x**2


@doubling.mistake("You halved the numbers; multiply instead.")
def half(x):
    return x / 2


totalling = exercise(
    "total", title="A sum", points=3, difficulty=1, minutes=1, probe=Call(), compare=close()
)


@totalling.reference
def total(x):
    return float(np.sum(x))


@totalling.cases
def total_cases(rng):
    yield Case(part="a vector", args=(rng.uniform(1.0, 2.0, size=5),))


@totalling.mistake("You took the mean; sum instead.")
def average(x):
    return float(np.mean(x))


EXERCISES = [doubling, totalling]
"""

DOUBLE = "def double(x):\n    return 2 * x"
TOTAL = "def total(x):\n    return float(x.sum())"
WHY = """Why does the order of the numbers not matter?

| points | for |
|---|---|
| 0.5 | *that* addition commutes |
| 0.5 | an example with <b>numbers</b> |
"""
BLANK = "# YOUR CODE HERE\nraise NotImplementedError()"


def write_curriculum(root: Path) -> Path:
    """Write a curriculum of one module, basics/07_small_sums, and return its path."""
    module = root / "curriculum" / "basics" / "07_small_sums"
    (module / "figures").mkdir(parents=True)
    (module / "figures" / "sum.svg").write_text("<svg/>")
    declare(module, EXERCISES)
    cells = [
        new_markdown_cell("# Small sums"),
        new_code_cell("import numpy as np\nfrom lepton_course import check"),
        _answer("double", _solution(DOUBLE)),
        _check("double", 2),
        _answer("total", _solution(TOTAL)),
        _check("total", 3),
        new_markdown_cell(WHY),
        new_markdown_cell(
            "### BEGIN SOLUTION\nBecause addition commutes.\n### END SOLUTION",
            metadata=_mark("why", grade=True, solution=True, points=1),
        ),
    ]
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, module / "assignment.ipynb")
    return module.parents[1]


def write_roster(folder: Path, text: str = ROSTER) -> Path:
    """Write a roster file and return its path."""
    path = folder / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return path


def release_of(classroom: Path) -> nbformat.NotebookNode:
    """Return the notebook that students get."""
    return nbformat.read(classroom / "release/small_sums/assignment.ipynb", as_version=4)


def answered(classroom: Path, answers: Mapping[str, str]) -> nbformat.NotebookNode:
    """Return the released notebook with some answers filled in."""
    notebook = release_of(classroom)
    for cell in notebook.cells:
        name = mark_of(cell).grade_id.removesuffix("-answer")
        if mark_of(cell).solution and name in answers:
            cell.source = answers[name]
    return notebook


def hand_in(classroom: Path, student: str, work: nbformat.NotebookNode | bytes) -> Path:
    """Put a notebook, or any bytes, where submissions are collected; return its path."""
    path = classroom / "submitted" / student / "small_sums" / "assignment.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(work if isinstance(work, bytes) else json.dumps(work).encode())
    return path


def gradebook(classroom: Path) -> dict[str, object]:
    """Return everything the gradebook says of each student, without its own ids."""
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as book:
        return {
            submission.student_id: {
                grade.name: (grade.auto_score, grade.manual_score, grade.max_score)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            | {"score": submission.score, "manual": submission.needs_manual_grade}
            for submission in book.assignment_submissions("small_sums")
        }


def cell_of(notebook: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    """Return the cell with a grade id."""
    return next(cells_with_id(notebook, grade_id))


def _solution(code: str) -> str:
    return f"### BEGIN SOLUTION\n{code}\n### END SOLUTION"


def _answer(name: str, source: str) -> nbformat.NotebookNode:
    return new_code_cell(source, metadata=_mark(f"{name}-answer", solution=True))


def _check(name: str, points: float) -> nbformat.NotebookNode:
    mark = _mark(name, grade=True, locked=True, points=points)
    return new_code_cell(f'check("{name}")', metadata=mark)


def _mark(grade_id: str, **options) -> dict:
    mark = {"grade": False, "solution": False, "locked": False, "schema_version": 3}
    return {"nbgrader": {**mark, "grade_id": grade_id, **options}}
