"""The faster check of nbgrader's marks complains about the same notebooks in the same words."""

import logging

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import CheckCellMetadata

from autograder.nbgrader_course.mark_check import CheckMarks
from autograder.nbgrader_course.restoring_errors import advice

MARK = {
    "grade_id": "sum",
    "grade": True,
    "solution": False,
    "locked": True,
    "points": 2,
    "schema_version": 3,
}


def complaint(step, cells):
    try:
        step(log=logging.getLogger("quiet")).preprocess(new_notebook(cells=cells), {})
    except Exception as error:
        return type(error), advice(error), str(error)
    return None


@pytest.mark.parametrize(
    ("changes", "fails"),
    [
        ({}, False),
        ({"schema_version": 2}, True),
        ({"schema_version": 4}, True),
        ({"points": "two"}, True),
        ({"grade": "yes"}, True),
        ({"unknown": 1}, True),
        ({"grade_id": "a b"}, True),
        ({"grade_id": ""}, True),
    ],
)
def test_same_verdict_as_nbgrader(changes, fails):
    cells = [new_code_cell("1", metadata={"nbgrader": {**MARK, **changes}})]
    found = complaint(CheckMarks, cells)
    assert found == complaint(CheckCellMetadata, cells)
    assert bool(found) is fails


def test_same_verdict_on_several_cells():
    twice = [new_code_cell("1", metadata={"nbgrader": dict(MARK)}) for _ in range(2)]
    text = [new_markdown_cell("1", metadata={"nbgrader": dict(MARK)})]
    for cells in (twice, text, [new_code_cell("1")]):
        assert complaint(CheckMarks, cells) == complaint(CheckCellMetadata, cells)
    assert complaint(CheckMarks, twice)
