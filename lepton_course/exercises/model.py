"""Define an exercise: data and plain functions, declared once in its module's `exercises`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lepton_course.exercises.case import Case
from lepton_course.exercises.compare import Comparison
from lepton_course.exercises.probes import Observation, Probe


@dataclass(frozen=True)
class Misconception:
    """A wrong implementation that learners really write.

    sentence: what the learner did, why it is wrong and what to do, in one sentence.
    read: where to read on, as `lesson.ipynb#Heading`; "" for the exercise's own place.
    """

    name: str
    implementation: Callable[..., Any]
    sentence: str
    read: str = ""


PUBLIC_SHARE = 0.15


@dataclass(frozen=True)
class HeldOut:
    """Labelled rows that stay with the judge, divided between learners' checks and graders.

    A check ships with its rows and their labels, so no row of a check may be asked by a grader. A
    case generator gets the rows of one side only.

    load: returns all rows: an object with `labels` (N,), which an index array divides (a `Split`).
    shipped: returns rows of the same kind that learners get, training rows first.
    share: of each label's rows, the fraction in the learner's check.
    in_order: rows of one label that stand side by side resemble each other, as recordings of one
        day do. The first ones are then the check's; otherwise they are drawn at random.
    seed: of that draw; another one where the rows of the check are not typical.
    """

    load: Callable[[], Any]
    shipped: Callable[[], Sequence[Any]]
    share: float = PUBLIC_SHARE
    in_order: bool = False
    seed: int = 0

    def rows(self, public: bool) -> Any:
        """Return the rows of the learner's check, or those of all graders."""
        rows = self.load()
        is_public = public_rows(np.asarray(rows.labels), self.share, self.in_order, self.seed)
        return rows[np.flatnonzero(is_public == public)]


def public_rows(
    labels: np.ndarray, share: float, in_order: bool = False, seed: int = 0
) -> np.ndarray:
    """Return a mask (N,) of the rows of learners' checks: of each label that share, at least one.

    The same arguments always give the same mask.
    """
    rng = np.random.default_rng(seed)
    mask = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        order = places if in_order else rng.permutation(places)
        mask[order[: max(1, round(share * len(places)))]] = True
    return mask


@dataclass(frozen=True)
class Exercise:
    """An exercise, as the check cell, the grader, the diagnosis and the certificate use it.

    name: what the learner defines in the notebook; also the grade cell's id.
    points: 0 for an ungraded "Try it" in a lesson.
    difficulty: 1 (guided) to 5 (open). minutes: for a first-time learner.
    reference, alternatives: right answers.
    cases: draws one round of cases from a random generator; where `held_out` is given, from the
        generator and the rows that these cases may use.
    hints: three stages: a nudge, the method, the answer.
    returns: names of the values that an answer returns, when it returns several.
    held_out: the judge's rows, where cases ask about data.
    """

    name: str
    title: str
    points: float
    difficulty: int
    minutes: int
    reference: Any
    cases: Callable[..., list[Case]]
    probe: Probe
    compare: Comparison
    misconceptions: Sequence[Misconception] = ()
    alternatives: Sequence[Any] = ()
    hints: Sequence[str] = ()
    read: str = ""
    returns: tuple[str, ...] = ()
    held_out: HeldOut | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"exercise name {self.name!r} must be a Python identifier")
        names = [misconception.name for misconception in self.misconceptions]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled:
            raise ValueError(
                f"exercise {self.name}: two misconceptions share the name {doubled!r}; rename one"
            )


class Declaration:
    """Base of declarations that become an exercise once their file has been read."""

    def build(self) -> Exercise:
        """Return the exercise as data. Raises ValueError when a part of it is missing."""
        raise NotImplementedError


@dataclass(frozen=True)
class KnownMistake:
    """A misconception as data: its sentence, and its observation of each case."""

    name: str
    sentence: str
    read: str
    observations: tuple[Observation, ...]


@dataclass(frozen=True)
class Question:
    """A compiled exercise: cases with expected observations; no code.

    arguments: names of the answer's positional arguments, for messages.
    returns: names of the values that the answer returns, when it returns several.
    solution: code of an ungraded exercise that learners may see; "" for graded ones.
    kept: what follows from the question alone and was needed before; `diagnosis` fills it.
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
    solution: str = ""
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def parts(self) -> tuple[str, ...]:
        """Parts of the exercise in the order of their first cases."""
        return tuple(dict.fromkeys(case.part for case in self.cases))
