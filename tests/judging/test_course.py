"""A class of this course and an ordinary nbgrader course are the same to grading."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conftest import CLONE
from stock_course import make_course
from tiny_course import write_curriculum, write_roster

from autograder.classroom.classroom import ClassError, Classroom
from autograder.instructor.class_creation import create_classroom
from autograder.judging.class_course import ClassCourse
from autograder.judging.course import Course
from autograder.nbgrader_course.opening import open_course
from autograder.nbgrader_course.stock_course import StockCourse


def test_who_opens_a_folder_decides_which_kind_of_course_it_is(tmp_path):
    roster, curriculum = write_roster(tmp_path), write_curriculum(tmp_path)
    create_classroom(tmp_path / "class", roster, curriculum)
    ours = open_course(tmp_path / "class")
    stock = open_course(make_course(tmp_path / "course"))
    assert isinstance(stock, StockCourse) and isinstance(ours, ClassCourse)
    assert isinstance(stock, Course) and isinstance(ours, Course)
    assert (stock.keeps_attempts, ours.keeps_attempts) == (False, True)


def test_an_ordinary_course_is_no_class_by_accident():
    assert not issubclass(StockCourse, Classroom)


def test_a_folder_that_is_no_course_is_refused(tmp_path):
    with pytest.raises(ClassError, match="not a class"):
        open_course(tmp_path)


@pytest.mark.parametrize("package", ["grading", "workers", "judging"])
def test_grading_knows_no_kind_of_course(package):
    for path in Path(CLONE, "autograder", package).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert "nbgrader_course" not in (node.module or ""), path
