"""Run an exercise's known answers once on the cases of each seed, for all proofs to read.

On the first seed, the learner's own, they run in this process, as in a learner's check; on the
others in another process, as in grading. On the first seed the other process runs them too, for
comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.proof.exercises.isolated_learner import AnswerLabel, answers_to, observe_apart
from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.model import Exercise, KnownMistake, Question
from lepton_course.exercises.probes import Observation, Raised
from lepton_course.exercises.values import same

Observations = Mapping[AnswerLabel, tuple[Observation, ...]]


@dataclass(frozen=True)
class AnswerRuns:
    """The question of one seed, and the observations of each known answer on its cases.

    apart: the observations from another process, where both ran them.
    """

    question: Question
    seen: Observations
    apart: Observations | None = None


def run_answers(
    exercise: Exercise, seeds: Sequence[str], folder: Path | None = None
) -> list[AnswerRuns]:
    """Run the known answers on the cases of each seed; return one result per seed.

    folder: of the module that declares the exercise; without it no other process is used.

    Raises ValueError if the reference fails on one of its own cases.
    """
    if folder is None:
        return [_run_here(exercise, seed) for seed in seeds]
    first = _run_here(exercise, seeds[0])
    unmistaken = replace(exercise, misconceptions=())
    others = [compile_exercise(unmistaken, seed) for seed in seeds[1:]]
    labels = list(answers_to(exercise))
    apart, *rest = [
        {label: by_words[str(label)] for label in labels}
        for by_words in observe_apart(folder, [first.question, *others])
    ]
    return [
        replace(first, apart=apart),
        *(
            AnswerRuns(_with_mistakes(exercise, question, seen), seen)
            for question, seen in zip(others, rest, strict=True)
        ),
    ]


def _run_here(exercise: Exercise, seed: str) -> AnswerRuns:
    """Run the answers in this process; compiling the question already runs the mistakes."""
    question = compile_exercise(exercise, seed)
    mistaken = {_label(m.name): m.observations for m in question.mistakes}
    seen = {
        label: mistaken.get(label) or observe_all(exercise, answer, question.cases)
        for label, answer in answers_to(exercise).items()
    }
    return AnswerRuns(question, seen)


def _with_mistakes(exercise: Exercise, question: Question, seen: Observations) -> Question:
    """Return the question as `compile_exercise` makes it, with mistakes that were run elsewhere."""
    return replace(
        question,
        mistakes=tuple(
            KnownMistake(m.name, m.sentence, m.read, _kinds_only(seen[_label(m.name)]))
            for m in exercise.misconceptions
        ),
    )


def _kinds_only(observations: Sequence[Observation]) -> tuple[Observation, ...]:
    """Reduce exceptions in observations to their kind, as in a compiled question."""
    return tuple(
        replace(observed, raised=observed.raised and Raised(observed.raised.kind))
        for observed in observations
    )


def _label(mistake: str) -> AnswerLabel:
    return AnswerLabel("misconception", mistake)


def same_answer(one: Sequence[Observation], other: Sequence[Observation]) -> bool:
    """Return whether two series of observations are the same, bit for bit."""
    pairs = zip(one, other, strict=True)
    return all(a.raised == b.raised and same(a.seen, b.seen) for a, b in pairs)
