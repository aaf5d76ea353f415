"""A question: a compiled exercise, all that is needed to judge an answer, without code."""

from __future__ import annotations

from dataclasses import dataclass

from lepton_course.exercises.compare import Comparison
from lepton_course.exercises.model import Case
from lepton_course.exercises.probes import Observation, Probe


@dataclass(frozen=True)
class KnownMistake:
    """A misconception as data: its sentence, and what it answers to each case."""

    name: str
    sentence: str
    read: str
    observations: tuple[Observation, ...]


@dataclass(frozen=True)
class Question:
    """A compiled exercise: cases with expected observations; no code.

    arguments: the names of the answer's positional arguments, for messages.
    returns: the names of the values that the answer returns, when it returns several.
    """

    name: str
    title: str
    points: float
    difficulty: int
    minutes: int
    hints: tuple[str, ...]
    read: str
    arguments: tuple[str, ...]
    probe: Probe
    compare: Comparison
    cases: tuple[Case, ...]
    expected: tuple[Observation, ...]
    mistakes: tuple[KnownMistake, ...]
    returns: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the exercise in the order of their first cases."""
        return tuple(dict.fromkeys(case.part for case in self.cases))
