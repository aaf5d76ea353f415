"""Specialised mutants: the right answer to a narrower exercise than the one that is asked.

Each is the reference, called with an argument that was forced into what an answer may take for
granted: padding is always 1, images are square, numbers are whole. Some case must notice. Where
none does, the cases hold something still, and wrong answers get full marks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.proof.mutants.argument_assumptions import assumptions_about
from autograder.proof.mutants.assumption import ONE_VALUE, Assumption
from autograder.proof.mutants.case_arguments import (
    Arguments,
    Change,
    arguments_of,
    defaults_of,
    unchanged,
    with_arguments,
)
from autograder.proof.mutants.reference_trials import ReferenceTrials
from lepton_course.exercises.case_differences import case_differences
from lepton_course.exercises.compare import Accuracy
from lepton_course.exercises.model import Exercise, Question


@dataclass(frozen=True)
class HeldStill:
    """An assumption that no case refutes: an answer that rests on it gets full marks.

    seed: position of a question that does not notice. varied: a case lies outside of the
    assumption, but its result does not show it.
    """

    assumption: Assumption
    seed: int
    varied: bool

    def __str__(self) -> str:
        said, remedy = self.assumption.said, self.assumption.remedy
        if self.varied:
            return f"to assume that {said} makes no difference: {remedy}, where it matters"
        return f"{said}: {remedy}"


def specialised_mutants(exercise: Exercise, questions: Sequence[Question]) -> list[Assumption]:
    """The assumptions about an exercise's arguments that its cases must refute."""
    if not callable(exercise.reference):
        return []
    rows = [arguments_of(exercise, case) for question in questions for case in question.cases]
    return assumptions_about(
        rows,
        defaults_of(exercise),
        ReferenceTrials(exercise, questions[0]),
        # Where a share of right labels is asked for, many contents lead to it.
        contents=not isinstance(exercise.compare, Accuracy),
    )


def held_still(
    exercise: Exercise, assumptions: Sequence[Assumption], questions: Sequence[Question]
) -> list[HeldStill]:
    """The assumptions with which an answer gets full marks on at least one of the questions.

    Of an argument that never changes only this is said: that it has no three values follows.
    """
    if not assumptions:
        return []
    first = dict.fromkeys((assumption.name for assumption in assumptions), 0)
    found: dict[str, HeldStill] = {}
    for seed, question in enumerate(questions):
        rows = [arguments_of(exercise, case) for case in question.cases]
        for assumption in assumptions:
            name = assumption.name
            if name in found:
                continue
            index, varied = _noticed(exercise, assumption.fit(rows), question, rows, first[name])
            if index is not None:
                first[name] = index  # the same case of the next seed probably notices, too
            elif not varied or assumption.must_matter:
                found[name] = HeldStill(assumption, seed, varied)
    still = {
        mutant.assumption.argument
        for mutant in found.values()
        if mutant.assumption.kind == ONE_VALUE
    }
    return [
        found[assumption.name]
        for assumption in assumptions
        if assumption.name in found
        and (assumption.argument not in still or assumption.kind == ONE_VALUE)
    ]


def _noticed(
    exercise: Exercise, change: Change, question: Question, rows: Sequence[Arguments], first: int
) -> tuple[int | None, bool]:
    """The case that notices, if any, and whether another one was changed without a difference.

    The reference runs only on cases that are changed; on others its answer is the right one.
    """
    varied = False
    for index in sorted(range(len(rows)), key=lambda index: index != first):
        changed = change(rows[index])
        if unchanged(rows[index], changed):
            continue
        case = with_arguments(exercise, question.cases[index], changed)
        observed = exercise.probe.observe(exercise.reference, case)
        if case_differences(question, index, observed):
            return index, varied
        varied = True
    return None, varied
