"""Marks in a submission to an ordinary nbgrader course that are not what nbgrader wrote."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.nbgraderformat import MetadataValidator

from autograder.nbgrader_course.restoring_errors import advice
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


@pytest.mark.parametrize(
    "mark, told",
    [
        ({"schema_version": 1}, "marked by an older nbgrader (version 1 of the mark, not 3): run"),
        ({"schema_version": 7}, "marked by a newer nbgrader (version 7 of the mark, not 3): copy"),
        ({"grade": "yes"}, "nbgrader's mark breaks the notebook format (grade: 'yes' is not of"),
        ({"points": None}, "(points: None is not of type 'number')"),
    ],
)
def test_a_mark_that_nbgrader_refuses_is_told_with_what_to_do(mark, told):
    usual = {"grade": True, "solution": False, "locked": True, "points": 1, "schema_version": 3}
    cell = new_code_cell("1", metadata={"nbgrader": {"grade_id": "mean", **usual, **mark}})
    with pytest.raises(Exception) as error:
        MetadataValidator().validate_nb(new_notebook(cells=[cell]))
    said = advice(error.value)
    assert told in said
    assert "nbgrader update" in said or "a fresh copy of the released notebook" in said


def test_a_name_alone_is_never_what_is_told():
    assert advice(KeyError("s1")).startswith(
        "a missing cell cannot be put back, because the cell s1"
    )
    assert advice(RuntimeError()).startswith("RuntimeError: copy the answers")
