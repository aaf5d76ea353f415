"""A class: a folder in nbgrader's layout, with a private part.

nbgrader_config.py  gradebook.db  roster.csv
source/  release/  submitted/  autograded/  feedback/     nbgrader's own folders
private/                                                  mode 0700
    seed           the secret from which the grader draws its cases, mode 0600
    class.json     the curriculum's folder, and the module of each assignment
    questions/     drawn cases with their expected results
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.classroom.course_folders import CourseFolders
from autograder.classroom.patient_gradebook import wait_for_locked_gradebooks
from lepton_course.declared_exercises import DECLARATIONS
from lepton_course.errors import CourseError, problem_in_words

if TYPE_CHECKING:
    from nbgrader.coursedir import CourseDirectory

NOTEBOOK = "assignment"
"""Name, without suffix, of the one notebook that each assignment has."""


class ClassError(CourseError):
    """A problem with a class that stops a command; the message says how to solve it."""


@dataclass(frozen=True)
class Classroom:
    """The paths and settings of a class, read from disk when they are asked for."""

    root: Path

    @property
    def config_file(self) -> Path:
        return self.root / "nbgrader_config.py"

    @property
    def gradebook_file(self) -> Path:
        return self.root / "gradebook.db"

    @property
    def roster_file(self) -> Path:
        return self.root / "roster.csv"

    @property
    def private(self) -> Path:
        """The grader's own folder, closed to other users."""
        return self.root / "private"

    @property
    def seed_file(self) -> Path:
        return self.private / "seed"

    @property
    def manifest_file(self) -> Path:
        return self.private / "class.json"

    def source_folder(self, assignment: str) -> Path:
        """Return the folder of an assignment's source."""
        return self.root / "source" / assignment

    def release_notebook(self, assignment: str) -> Path:
        """Return the path of an assignment's released notebook."""
        return self.root / "release" / assignment / f"{NOTEBOOK}.ipynb"

    def submitted_folder(self, student: str, assignment: str) -> Path:
        """Return the folder of a student's submission."""
        return self.root / "submitted" / student / assignment

    def autograded_folder(self, student: str, assignment: str) -> Path:
        """Return the folder for a student's graded notebooks."""
        return self.root / "autograded" / student / assignment

    def settings(self) -> bytes:
        """Return the bytes of the configuration, on which gradebook and pages depend too."""
        return self.config_file.read_bytes()

    def seed(self) -> str:
        """Return the class's secret seed. Raises ClassError when it cannot be read."""
        try:
            seed = self.seed_file.read_text().strip()
        except OSError as error:
            raise ClassError(
                f"{self.seed_file}: the class's secret seed cannot be read ({error.strerror}). "
                "Restore it from a backup."
            ) from error
        if not seed:
            raise ClassError(f"{self.seed_file} is empty. Restore it from a backup.")
        return seed

    def manifest(self) -> Manifest:
        """Return the modules that the class's assignments come from. Raises ClassError."""
        try:
            data = json.loads(self.manifest_file.read_text(encoding="utf-8"))
            return Manifest(Path(data["curriculum"]), dict(data["modules"]))
        except (OSError, ValueError, KeyError) as error:
            raise ClassError(
                f"{self.manifest_file} cannot be read ({problem_in_words(error)}). "
                f"`lepton class create {self.root} --roster …` writes it again."
            ) from error

    def config(self) -> Config:
        """Return the settings of the class's `nbgrader_config.py`."""
        loader = PyFileConfigLoader(self.config_file.name, path=str(self.root))
        return loader.load_config()

    def course_id(self) -> str:
        """Return the name under which the exchange knows the class."""
        return str(self.config().CourseDirectory.get("course_id", ""))

    def course_directory(self, assignment: str = "", student: str = "*") -> CourseDirectory:
        """Return nbgrader's view of the class, limited to an assignment and a student."""
        from nbgrader.coursedir import CourseDirectory  # brings all of nbgrader along: seconds

        course = CourseDirectory(config=self.config())
        course.assignment_id = assignment
        course.student_id = student
        return course


@dataclass(frozen=True)
class Manifest:
    """The curriculum's folder, and the module of each assignment (a path below that folder)."""

    curriculum: Path
    modules: dict[str, str]

    def write(self, path: Path) -> None:
        """Write the manifest to a JSON file."""
        data = {"curriculum": str(self.curriculum), "modules": self.modules}
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    def module_folder(self, assignment: str) -> Path:
        """Return the folder of an assignment's module.

        If the clone has moved since the class was made, the clone of this code is used.

        Raises ClassError when the module is in neither.
        """
        module = self.modules[assignment]
        for curriculum in (self.curriculum, default_curriculum()):
            folder = curriculum / module
            if (folder / DECLARATIONS).is_file():
                return folder
        raise ClassError(
            f"{self.curriculum / module / DECLARATIONS} is not there: the clone of the course "
            "has moved. Run `lepton class create` again with --curriculum."
        )


def default_curriculum() -> Path:
    """Return the curriculum folder of the clone that this code belongs to."""
    return Path(__file__).resolve().parents[2] / "curriculum"


def open_classroom(root: Path) -> Classroom:
    """Return the class in a folder. Raises ClassError when there is none."""
    wait_for_locked_gradebooks()
    classroom = Classroom(root.resolve())
    if not is_classroom(root):
        raise ClassError(
            f"{root} is not a class. `lepton class create {root} --roster roster.csv` makes one."
        )
    return classroom


def is_classroom(root: Path) -> bool:
    """Return whether `lepton class create` made this folder."""
    classroom = Classroom(root)
    return classroom.config_file.is_file() and classroom.private.is_dir()


@contextmanager
def exclusive(classroom: CourseFolders) -> Iterator[None]:
    """Lock the class for a command that writes. Raises ClassError when another holds the lock."""
    with (classroom.private / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ClassError(
                f"Another `lepton class` command is at work in {classroom.root}. "
                "Wait for it, then run this one again."
            ) from error
        yield


def add_programs_to_path() -> None:
    """Put the running Python's programs on PATH: nbgrader calls `alembic` by name."""
    programs = os.path.dirname(sys.executable)
    path = os.environ.get("PATH", os.defpath)
    if programs not in path.split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + path
