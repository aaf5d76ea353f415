"""The folders of a course, the same for a class of this curriculum and for any nbgrader course."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from traitlets.config import Config

if TYPE_CHECKING:
    from nbgrader.coursedir import CourseDirectory


class CourseFolders(Protocol):
    """The folders and settings of a course in nbgrader's layout."""

    @property
    def root(self) -> Path:
        """The course's folder."""
        ...

    @property
    def private(self) -> Path:
        """The grader's own folder: results, scratch, the lock."""
        ...

    @property
    def config_file(self) -> Path:
        """The course's `nbgrader_config.py`."""
        ...

    def source_folder(self, assignment: str) -> Path:
        """Return the folder of an assignment's source."""
        ...

    def submitted_folder(self, student: str, assignment: str) -> Path:
        """Return the folder of a student's submission."""
        ...

    def autograded_folder(self, student: str, assignment: str) -> Path:
        """Return the folder for a student's graded notebooks."""
        ...

    def settings(self) -> bytes:
        """Return, as bytes, the settings on which gradebook and pages depend."""
        ...

    def config(self) -> Config:
        """Return the course's nbgrader configuration."""
        ...

    def course_directory(self, assignment: str = "", student: str = "*") -> CourseDirectory:
        """Return nbgrader's view of the course, limited to an assignment and a student."""
        ...
