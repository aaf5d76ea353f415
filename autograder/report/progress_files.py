"""What learners' own progress files say: tries, time, and the opening quiz.

A learner writes this file, so it is read as a stranger's: what is not in the format is refused,
and nothing in it counts for a grade.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

PROGRESS_FILE = "progress.json"
FORMAT = "lepton-progress"
FEWEST_QUESTIONS = 3
"""So many questions of the quiz, answered before the first exercise, count as an opening quiz."""

MAX_BYTES = 8 * 2**20
MANY_TRIES = 3
"""So many wrong answers to one exercise, and no right one, count as being stuck."""


@dataclass(frozen=True)
class Attempt:
    """One check of one exercise. `share`: of the exercise's points, 0 to 1."""

    at: datetime
    module: str
    exercise: str
    right: bool
    diagnosis: str | None
    share: float


@dataclass(frozen=True)
class Answer:
    """One answer to a question of the lesson's quiz."""

    at: datetime
    module: str
    question: str
    right: bool


@dataclass(frozen=True)
class Progress:
    """What a learner's file says, each part in the order of time."""

    attempts: tuple[Attempt, ...] = ()
    answers: tuple[Answer, ...] = ()

    def of_module(self, module: str) -> Progress:
        """What of it belongs to one module."""
        return Progress(
            tuple(attempt for attempt in self.attempts if attempt.module == module),
            tuple(answer for answer in self.answers if answer.module == module),
        )


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


def read_progress(path: Path) -> Progress:
    """What `lepton progress --export` wrote. Raises ValueError with a reason when it did not."""
    if path.is_symlink() or not path.is_file():
        raise ValueError("it is not an ordinary file")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES // 2**20} MiB")
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise ValueError("it is not a progress file of this course")
    attempts, answers = tree.get("attempts"), tree.get("answers", [])
    if tree.get("version") != 1 or not isinstance(attempts, list) or not isinstance(answers, list):
        raise ValueError("it comes from another version of this course")
    try:
        return Progress(
            tuple(sorted(map(_attempt, attempts), key=lambda attempt: attempt.at)),
            tuple(sorted(map(_answer, answers), key=lambda answer: answer.at)),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("one of its records is damaged") from error


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


def opening_share(progress: Progress) -> float | None:
    """The share of the quiz that was right before the module: of each question the first answer,
    if it was given before the first attempt at an exercise. None for fewer than three questions."""
    begun = progress.attempts[0].at if progress.attempts else datetime.max.replace(tzinfo=UTC)
    first: dict[str, bool] = {}
    for answer in progress.answers:
        if answer.at < begun:
            first.setdefault(answer.question, answer.right)
    return sum(first.values()) / len(first) if len(first) >= FEWEST_QUESTIONS else None


def _attempt(row: dict[str, Any]) -> Attempt:
    diagnosis = row.get("diagnosis")
    points, most = float(row.get("points") or 0), float(row.get("max_points") or 0)
    right = row["status"] == "right"
    share = points / most if most > 0 else float(right)
    if not all(isinstance(row[key], str) for key in ("module", "exercise", "status")):
        raise TypeError("a name that is not text")
    if not math.isfinite(share) or not isinstance(diagnosis, str | None):
        raise ValueError("a value that makes no sense")
    return Attempt(
        _time(row["at"]),
        row["module"],
        row["exercise"],
        right,
        diagnosis,
        min(max(share, 0.0), 1.0),
    )


def _answer(row: dict[str, Any]) -> Answer:
    if not all(isinstance(row[key], str) for key in ("module", "question")):
        raise TypeError("a name that is not text")
    return Answer(_time(row["at"]), row["module"], row["question"], bool(row["is_right"]))


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
