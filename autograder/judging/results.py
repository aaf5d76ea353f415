"""The results of grading a submission, and their JSON form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["graded", "partly graded", "not gradable"]


@dataclass(frozen=True)
class ExerciseResult:
    """The points of one exercise, and the misconceptions it shows.

    diagnosis: the misconception that matches the answer on every case. possible: those that match
        in some cases only, or less specifically.
    """

    name: str
    points: float
    max_points: float
    diagnosis: str | None = None
    possible: tuple[str, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """Return the misconceptions as a table shows them, possible ones with a question mark."""
        likely = [self.diagnosis] if self.diagnosis else []
        return [*likely, *(f"{name}?" for name in self.possible)]


def exercise_result(fields: dict[str, Any]) -> ExerciseResult:
    """Return an exercise's result from its JSON, including that of older versions.

    Raises TypeError or KeyError if it is none.
    """
    return ExerciseResult(**{**fields, "possible": tuple(fields.get("possible", ()))})


@dataclass(frozen=True)
class SubmissionResult:
    """The result of one student.

    score, max_score: points of the exercises that the judge decides; points given by hand are in
        the gradebook. reason: why a submission is not, or only partly, graded.
    """

    student: str
    assignment: str
    status: Status
    score: float
    max_score: float
    reason: str
    exercises: tuple[ExerciseResult, ...]
    seconds: float


def not_gradable(
    student: str, assignment: str, reason: str, exercises: Sequence[ExerciseResult]
) -> SubmissionResult:
    """Return the result of a submission that could not be graded: no points."""
    nothing = tuple(ExerciseResult(e.name, 0.0, e.max_points) for e in exercises)
    total = sum(e.max_points for e in exercises)
    return SubmissionResult(student, assignment, "not gradable", 0.0, total, reason, nothing, 0.0)


@dataclass(frozen=True)
class Grading:
    """The results of one grading run.

    results: one per student, in the roster's order. unchanged: number of submissions whose cached
    result was used. walls: the isolation around each submission, in words. shares_process:
    whether the tests ran in the learners' own processes.
    """

    results: tuple[SubmissionResult, ...]
    unchanged: int
    workers: int
    sandbox: str
    walls: tuple[str, ...]
    shares_process: bool


def to_json(grading: Grading, seconds: float) -> dict[str, Any]:
    """Return the results as `lepton class grade --json` writes them.

    seconds: duration of the whole run.
    """
    results = grading.results
    submissions = [asdict(result) for result in results]
    for submission in submissions:
        submission["seconds"] = round(submission["seconds"], 3)
    return {
        "submissions": submissions,
        "seconds": round(seconds, 3),
        "workers": grading.workers,
        "sandbox": grading.sandbox,
        "walls": list(grading.walls),
        "tests_share_process": grading.shares_process,
    }
