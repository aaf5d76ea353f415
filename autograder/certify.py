"""The certificate of an exercise: right answers pass, wrong ones fail and are told apart.

A module's certificate is what lets learners trust a check and instructors trust a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lepton_course.exercises.compiled import (
    compile_exercise,
    observe_all,
    question_from_tree,
    question_to_tree,
)
from lepton_course.exercises.judge import Question, Verdict, judge
from lepton_course.exercises.model import Exercise
from lepton_course.exercises.values import dumps, loads

MAX_QUESTION_BYTES = 256 * 2**20


def blank(*_args: Any, **_kwargs: Any) -> Any:
    """What an untouched stub does."""
    raise NotImplementedError


@dataclass(frozen=True)
class Certificate:
    """What was proven of an exercise; `problems` is empty when it passed."""

    name: str
    seeds: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems


def certify(exercise: Exercise, seeds: Sequence[str], rounds: int = 1) -> Certificate:
    """Proves an exercise over several seeds, in the direct and in the compiled form."""
    problems = []
    for seed in seeds:
        direct = compile_exercise(exercise, seed, rounds)
        stored = question_from_tree(loads(dumps(question_to_tree(direct)), MAX_QUESTION_BYTES))
        for question in (direct, stored):
            problems += [f"seed {seed}: {p}" for p in _problems(exercise, question)]
    return Certificate(exercise.name, tuple(seeds), tuple(dict.fromkeys(problems)))


def _problems(exercise: Exercise, question: Question) -> list[str]:
    problems = []
    rights = {"the reference": exercise.reference}
    rights |= {f"alternative {_name(a)}": a for a in exercise.alternatives}
    for name, answer in rights.items():
        verdict = verdict_on(exercise, question, answer)
        if not verdict.passed or verdict.points != exercise.points:
            failed = next(part for part in verdict.parts if not part.passed)
            problems.append(f"{name} fails part {failed.part!r}: {failed.problem}")
    verdict = verdict_on(exercise, question, ... if exercise.probe.kind == "value" else blank)
    if verdict.status != "blank" or verdict.points:
        problems.append(f"a blank answer is {verdict.status} with {verdict.points} points")
    for misconception in exercise.misconceptions:
        verdict = verdict_on(exercise, question, misconception.implementation)
        found = verdict.diagnosis.name if verdict.diagnosis else None
        if verdict.passed:
            problems.append(f"misconception {misconception.name!r} passes")
        elif found != misconception.name:
            problems.append(f"misconception {misconception.name!r} is diagnosed as {found!r}")
    return problems


def verdict_on(exercise: Exercise, question: Question, answer: Any) -> Verdict:
    """The judge's verdict on an answer, observed in this process."""
    return judge(question, observe_all(exercise, answer, question.cases))


def _name(answer: Any) -> str:
    return getattr(answer, "__name__", repr(answer))
