"""Specialised mutants: right answers to a narrower exercise than the one stated.

Each is the reference, called with an argument forced to fit an assumption: padding is always 1,
images are square, numbers are whole. Some case must kill it. If none does, the cases hold something
constant, and wrong answers that rely on it get full marks.
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
class UnrefutedAssumption:
    """An assumption that no case refutes, so an answer that relies on it gets full marks.

    seed: position of a question that does not refute it. varied: whether some case lies outside of
    the assumption without a different result.
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
    """Return the assumptions about an exercise's arguments that its cases must refute."""
    if not callable(exercise.reference):
        return []
    rows = [arguments_of(exercise, case) for question in questions for case in question.cases]
    return assumptions_about(
        rows,
        defaults_of(exercise),
        ReferenceTrials(exercise, questions[0]),
        # Many contents reach the same accuracy, so an exercise judged by it need not vary them.
        contents=not isinstance(exercise.compare, Accuracy),
    )


def unrefuted_assumptions(
    exercise: Exercise, assumptions: Sequence[Assumption], questions: Sequence[Question]
) -> list[UnrefutedAssumption]:
    """Return the assumptions with which an answer gets full marks on at least one of the questions.

    For an argument that never changes, assumptions that follow from that are left out.
    """
    if not assumptions:
        return []
    first = dict.fromkeys((assumption.name for assumption in assumptions), 0)
    found: dict[str, UnrefutedAssumption] = {}
    for seed, question in enumerate(questions):
        rows = [arguments_of(exercise, case) for case in question.cases]
        for assumption in assumptions:
            name = assumption.name
            if name in found:
                continue
            index, varied = _noticed(exercise, assumption.fit(rows), question, rows, first[name])
            if index is not None:
                first[name] = index  # the next seed's same case probably refutes it, too
            elif not varied or assumption.must_matter:
                found[name] = UnrefutedAssumption(assumption, seed, varied)
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
    """Return the case that refutes it, if any, and whether another changed without a difference.

    The reference runs only on changed cases; on the others its answer is the right one.
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
