"""Try all mutants of an exercise's reference: each is killed by some case, or argued for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.proof.exercises.diagnosis_counts import WrongAnswer
from autograder.proof.mutants.code_mutants import mutants_of, try_mutant
from autograder.proof.mutants.equivalent_mutants import (
    EQUIVALENT_MUTANTS,
    is_argued,
    stale_reasons,
)
from autograder.proof.mutants.specialised_mutants import specialised_mutants, unrefuted_assumptions
from lepton_course.exercises.compare import Accuracy
from lepton_course.exercises.model import Exercise, Question

BANDED_SEEDS = 2
"""Number of seeds for mutants of an exercise that is judged by accuracy."""


@dataclass(frozen=True)
class MutantCount:
    """Numbers of mutants: all, killed, and argued for in `mutants.yml`."""

    total: int = 0
    killed: int = 0
    argued: int = 0


@dataclass(frozen=True)
class MutantResults:
    """The results of all mutants. wrong_answers: observations of those that ran to the end."""

    mutants: MutantCount
    specialised: MutantCount
    wrong_answers: tuple[WrongAnswer, ...]
    problems: tuple[str, ...]


def try_mutants(
    exercise: Exercise,
    questions: Sequence[Question],
    reasons: Mapping[str, str],
    check_seconds: float,
    observe: bool,
) -> MutantResults:
    """Run each mutant until a case kills it.

    reasons: why some may survive. check_seconds: processor time of a check, which bounds that of a
    mutant. observe: whether to run on, for `wrong_answers`.
    """
    mutants = mutants_of(exercise)
    # An answer judged by accuracy trains something, which is slow.
    banded = isinstance(exercise.compare, Accuracy)
    questions = questions[:BANDED_SEEDS] if banded else questions
    trials = {
        mutant.name: try_mutant(
            exercise,
            mutant,
            questions,
            observe=observe and not banded,
            seconds=0.5 + 10 * check_seconds,
        )
        for mutant in mutants
    }
    left = [mutant.name for mutant in mutants if trials[mutant.name].survived]
    problems = [
        f"no case notices the change {name}. Add a case that does, or say in "
        f"{EQUIVALENT_MUTANTS} why it makes no difference"
        for name in left
        if name not in reasons
    ]
    narrower = specialised_mutants(exercise, questions)
    still = {
        found.assumption.name: found
        for found in unrefuted_assumptions(exercise, narrower, questions)
    }
    problems += [
        f"{found}; or argue in {EQUIVALENT_MUTANTS}: {name!r}"
        for name, found in still.items()
        if not is_argued(name, reasons)
    ]
    problems += [
        f"{EQUIVALENT_MUTANTS} argues for a mutant that is not made or does not survive; "
        f"take it out: {entry}"
        for entry in stale_reasons(reasons, trials, still)
    ]
    if exercise.points and not mutants:
        problems.append("the reference is not a function of its file, so it cannot be mutated")
    return MutantResults(
        _count(len(mutants), left, [name in reasons for name in left]),
        _count(len(narrower), list(still), [is_argued(name, reasons) for name in still]),
        tuple(WrongAnswer(t.observations) for t in trials.values() if t.observations),
        tuple(problems),
    )


def _count(total: int, left: Sequence[str], argued: Sequence[bool]) -> MutantCount:
    return MutantCount(total, total - len(left), sum(argued))
