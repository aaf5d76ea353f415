"""Judge an answer: turn observations into a verdict, by pure functions on plain data.

The judge never calls an answer. It takes a `Question`, which holds everything needed to decide,
and one `Observation` per case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lepton_course.exercises.case_differences import case_differences
from lepton_course.exercises.compare import Differences
from lepton_course.exercises.diagnosis import Diagnosis, diagnose
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import ELLIPSIS, MISSING, Observation
from lepton_course.exercises.values import Opaque

Status = Literal["right", "wrong", "blank", "error"]


@dataclass(frozen=True)
class PartResult:
    """Whether a part was earned; if not, the first failing case and all that differs in it."""

    part: str
    passed: bool
    differences: Differences = ()
    case: int | None = None


@dataclass(frozen=True)
class Verdict:
    """The judge's decision on one answer. diagnoses: the surest first."""

    name: str
    status: Status
    points: float
    max_points: float
    parts: tuple[PartResult, ...]
    diagnoses: tuple[Diagnosis, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the answer is right in all parts."""
        return self.status == "right"

    @property
    def likely(self) -> str | None:
        """Name of the known mistake that the answer shows on every case, if there is one."""
        return next((d.mistake.name for d in self.diagnoses if d.evidence == "every case"), None)

    @property
    def possible(self) -> tuple[str, ...]:
        """Names of known mistakes with less evidence."""
        return tuple(d.mistake.name for d in self.diagnoses if d.evidence != "every case")


def judge(question: Question, observations: Sequence[Observation]) -> Verdict:
    """Return the verdict on an answer, from one observation per case of the question.

    Missing observations count as failures.
    """
    blank = Observation()
    seen = [*observations, *[blank] * len(question.cases)][: len(question.cases)]
    found = [case_differences(question, index, observed) for index, observed in enumerate(seen)]
    failing = [index for index, differences in enumerate(found) if differences]
    parts = tuple(_part_result(question, part, found) for part in question.parts)
    earned = sum(part.passed for part in parts)
    if all(is_blank(observed) for observed in seen):
        status: Status = "blank"
        parts = tuple(PartResult(part.part, False, part.differences, part.case) for part in parts)
        earned = 0
    elif earned == len(parts):
        status = "right"
    else:
        status = "error" if all(seen[index].raised for index in failing) else "wrong"
    points = round(question.points * earned / len(parts), 2) if parts else 0.0
    diagnoses = () if status in ("right", "blank") else diagnose(question, seen, failing)
    return Verdict(question.name, status, points, question.points, parts, diagnoses)


def is_blank(observed: Observation) -> bool:
    """Return whether nothing was answered: no name, NotImplementedError, or an Ellipsis left in."""
    if observed.raised:
        return observed.raised.kind in ("NotImplementedError", MISSING, ELLIPSIS)
    values = list(observed.seen.values())
    return any(isinstance(value, Opaque) and value.kind == "ellipsis" for value in values) or (
        not values
    )


def _part_result(question: Question, part: str, found: Sequence[Differences]) -> PartResult:
    for index, case in enumerate(question.cases):
        if case.part == part and found[index]:
            return PartResult(part, False, found[index], index)
    return PartResult(part, True)
