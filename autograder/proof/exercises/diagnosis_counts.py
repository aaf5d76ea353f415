"""Measure how wrong answers are diagnosed: rightly, wrongly, or not at all.

The wrong answers are an exercise's known mistakes, pairs of them in one answer, and mutants of the
reference.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lepton_course.exercises.case_differences import case_differences
from lepton_course.exercises.diagnosis import diagnose, mistakes_alike
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Observation

PAIRS = 60
"""Maximum number of pairs of mistakes of each kind that are tried for an exercise."""


@dataclass(frozen=True)
class DiagnosisCounts:
    """Numbers of wrong answers by their diagnosis.

    rightly: the sentence of a mistake that is in the answer, or that is indistinguishable from it
    on every case. wrongly: any other sentence stated as a fact, of all cases or of some. silent: no
    diagnosis, or only a weak resemblance to another mistake.
    """

    rightly: int = 0
    wrongly: int = 0
    silent: int = 0

    def __add__(self, other: DiagnosisCounts) -> DiagnosisCounts:
        return DiagnosisCounts(
            self.rightly + other.rightly, self.wrongly + other.wrongly, self.silent + other.silent
        )

    def __str__(self) -> str:
        return f"{self.rightly}/{self.wrongly}/{self.silent}"


@dataclass(frozen=True)
class WrongAnswer:
    """A wrong answer's observations on each case, and the known mistakes in it."""

    observations: tuple[Observation, ...]
    mistakes: frozenset[str] = frozenset()


def count_diagnoses(question: Question, answers: Iterable[WrongAnswer]) -> DiagnosisCounts:
    """Diagnose each answer, and count the diagnoses."""
    return sum((_diagnosis_counts(question, answer) for answer in answers), DiagnosisCounts())


def known_wrong_answers(question: Question) -> Iterator[WrongAnswer]:
    """Yield the question's mistakes, each alone and in pairs."""
    for mistake in question.mistakes:
        yield WrongAnswer(mistake.observations, frozenset([mistake.name]))
    wrong = {
        mistake.name: [
            bool(case_differences(question, index, observed))
            for index, observed in enumerate(mistake.observations)
        ]
        for mistake in question.mistakes
    }
    pairs = list(itertools.permutations(question.mistakes, 2))
    for one, other in pairs[:: -(-len(pairs) // PAIRS) or 1]:
        both = frozenset([one.name, other.name])
        mixed = [
            index
            for index, (a, b) in enumerate(zip(wrong[one.name], wrong[other.name], strict=True))
            if b and not a
        ]
        if mixed:  # each is visible where the other is not
            yield WrongAnswer(_taken_from(one.observations, other.observations, mixed), both)
        summed = _both_deviations(one.observations, other.observations, question.expected)
        if summed:
            yield WrongAnswer(summed, both)


def _diagnosis_counts(question: Question, answer: WrongAnswer) -> DiagnosisCounts:
    found = diagnose(question, answer.observations)
    made = {m.sentence for m in question.mistakes if m.name in answer.mistakes}
    facts = {d.mistake.sentence for d in found if d.evidence != "weak"}
    if not facts:  # a weak resemblance is worded as such, so it cannot mislead
        helps = any(d.mistake.sentence in made for d in found)
        return DiagnosisCounts(rightly=1) if helps else DiagnosisCounts(silent=1)
    same = {mistake.sentence for mistake in mistakes_alike(question, answer.observations)}
    return DiagnosisCounts(rightly=1) if facts <= made | same else DiagnosisCounts(wrongly=1)


def _taken_from(
    one: Sequence[Observation], other: Sequence[Observation], places: Sequence[int]
) -> tuple[Observation, ...]:
    return tuple(b if i in places else a for i, (a, b) in enumerate(zip(one, other, strict=True)))


def _both_deviations(
    one: Sequence[Observation], other: Sequence[Observation], right: Sequence[Observation]
) -> tuple[Observation, ...] | None:
    """Return an answer that deviates as both do, where results are arrays of equal shape.

    None unless there is such a case, with two deviations.
    """
    both: list[Observation] = []
    found = False
    for a, b, r in zip(one, other, right, strict=True):
        values = [observation.seen.get("result") for observation in (a, b, r)]
        if _are_alike_arrays(values):
            x, y, z = values
            both.append(replace(a, seen={**a.seen, "result": x + y - z}))
            found |= not np.array_equal(x, z) and not np.array_equal(y, z)
        else:
            both.append(a)
    return tuple(both) if found else None


def _are_alike_arrays(values: Sequence[Any]) -> bool:
    return all(isinstance(value, np.ndarray) and value.dtype.kind == "f" for value in values) and (
        len({value.shape for value in values}) == 1
    )
