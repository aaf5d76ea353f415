"""Where a course keeps its files, whichever kind of course it is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config


class CourseFolders(Protocol):
    """The folders and settings of a course in nbgrader's layout."""

    @property
    def root(self) -> Path:
        """The course's folder."""
        ...

    @property
    def private(self) -> Path:
        """What the grader keeps for itself: results, scratch, the lock."""
        ...

    @property
    def config_file(self) -> Path:
        """The course's `nbgrader_config.py`."""
        ...

    def source_folder(self, assignment: str) -> Path:
        """Return where an assignment's source is."""
        ...

    def submitted_folder(self, student: str, assignment: str) -> Path:
        """Return where a student's submission is."""
        ...

    def autograded_folder(self, student: str, assignment: str) -> Path:
        """Return where a student's graded notebooks are put."""
        ...

    def settings(self) -> bytes:
        """Return what gradebook and pages depend on, besides results."""
        ...

    def config(self) -> Config:
        """Return what the course's configuration sets."""
        ...

    def course_directory(self, assignment: str = "", student: str = "*") -> CourseDirectory:
        """Return nbgrader's own view of the course."""
        ...
