"""What grading says about a submission, and its form as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["graded", "partly graded", "not gradable"]


@dataclass(frozen=True)
class ExerciseResult:
    """The points of one exercise, and names of misconceptions.

    diagnosis: of the one that the answer shows on every case. possible: of those that it shows in
        some cases only, or that something else may look like.
    """

    name: str
    points: float
    max_points: float
    diagnosis: str | None = None
    possible: tuple[str, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """The misconceptions as a line of a table has them: possible ones with a question mark."""
        likely = [self.diagnosis] if self.diagnosis else []
        return [*likely, *(f"{name}?" for name in self.possible)]


def exercise_result(fields: dict[str, Any]) -> ExerciseResult:
    """An exercise's result from its JSON, also from that of older versions.

    Raises TypeError or KeyError where it is none.
    """
    return ExerciseResult(**{**fields, "possible": tuple(fields.get("possible", ()))})


@dataclass(frozen=True)
class SubmissionResult:
    """One student's line.

    score, max_score: points of the exercises that the judge decides; what is graded by hand is
        in the gradebook. reason: why a submission is not, or only partly, graded.
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
    """The line of a submission that earned nothing because it could not be graded."""
    nothing = tuple(ExerciseResult(e.name, 0.0, e.max_points) for e in exercises)
    total = sum(e.max_points for e in exercises)
    return SubmissionResult(student, assignment, "not gradable", 0.0, total, reason, nothing, 0.0)


@dataclass(frozen=True)
class Grading:
    """What one run of the grader did.

    results: one per student, in the roster's order. unchanged: how many had been judged before
    and were not run again. walls: what stood around each submission, in words. shares_process:
    whether the tests ran in the learners' own processes.
    """

    results: tuple[SubmissionResult, ...]
    unchanged: int
    workers: int
    sandbox: str
    walls: tuple[str, ...]
    shares_process: bool


def to_json(grading: Grading, seconds: float) -> dict[str, Any]:
    """The results as `lepton class grade --json` writes them."""
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
