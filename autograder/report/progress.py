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
OPENING_QUIZ = "opening_quiz"
"""The name of the opening quiz's questions: this, or this and `_1`, `_2`, …"""

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


def read_progress(path: Path) -> tuple[Attempt, ...]:
    """The attempts in a progress file, in the order of their time.

    Raises ValueError with a reason when it is not one.
    """
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
    attempts = tree.get("attempts")
    if tree.get("version") != 1 or not isinstance(attempts, list):
        raise ValueError("it comes from another version of this course")
    try:
        return tuple(sorted(map(_attempt, attempts), key=lambda attempt: attempt.at))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("one of its attempts is damaged") from error


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


def opening_share(attempts: Iterable[Attempt]) -> float | None:
    """The share of the opening quiz that was right at the first attempt; None when not taken."""
    first: dict[str, Attempt] = {}
    for attempt in attempts:
        name, _, number = attempt.exercise.rpartition("_")
        if attempt.exercise == OPENING_QUIZ or (name == OPENING_QUIZ and number.isdigit()):
            first.setdefault(attempt.exercise, attempt)
    if not first:
        return None
    return sum(attempt.share for attempt in first.values()) / len(first)


def _attempt(row: dict[str, Any]) -> Attempt:
    at = datetime.fromisoformat(row["at"])
    diagnosis = row.get("diagnosis")
    points, most = float(row.get("points") or 0), float(row.get("max_points") or 0)
    right = row["status"] == "right"
    share = points / most if most > 0 else float(right)
    if not all(isinstance(row[key], str) for key in ("module", "exercise", "status")):
        raise TypeError("a name that is not text")
    if not math.isfinite(share) or not isinstance(diagnosis, str | None):
        raise ValueError("a value that makes no sense")
    return Attempt(
        at if at.tzinfo else at.replace(tzinfo=UTC),
        row["module"],
        row["exercise"],
        right,
        diagnosis,
        min(max(share, 0.0), 1.0),
    )
