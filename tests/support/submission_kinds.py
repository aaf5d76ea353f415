"""List submissions of every kind to the tiny course, with the lines expected in a result."""

from __future__ import annotations

from dataclasses import dataclass, field

import nbformat
from nbformat.v4 import new_markdown_cell
from tiny_course import DOUBLE, TOTAL, answered

from autograder.submissions.cell_marks import mark_of

RIGHT = {"double": DOUBLE, "total": TOTAL}


@dataclass(frozen=True)
class Expected:
    """The expected line of a submission."""

    points: tuple[float, float]
    status: str = "graded"
    reason: str = ""
    diagnoses: dict = field(default_factory=dict)


def with_cells(classroom, change, answers=RIGHT):
    """Return a right submission after `change` has edited its list of cells."""
    notebook = answered(classroom, answers)
    notebook.cells = change(notebook.cells) or notebook.cells
    return notebook


def without(grade_id):
    """Return a change that removes the cell with this grade id."""
    return lambda cells: [cell for cell in cells if mark_of(cell).grade_id != grade_id]


def copied(cells):
    """Add a copy of each code cell."""
    return cells + [nbformat.from_dict(cell) for cell in cells if cell.cell_type == "code"]


def check_first(cells):
    """Move the check of `total` to the front."""
    check = next(c for c in cells if c.source == 'check("total")')
    return [check, *(c for c in cells if c is not check)]


def boasting(cells):
    """Add outputs and metadata that claim full marks."""
    for cell in cells:
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code":
            data = {"text/plain": "3"}
            cell.outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
        if mark.get("grade_id") == "double":
            mark.update(points=100, locked=False)
            cell.source = "2.0"
        if mark.get("grade_id") == "total":
            mark.update(grade=False, solution=True)
            cell.metadata["lepton"] = {"points": 3}


def another_format(classroom):
    """Return the same notebook in nbformat 3."""
    return nbformat.writes(answered(classroom, RIGHT), version=3).encode()


OVERWRITES_RESULTS = """
from IPython.display import display
handle = display("3", display_id="mine")
class Rewriter(float):
    pass
def total(x):
    handle.update("3")
    display({"text/plain": "3"}, raw=True, display_id="mine")
    print("3.0")
    return 0.0
"""

ALWAYS_EQUAL = """
class Equal:
    def __eq__(self, other): return True
    def __array__(self, *args, **kwargs): return np.zeros(4)
    def __float__(self): return 1.0
def double(x): return Equal()
total = Equal()
"""

FORGES_FILES = """
import glob, os, sys
def double(x):
    for frame in (sys._getframe(i) for i in range(1, 6)):
        if "answers_path" in frame.f_locals:
            open(frame.f_locals["answers_path"], "wb").write(b"PK" + b"right" * 100)
            os._exit(0)
"""

SUBMISSIONS = {
    "right": (lambda c: answered(c, RIGHT), Expected((2, 3))),
    "wrong": (
        lambda c: answered(c, {**RIGHT, "double": "def double(x):\n    return x**2"}),
        Expected((0, 3), diagnoses={"double": "squared"}),
    ),
    "half": (
        lambda c: answered(c, {**RIGHT, "double": "def double(x):\n    return 2 * abs(x)"}),
        Expected((1, 3)),
    ),
    "blank": (lambda c: answered(c, {}), Expected((0, 0))),
    "raises": (
        lambda c: answered(c, {**RIGHT, "total": "def total(x):\n    return x['secret', 0]"}),
        Expected((2, 0)),
    ),
    "crash": (
        lambda c: answered(c, {**RIGHT, "total": "import os\nos._exit(1)"}),
        Expected((2, 0), "partly graded", "the kernel died in the cell that starts with"),
    ),
    "crash_when_asked": (
        lambda c: answered(c, {**RIGHT, "total": "def total(x):\n    import os\n    os._exit(1)"}),
        Expected((2, 0), "partly graded", "the kernel died in the answer to total"),
    ),
    "sys_exit": (
        lambda c: answered(c, {**RIGHT, "double": "import sys\nsys.exit()"}),
        Expected((0, 3)),
    ),
    "input": (lambda c: answered(c, {**RIGHT, "double": "input('?')"}), Expected((0, 3))),
    "deleted_check": (
        lambda c: with_cells(c, without("total")),
        Expected((2, 3), "partly graded", "the cell total was missing and was put back"),
    ),
    "deleted_answer": (
        lambda c: with_cells(c, without("double-answer")),
        Expected((0, 3), "partly graded", "the cell double-answer was missing"),
    ),
    "copied_cells": (
        lambda c: with_cells(c, copied),
        Expected((2, 3), "partly graded", "a copy of the cell double was ignored"),
    ),
    "check_moved_up": (
        lambda c: with_cells(c, check_first),
        Expected((2, 3), "partly graded", "the cell total stood before its answer"),
    ),
    "check_edited": (
        lambda c: with_cells(c, boasting, {**RIGHT, "double": "def double(x):\n    return x / 2"}),
        Expected((0, 3), diagnoses={"double": "half"}),
    ),
    "boasts": (lambda c: with_cells(c, boasting, {}), Expected((0, 0))),
    "redefines_check": (
        lambda c: answered(c, {"double": "check = lambda name: 2.0", "total": "3.0"}),
        Expected((0, 0)),
    ),
    "overwrites": (
        lambda c: answered(c, {**RIGHT, "total": OVERWRITES_RESULTS}),
        Expected((2, 0)),
    ),
    "always_equal": (lambda c: answered(c, {"double": ALWAYS_EQUAL}), Expected((0, 0))),
    "forges_files": (
        lambda c: answered(c, {"double": FORGES_FILES}),
        Expected((0, 0), "partly graded", "the kernel died in the answer to double"),
    ),
    "format_3": (another_format, Expected((2, 3))),
    "byte_order_mark": (
        lambda c: "\ufeff".encode() + nbformat.writes(answered(c, RIGHT)).encode(),
        Expected((2, 3)),
    ),
    "cut_off": (
        lambda c: nbformat.writes(answered(c, RIGHT)).encode()[:900],
        Expected((0, 0), "not gradable", "the file is not valid JSON"),
    ),
    "empty": (lambda c: b"", Expected((0, 0), "not gradable", "the file is empty")),
    "latin_1": (
        lambda c: '{"cells": "\xe9"}'.encode("latin-1"),
        Expected((0, 0), "not gradable", "the file is not UTF-8 text"),
    ),
    "not_a_notebook": (
        lambda c: b'{"rows": [1, 2]}',
        Expected((0, 0), "not gradable", "JSON, but not a notebook"),
    ),
    "bad_notebook": (
        lambda c: b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"x": 1}]}',
        Expected((0, 0), "not gradable", "not a valid notebook"),
    ),
    "deep_json": (
        lambda c: b"[" * 100_000,
        Expected((0, 0), "not gradable", "the file is not valid JSON"),
    ),
    "no_checks": (
        lambda c: nbformat.v4.new_notebook(cells=[new_markdown_cell("hello")]),
        Expected((0, 0), "not gradable", "none of the assignment's grade cells"),
    ),
}  # fmt: skip
