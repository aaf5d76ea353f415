"""Marks in a submission to an ordinary nbgrader course that are not what nbgrader wrote."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.nbgrader_course.stock_restoring import _take_off_marks


@pytest.mark.parametrize("mark", [None, [], "x", {}, {"grade_id": []}, {"grade_id": {"a": 1}}])
def test_a_damaged_mark_is_taken_off_and_the_batch_goes_on(mark):
    good = new_code_cell("1", metadata={"nbgrader": {"grade_id": "mean", "grade": True}})
    notebook = new_notebook(cells=[new_code_cell("2", metadata={"nbgrader": mark}), good])
    assert _take_off_marks(notebook, {"mean"}) == []
    assert ["nbgrader" in cell.metadata for cell in notebook.cells] == [False, True]


def test_of_copies_the_last_keeps_its_mark():
    cells = [new_code_cell(text, metadata={"nbgrader": {"grade_id": "mean"}}) for text in "12"]
    notebook = new_notebook(cells=cells)
    assert _take_off_marks(notebook, {"mean"}) == ["a copy of the cell mean was ignored"]
    assert ["nbgrader" in cell.metadata for cell in notebook.cells] == [False, True]
