"""Learners' progress files: tries, time, and the opening quiz.

A learner writes this file, so it is untrusted: anything outside the format is refused, and nothing
in it counts for a grade.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from lepton_course.progress.schema import Attempt, ProgressHistory, from_document

PROGRESS_FILE = "progress.json"
FEWEST_QUESTIONS = 3
"""Questions answered before the first exercise from which a quiz counts as an opening quiz."""

MAX_BYTES = 8 * 2**20
MANY_TRIES = 3
"""Number of wrong answers, without a right one, from which a learner counts as stuck."""


@dataclass(frozen=True)
class WayToRight:
    """One learner's attempts at one exercise, up to the first right one.

    seconds: from the first attempt to the first right one, including breaks; None when no attempt
    was right. diagnosis: of the latest attempt.
    """

    exercise: str
    tries: int
    seconds: float | None
    diagnosis: str | None


@dataclass(frozen=True)
class Pace:
    """A class's tries and time to the right answer of an exercise, over those who found it."""

    exercise: str
    tried: int
    solved: int
    median_tries: float | None
    median_seconds: float | None


def read_progress(path: Path) -> ProgressHistory:
    """Return what `lepton progress --export` wrote.

    Raises ValueError, with a reason, if it is something else.
    """
    if path.is_symlink() or not path.is_file():
        raise ValueError("it is not an ordinary file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    return from_document(data, MAX_BYTES, needed=[Attempt])


def ways_to_right(attempts: Iterable[Attempt], exercises: Sequence[str]) -> tuple[WayToRight, ...]:
    """Return one learner's attempts at each of the exercises that were tried."""
    ways = []
    kept = [attempt for attempt in attempts if attempt.answered]
    for name in exercises:
        tries = [attempt for attempt in kept if attempt.exercise == name]
        if not tries:
            continue
        first_right = next((i for i, attempt in enumerate(tries) if attempt.right), None)
        if first_right is None:
            ways.append(WayToRight(name, len(tries), None, tries[-1].diagnosis))
        else:
            seconds = (tries[first_right].at - tries[0].at).total_seconds()
            ways.append(WayToRight(name, first_right + 1, seconds, tries[-1].diagnosis))
    return tuple(ways)


def pace(exercise: str, ways: Iterable[WayToRight]) -> Pace:
    """Return the class's tries and time to one exercise's right answer."""
    tried = [way for way in ways if way.exercise == exercise]
    solved = [(way.tries, way.seconds) for way in tried if way.seconds is not None]
    return Pace(
        exercise,
        len(tried),
        len(solved),
        median(tries for tries, _ in solved) if solved else None,
        median(seconds for _, seconds in solved) if solved else None,
    )


def opening_share(progress: ProgressHistory) -> float | None:
    """Return the fraction (0 to 1) of the quiz that was right before the module.

    Of each question the first answer counts, if given before the first attempt at an exercise.
    None for fewer than three questions.
    """
    answered = [attempt.at for attempt in progress.attempts if attempt.answered]
    begun = answered[0] if answered else datetime.max.replace(tzinfo=UTC)
    first: dict[str, bool] = {}
    for answer in progress.answers:
        if answer.at < begun:
            first.setdefault(answer.question, answer.is_right)
    return sum(first.values()) / len(first) if len(first) >= FEWEST_QUESTIONS else None
