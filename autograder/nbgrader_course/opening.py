"""Opening of a course's folder, which may hold a class or an ordinary nbgrader course."""

from __future__ import annotations

from pathlib import Path

from autograder.judging.class_course import open_class_course
from autograder.judging.course import Course
from autograder.nbgrader_course.stock_course import open_stock_course


def open_course(root: Path) -> Course:
    """Return the class or the ordinary nbgrader course in a folder. Raises ClassError."""
    return open_stock_course(root) or open_class_course(root)
