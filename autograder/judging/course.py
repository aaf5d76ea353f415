"""The protocols of a gradable course and of its assignments, whichever kind of course it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from autograder.classroom.course_folders import CourseFolders
from autograder.execution.job import SubmissionLimits
from autograder.judging.judge_run import Judged
from autograder.sandbox.walls import Walls
from autograder.submissions.submission import Submission


@dataclass(frozen=True)
class GradingTask:
    """A submission to be graded. folder: where its other files are."""

    submission: Submission
    folder: Path
    limits: SubmissionLimits
    threads: int | None
    walls: Walls


@dataclass(frozen=True)
class Batch:
    """The submissions to be graded, in the roster's order, those of unknown students last.

    strangers: unknown students, by their folder's name. folders: the submission's folder, for
    students whose submission is not in `submitted/`.
    """

    assignment: str
    students: tuple[str, ...]
    strangers: tuple[str, ...]
    folders: Mapping[str, Path] = field(default_factory=dict)


class GradableAssignment(Protocol):
    """An assignment that can restore, run and judge a submission.

    It is sent to other processes and behaves the same there.
    """

    @property
    def name(self) -> str:
        """The assignment's name in the gradebook."""
        ...

    @property
    def fingerprint(self) -> str:
        """A string that changes when submissions must be graded again."""
        ...

    @property
    def shares_process(self) -> bool:
        """Whether the learner's process could change the verdict."""
        ...

    @property
    def max_points(self) -> dict[str, float]:
        """The points of each exercise, by name."""
        ...

    @property
    def folder(self) -> Path:
        """The folder of the course's own files beside the notebooks, which win over others."""
        ...

    def restored(self, submitted: Path) -> Submission:
        """Return the submission in a folder, ready to run. Raises NotGradable."""
        ...

    def grade(self, task: GradingTask) -> Judged:
        """Run and judge a submission. Raises CannotRun."""
        ...


@runtime_checkable
class Course(CourseFolders, Protocol):
    """A course whose submissions can be graded."""

    @property
    def keeps_attempts(self) -> bool:
        """Whether each attempt is kept, so that the best one may count."""
        ...

    def assignment(self, name: str) -> GradableAssignment:
        """Return one of the course's assignments. Raises ClassError."""
        ...

    def find_submissions(self, assignment: str, only: Sequence[str] = ()) -> Batch:
        """Return the submissions to an assignment.

        only: consider only these students. Raises ClassError when there is nothing to grade.
        """
        ...
