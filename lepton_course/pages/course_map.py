"""Map the course for one learner: each module's state, the time left, and where to continue.

Pure functions; `start_notebook`, `progress_notebook` and `lepton progress` show what they return.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from lepton_course.progress.database import load_history
from lepton_course.progress.schema import ProgressHistory
from lepton_course.progress.standing import Standing, attempts_in, standing_in, to_repeat
from lepton_course.survey.asked import USEFUL, is_on, valid_answers
from lepton_course.survey.placement import Suggestion, placement_lengths, suggest
from lepton_course.syllabus import (
    PACKAGED,
    Listed,
    Module,
    is_ready,
    listed_exercises,
    load_syllabus,
    quiz_length,
)

State = Literal["planned", "open", "begun", "done"]

HEADINGS = ("Module", "Graded", "Small", "Quiz", "Attempts", "Time", "Left")
"""What is told of a module, in the same words in pages, commands and docs; see `Stop.cells`."""

LEGEND = (
    "Graded exercises are those of the assignment; small ones, with predictions, those of the "
    "lesson. Of the quiz, questions count that were right at the first answer. An attempt is a "
    "check of an answer: running an untouched cell is none."
)


@dataclass(frozen=True)
class Stop:
    """One module on the map.

    graded, small, quiz: (solved, asked) of the assignment's exercises, of the lesson's, and of the
        quiz, of which questions count that were right at the first answer.
    last: the exercise tried last, if any. touched: the time of the latest record, if any.
    may_skip: all of its placement questions were answered right. is_reviewed: the learner has said
        what they think of it.
    """

    module: Module
    exercises: tuple[Listed, ...]
    standing: Standing
    is_ready: bool
    graded: tuple[int, int] = (0, 0)
    small: tuple[int, int] = (0, 0)
    quiz: tuple[int, int] = (0, 0)
    last: Listed | None = None
    touched: datetime | None = None
    may_skip: bool = False
    is_reviewed: bool = False

    @property
    def state(self) -> State:
        """Whether the module is planned, open, begun or done."""
        if not self.is_ready:
            return "planned"
        if self.standing.complete:
            return "done"
        return "begun" if self.touched else "open"

    @property
    def shares(self) -> tuple[float, float]:
        """Fractions solved of the lesson's and of the assignment's exercises, 0 to 1."""
        lesson, assignment = (
            done / asked if asked else 0.0 for done, asked in (self.small, self.graded)
        )
        return lesson, assignment

    def cells(self) -> tuple[str, ...]:
        """Return what is told of the module, one text for each of `HEADINGS`."""
        return (
            self.module.title,
            *(f"{done} of {asked}" if asked else "" for done, asked in self.counts().values()),
            str(self.standing.tries),
            duration_in_words(self.standing.spent),
            duration_in_words(self.minutes_left),
        )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return what was solved, out of what is asked, by kind."""
        return {"graded": self.graded, "small": self.small, "quiz": self.quiz}

    @property
    def minutes_left(self) -> int:
        """Minutes left of a first reading, by the fraction of exercises solved."""
        left = sum(
            minutes * (1 - share)
            for minutes, share in zip(self.module.minutes, self.shares, strict=True)
        )
        return round(left) if self.state != "done" else 0

    @property
    def notebook(self) -> str:
        """Where to continue in this module: the lesson, or the assignment once that is solved."""
        lesson, assignment = self.module.notebooks()
        return assignment if self.shares[0] == 1 else lesson


@dataclass(frozen=True)
class Due:
    """An exercise that was missed once and should be repeated now."""

    module: Module
    exercise: Listed
    since: datetime
    is_solved: bool

    @property
    def notebook(self) -> str:
        """The notebook that contains the exercise."""
        lesson, assignment = self.module.notebooks()
        if self.exercise.is_optional:
            return self.module.deeper or lesson
        return assignment if self.exercise.points else lesson


@dataclass(frozen=True)
class CourseMap:
    """All modules in the order of the syllabus, and the exercises due for repetition.

    suggestion: what the answers to the survey before the course suggest; None without answers.
    """

    stops: tuple[Stop, ...]
    due: tuple[Due, ...]
    suggestion: Suggestion | None = None

    @property
    def next(self) -> Stop | None:
        """The open module last worked on, else the first one that is to be done."""
        begun = [stop for stop in self.stops if stop.state == "begun" and stop.touched]
        if begun:
            return max(begun, key=lambda stop: stop.touched or datetime.min)
        opened = [stop for stop in self.stops if stop.state == "open"]
        return next((stop for stop in opened if not stop.may_skip), next(iter(opened), None))

    @property
    def minutes_left(self) -> int:
        """Minutes left over all modules that exist, without those that may be skipped."""
        left = (stop for stop in self.stops if stop.is_ready)
        return sum(stop.minutes_left for stop in left if stop.touched or not stop.may_skip)


def load_map(folder: Path, curriculum: Path = PACKAGED, now: datetime | None = None) -> CourseMap:
    """Return the map for the workspace `folder`. Raises SyllabusError without a curriculum."""
    modules = load_syllabus(curriculum)
    listed = {module.id: listed_exercises(module, curriculum) for module in modules}
    ready = {module.id for module in modules if is_ready(module, curriculum)}
    now = now or datetime.now().astimezone()
    questions = {module.id: quiz_length(module, curriculum) for module in modules}
    placement = placement_lengths(modules, curriculum) if is_on() else {}
    return build_map(modules, listed, ready, load_history(folder), now, questions, placement)


def build_map(
    modules: Sequence[Module],
    listed: dict[str, list[Listed]],
    ready: set[str],
    history: ProgressHistory,
    now: datetime,
    questions: Mapping[str, int] | None = None,
    placement: Mapping[str, int] | None = None,
) -> CourseMap:
    """Build the map from data.

    listed: each module's exercises. ready: ids of existing modules. questions, placement: how many
    each module's quiz has, and how many are asked before the course.
    """
    questions = questions or {}
    suggested = suggest(history.survey, placement or {})
    answers = valid_answers(history.survey)
    known = attempts_in(history)
    required = {m.id: [e.name for e in listed[m.id] if not e.is_optional] for m in modules}
    states = standing_in(history, required)
    solved = {key for key, attempts in known.items() if attempts.solved}
    touched = history.last_by_module()
    stops = tuple(
        Stop(
            module=module,
            exercises=tuple(listed[module.id]),
            standing=states[module.id],
            is_ready=module.id in ready,
            graded=_solved(module, listed[module.id], solved, graded=True),
            small=_solved(module, listed[module.id], solved, graded=False),
            quiz=_at_most(states[module.id].quiz[0], questions.get(module.id, 0)),
            last=_last_tried(module, listed[module.id], history),
            touched=touched.get(module.id),
            may_skip=suggested is not None and module.id in suggested.skip,
            is_reviewed=(module.id, USEFUL.name) in answers,
        )
        for module in modules
    )
    # A prediction is made once; being wrong is part of its purpose.
    again = ((m, e) for m in modules for e in listed[m.id] if not e.is_prediction)
    by_name = {(m.id, e.name): (m, e) for m, e in again}
    due = tuple(
        Due(*by_name[key], since=state.due or now, is_solved=state.solved)
        for key, state in to_repeat(known, now)
        if key in by_name and key[0] in ready
    )
    return CourseMap(stops, due, suggested)


def _solved(
    module: Module, listed: Sequence[Listed], solved: set[tuple[str, str]], graded: bool
) -> tuple[int, int]:
    """Return (solved, asked) of the exercises with points (assignment) or without (lesson)."""
    names = [e.name for e in listed if bool(e.points) == graded and not e.is_optional]
    return sum((module.id, name) in solved for name in names), len(names)


def _at_most(done: int, asked: int) -> tuple[int, int]:
    """Return (done, asked); a question that the quiz no longer asks does not count."""
    return min(done, asked), asked


def _last_tried(
    module: Module, listed: Sequence[Listed], history: ProgressHistory
) -> Listed | None:
    by_name = {exercise.name: exercise for exercise in listed}
    tried = [a.exercise for a in history.attempts if a.module == module.id and a.answered]
    return next((by_name[name] for name in reversed(tried) if name in by_name), None)


def duration_in_words(spent: timedelta | int) -> str:
    """Format a duration, or minutes: "25 min", "3 h 5 min".

    >>> duration_in_words(125)
    '2 h 5 min'
    """
    minutes = round(spent.total_seconds() / 60) if isinstance(spent, timedelta) else spent
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
