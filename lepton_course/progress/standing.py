"""Derive from recorded progress what is solved, how long it took, and what to repeat when.

Pure functions on a `ProgressHistory`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lepton_course.progress.database import load_history
from lepton_course.progress.schema import Answer, Attempt, ProgressHistory

BREAK = timedelta(minutes=20)
"""A longer gap between two records is a break and does not count as time spent."""

INTERVALS = (timedelta(days=1), timedelta(days=7))
"""An exercise that was missed comes back a day after it was solved, and a week after that."""


@dataclass(frozen=True)
class Attempts:
    """A summary of the attempts at one exercise.

    diagnosis: of the latest attempt. due: when to repeat it; None when there is no need.
    """

    tries: int
    solved: bool
    diagnosis: str | None
    last: datetime
    due: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """Progress in one module: exercises answered right, out of all that it asks."""

    done: int
    total: int
    tries: int = 0
    spent: timedelta = timedelta()
    quiz: tuple[int, int] = (0, 0)
    """(quiz questions right at the first answer, quiz questions answered)."""

    @property
    def complete(self) -> bool:
        """Whether every exercise of the module has been answered right at least once."""
        return 0 < self.total <= self.done


def attempts_in(history: ProgressHistory) -> dict[tuple[str, str], Attempts]:
    """Summarise the attempts at each exercise that was tried, by (module, exercise).

    Checks of untouched cells, as "Run All" makes them, are no attempts.
    """
    by_exercise: dict[tuple[str, str], list[Attempt]] = {}
    for attempt in filter(lambda attempt: attempt.answered, history.attempts):
        by_exercise.setdefault((attempt.module, attempt.exercise), []).append(attempt)
    return {
        key: Attempts(
            tries=len(tried),
            solved=any(attempt.status == "right" for attempt in tried),
            diagnosis=tried[-1].diagnosis,
            last=tried[-1].at,
            due=due(tried),
        )
        for key, tried in by_exercise.items()
    }


def attempts(workspace: Path) -> dict[tuple[str, str], Attempts]:
    """Summarise the attempts in a workspace's history; see `attempts_in`."""
    return attempts_in(load_history(workspace))


def due(tried: Sequence[Attempt]) -> datetime | None:
    """Return when an exercise should be repeated, or None; `tried`: its attempts in order of time.

    An exercise that was right at the first attempt does not come back. A missed one comes back a
    day after it was solved, and a week after that; missed again, it starts over. If it is not yet
    solved, it comes back a day after the last attempt.
    """
    step: int | None = None  # None: never missed
    since: datetime | None = None
    for attempt in tried:
        if attempt.status == "right":
            if step is None or since is None:
                continue
            if step < 0:
                step, since = 0, attempt.at
            elif step < len(INTERVALS) and attempt.at >= since + INTERVALS[step]:
                step, since = step + 1, attempt.at
        elif attempt.status != "blank":
            step, since = -1, attempt.at
    if step is None or since is None or step >= len(INTERVALS):
        return None
    return since + INTERVALS[max(step, 0)]


def to_repeat(
    known: Mapping[tuple[str, str], Attempts], now: datetime
) -> list[tuple[tuple[str, str], Attempts]]:
    """Return the exercises that are due, the longest overdue first."""
    found = [(key, state) for key, state in known.items() if state.due and state.due <= now]
    return sorted(found, key=lambda item: item[1].due or now)


def time_spent(history: ProgressHistory) -> dict[str, timedelta]:
    """Estimate the time spent on each module: from record to record, without breaks."""
    records = history.records()
    spent: dict[str, timedelta] = {}
    for before, after in zip(records, records[1:], strict=False):
        gap = after.at - before.at
        spent[after.module] = spent.get(after.module, timedelta()) + (
            gap if gap <= BREAK else timedelta()
        )
    return spent


def quiz_scores(answers: Iterable[Answer]) -> dict[str, tuple[int, int]]:
    """Return (questions right at the first answer, questions answered) by module."""
    first: dict[tuple[str, str], bool] = {}
    for answer in answers:
        first.setdefault((answer.module, answer.question), answer.is_right)
    scores: dict[str, tuple[int, int]] = {}
    for (module, _), is_right in first.items():
        right, total = scores.get(module, (0, 0))
        scores[module] = (right + is_right, total + 1)
    return scores


def standing_in(
    history: ProgressHistory, exercises: Mapping[str, list[str]]
) -> dict[str, Standing]:
    """Return the progress in each module. `exercises`: the names that each module asks for."""
    known = attempts_in(history)
    spent, quizzes = time_spent(history), quiz_scores(history.answers)
    return {
        module: Standing(
            done=sum(known[module, n].solved for n in names if (module, n) in known),
            total=len(names),
            tries=sum(known[module, n].tries for n in names if (module, n) in known),
            spent=spent.get(module, timedelta()),
            quiz=quizzes.get(module, (0, 0)),
        )
        for module, names in exercises.items()
    }


def standing(workspace: Path, exercises: Mapping[str, list[str]]) -> dict[str, Standing]:
    """Return the progress in each module of a workspace; see `standing_in`."""
    return standing_in(load_history(workspace), exercises)
