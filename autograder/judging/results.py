"""What grading says about a submission, and its form as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["graded", "partly graded", "not gradable"]


@dataclass(frozen=True)
class ExerciseResult:
    """The points of one exercise; `diagnosis` is the name of a misconception, if one was found."""

    name: str
    points: float
    max_points: float
    diagnosis: str | None = None


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
