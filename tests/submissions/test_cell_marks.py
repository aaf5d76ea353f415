"""nbgrader's mark on a cell, whatever a learner has put in its place."""

from __future__ import annotations

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.submissions.cell_marks import CellMark, cells_with_id, judged_points, mark_of
from autograder.submissions.cell_repair import restore
from autograder.submissions.submission import parse_notebook

TEST = {"grade_id": "double", "grade": True, "solution": False, "locked": True, "points": 2}


def marked(mark: object, cell=new_code_cell) -> nbformat.NotebookNode:
    return cell("1", metadata={"nbgrader": mark})


def test_a_test_cell_asks_the_judge_for_its_points():
    mark = mark_of(marked(TEST))
    assert (mark.grade_id, mark.points, mark.is_judged, mark.is_open) == ("double", 2, True, False)


def test_an_answer_that_a_person_grades_does_not_ask_the_judge():
    mark = mark_of(marked({**TEST, "solution": True}, new_markdown_cell))
    assert mark.is_open and not mark.is_judged


def test_a_cell_without_any_part_in_the_assignment_has_no_released_id():
    mark = mark_of(marked({**TEST, "grade": False, "locked": False}))
    assert (mark.grade_id, mark.released_id) == ("double", "")


@pytest.mark.parametrize("mark", [None, [], "grade", 3, [["grade_id", "double"]]])
def test_what_has_not_the_form_of_a_mark_is_none(mark):
    assert mark_of(marked(mark)) == CellMark()


@pytest.mark.parametrize("value", [None, [], {}, "2", 10**400, float("inf"), float("nan")])
def test_points_that_are_no_number_are_none(value):
    assert mark_of(marked({**TEST, "points": value})).points == 0


@pytest.mark.parametrize("value", [None, [], {}, 7, ["double"]])
def test_an_id_that_is_no_text_is_none(value):
    assert mark_of(marked({**TEST, "grade_id": value})).grade_id == ""


def test_judged_points_follow_the_notebook():
    cells = [marked({**TEST, "grade_id": name, "points": n}) for n, name in enumerate("bca")]
    notebook = new_notebook(cells=[new_markdown_cell("text"), *cells])
    assert judged_points(notebook) == {"b": 0, "c": 1, "a": 2}
    assert [cell.metadata.nbgrader["points"] for cell in cells_with_id(notebook, "c")] == [1]


@pytest.mark.parametrize("mark", [None, [], "x", {"grade_id": []}, {"grade_id": {}, "grade": 1}])
def test_a_submission_with_a_damaged_mark_is_restored(mark):
    release = new_notebook(cells=[marked(TEST)])
    handed_in = new_notebook(cells=[marked(mark), marked(TEST)])
    restored = restore(parse_notebook(json.dumps(handed_in).encode()), release)
    assert judged_points(restored.notebook) == {"double": 2}
