"""What learners' own progress files say: tries, time, and the opening quiz.

A learner writes this file, so it is read as a stranger's: what is not in the format is refused,
and nothing in it counts for a grade.
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
"""So many questions of the quiz, answered before the first exercise, count as an opening quiz."""

MAX_BYTES = 8 * 2**20
MANY_TRIES = 3
"""So many wrong answers to one exercise, and no right one, count as being stuck."""


@dataclass(frozen=True)
class WayToRight:
    """One learner's attempts at one exercise, up to the first right one.

    seconds: from the first attempt to the first right one, with all breaks; None when no attempt
    was right. diagnosis: of the latest attempt.
    """

    exercise: str
    tries: int
    seconds: float | None
    diagnosis: str | None


@dataclass(frozen=True)
class Pace:
    """How a class came to the right answer of an exercise, by those who found it."""

    exercise: str
    tried: int
    solved: int
    median_tries: float | None
    median_seconds: float | None


def read_progress(path: Path) -> ProgressHistory:
    """What `lepton progress --export` wrote. Raises ValueError with a reason when it did not."""
    if path.is_symlink() or not path.is_file():
        raise ValueError("it is not an ordinary file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    return from_document(data, MAX_BYTES, needed=[Attempt])


def ways_to_right(attempts: Iterable[Attempt], exercises: Sequence[str]) -> tuple[WayToRight, ...]:
    """One learner's way through each of the exercises that was tried."""
    ways = []
    kept = list(attempts)
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
    """The class's way to one exercise's right answer."""
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
    """The share of the quiz that was right before the module: of each question the first answer,
    if it was given before the first attempt at an exercise. None for fewer than three questions."""
    begun = progress.attempts[0].at if progress.attempts else datetime.max.replace(tzinfo=UTC)
    first: dict[str, bool] = {}
    for answer in progress.answers:
        if answer.at < begun:
            first.setdefault(answer.question, answer.is_right)
    return sum(first.values()) / len(first) if len(first) >= FEWEST_QUESTIONS else None
