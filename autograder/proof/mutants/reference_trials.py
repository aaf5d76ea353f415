"""Trials of what a reference accepts besides its cases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograder.proof.mutants.case_arguments import (
    Arguments,
    Change,
    arguments_of,
    is_array,
    is_finite,
    leaves,
    unchanged,
    with_arguments,
)
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.probes import Observation


@dataclass(frozen=True)
class ReferenceTrials:
    """The reference of an exercise, to be called on changed cases of one question."""

    exercise: Exercise
    question: Question

    @cached_property
    def rows(self) -> list[Arguments]:
        """Return the arguments of the question's cases."""
        return [arguments_of(self.exercise, case) for case in self.question.cases]

    def works(self, change: Change) -> bool:
        """Return whether the reference answers some changed case, with finite numbers."""
        return any(
            observed is not None
            and observed.raised is None
            and all(map(is_finite, leaves(observed.seen)))
            for observed in (self._observe(index, change) for index in range(len(self.rows)))
        )

    def ignores_rank(self, change: Change) -> bool:
        """Return whether changed cases, with arrays of another rank, give the same numbers."""
        for index, right in enumerate(self.question.expected):
            observed = self._observe(index, change)
            if observed is None:
                continue
            same = observed.raised is None and _same_numbers(observed.seen, right.seen)
            if not same:
                return False
        return True

    def _observe(self, index: int, change: Change) -> Observation | None:
        """Observe the reference on a changed case; None if the change leaves the case as it is."""
        changed = change(self.rows[index])
        if unchanged(self.rows[index], changed):
            return None
        case = with_arguments(self.exercise, self.question.cases[index], changed)
        return self.exercise.probe.observe(self.exercise.reference, case)


def _same_numbers(seen: Any, expected: Any) -> bool:
    found = [np.ravel(leaf) for leaf in leaves(seen) if is_array(leaf) or isinstance(leaf, float)]
    right = [
        np.ravel(leaf) for leaf in leaves(expected) if is_array(leaf) or isinstance(leaf, float)
    ]
    return len(found) == len(right) and all(
        a.shape == b.shape and np.allclose(a, b, equal_nan=True)
        for a, b in zip(found, right, strict=True)
    )
