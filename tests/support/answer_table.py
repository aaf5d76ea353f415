"""A table of answers to a module's exercises, and the parts that each loses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.judge import Verdict, judge
from lepton_course.exercises.model import Question

T = TypeVar("T")


class Parts(Set):
    """Parts that are looked up when a test needs them: to list tests, no exercise is compiled."""

    def __init__(self, find: Callable[[], set[str]]) -> None:
        self._find = find

    def __sub__(self, others: Set[str]) -> Parts:
        return Parts(lambda: self._find() - others)

    def __contains__(self, part: object) -> bool:
        return part in self._find()

    def __iter__(self) -> Iterator[str]:
        return iter(self._find())

    def __len__(self) -> int:
        return len(self._find())

    def __repr__(self) -> str:
        return repr(self._find())


class AnswerTable:
    """Answers to the exercises of one module, put in by decorators; `rows` parametrizes a test."""

    def __init__(self, module: Path) -> None:
        self.exercises = load_exercises(module)
        self.rows: list[Any] = []
        self.question = cache(self._question)

    def answer(self, exercise: str, *, loses: Set[str] = frozenset()) -> Callable[[T], T]:
        """Put a function into the table: an answer to an exercise, and the parts that it loses."""

        def listed(function: T) -> T:
            name = getattr(function, "__name__", "")
            self.rows.append(pytest.param(exercise, function, loses, id=name))
            return function

        return listed

    def prediction(self, exercise: str, value: Any, *, right: bool) -> None:
        """Put a prediction into the table."""
        lost = set() if right else {"your prediction"}
        self.rows.append(pytest.param(exercise, value, lost, id=f"{exercise}: {value!r}"))

    def _question(self, exercise: str) -> Question:
        return compile_exercise(self.exercises[exercise])

    def parts(self, exercise: str) -> Parts:
        """Return all parts of an exercise."""
        return Parts(lambda: set(self.question(exercise).parts))

    def verdict(self, exercise: str, given: Any) -> Verdict:
        asked = self.question(exercise)
        return judge(asked, observe_all(self.exercises[exercise], given, asked.cases))

    def lost(self, exercise: str, given: Any) -> set[str]:
        """Return the parts that an answer loses."""
        return {part.part for part in self.verdict(exercise, given).parts if not part.passed}
