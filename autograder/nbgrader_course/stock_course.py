"""An ordinary nbgrader course, with its own configuration, folders and gradebook.

The grader's own files (results to resume from, scratch) are in the folder `.lepton`.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from glob import escape, glob
from pathlib import Path

from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from traitlets.config import Config

from autograder.classroom.classroom import ClassError, is_classroom
from autograder.classroom.patient_gradebook import wait_for_locked_gradebooks
from autograder.judging.course import Batch
from autograder.nbgrader_course.stock_assignment import StockAssignment, load_stock_assignment

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class StockCourse:
    """The paths and settings of a course, according to its configuration."""

    root: Path
    keeps_attempts = False

    @property
    def config_file(self) -> Path:
        return self.root / CONFIG

    @property
    def private(self) -> Path:
        return self.root / ".lepton"

    def config(self) -> Config:
        """Return the configuration that nbgrader's commands would read in the course's folder."""
        return self._config

    @functools.cached_property
    def _config(self) -> Config:
        with contextlib.chdir(self.root):
            app = NbGrader()
            app.initialize([], root=str(self.root))  # also lets its plugins be imported
            return app.config

    def course_directory(self, assignment: str = "", student: str = "*") -> CourseDirectory:
        course = CourseDirectory(config=self.config())
        course.assignment_id, course.student_id = assignment, student
        # nbgrader's commands run in the course's folder, and relative paths start there.
        course.root = str(self.root / self._config.CourseDirectory.get("root", ""))
        url = make_url(course.db_url)
        if url.get_backend_name() == "sqlite":
            url = url.set(database=str(self.root / (url.database or "")))
            course.db_url = url.render_as_string(hide_password=False)
        return course

    def submitted_folder(self, student: str, assignment: str) -> Path:
        course = self.course_directory()
        return Path(course.format_path(course.submitted_directory, student, assignment))

    def autograded_folder(self, student: str, assignment: str) -> Path:
        course = self.course_directory()
        return Path(course.format_path(course.autograded_directory, student, assignment))

    def source_folder(self, assignment: str) -> Path:
        course = self.course_directory()
        return Path(course.format_path(course.source_directory, ".", assignment))

    def settings(self) -> bytes:
        return self.config_file.read_bytes() if self.config_file.is_file() else b""

    def assignment(self, name: str) -> StockAssignment:
        """Return one of the course's assignments. Raises ClassError."""
        return load_stock_assignment(self, name.strip())

    def find_submissions(self, assignment: str, only: Sequence[str] = ()) -> Batch:
        """Return the submissions that nbgrader would grade.

        only: consider only these students. Raises ClassError when there is nothing to grade.
        """
        assignment = assignment.strip()  # as nbgrader does
        course = self.course_directory(assignment)
        step = course.submitted_directory
        name = re.escape(assignment)
        pattern = re.compile(course.format_path(step, "(?P<id>[^/]+)", name, escape=True))
        folders = glob(course.format_path(escape(step), "*", escape(assignment)))
        found = {match["id"] for folder in folders if (match := pattern.fullmatch(folder))}
        found -= set(course.student_id_exclude.split(","))
        for student in only:
            if student not in found:
                place = course.format_path(step, student, assignment)
                raise ClassError(f"{student!r} has handed in nothing: there is no {place}.")
        if not found:
            place = course.format_path(step, "STUDENT", assignment)
            raise ClassError(f"Nothing to grade: put submissions at {place}.")
        return Batch(assignment, tuple(sorted(set(only) or found)), ())


def open_stock_course(root: Path) -> StockCourse | None:
    """Return the nbgrader course in a folder, or None if there is none or it is a class.

    Raises ClassError when it has no gradebook, or its configuration cannot be used.
    """
    wait_for_locked_gradebooks()
    course = StockCourse(root.resolve())
    if is_classroom(root) or not ((root / CONFIG).is_file() or (root / "source").is_dir()):
        return None
    try:
        url = make_url(course.course_directory().db_url)
    except Exception as error:  # the configuration is a program and may raise anything
        raise ClassError(f"{course.config_file} cannot be used: {error}") from error
    if "ClassPreprocessor" in course.config():
        return None  # a class of this course that has lost its private part
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise ClassError(
            f"The course in {root} has no gradebook {url.database} yet. Run "
            "`nbgrader generate_assignment` there, as before handing out."
        )
    course.private.mkdir(mode=0o700, exist_ok=True)
    return course
