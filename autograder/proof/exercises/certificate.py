"""The certificate of an exercise: right answers pass, wrong ones fail and are told apart.

It is what lets learners trust a check and instructors trust a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from autograder.proof.exercises.isolated_learner import (
    AnswerLabel,
    answers_to,
    verdicts_through_the_judge,
)
from autograder.proof.exercises.mutants import EXCUSES, mutants_of, survives
from lepton_course.checks.panel import verdict_panel
from lepton_course.checks.sentences import differences_in_words
from lepton_course.exercises.compiled import (
    PUBLIC_SEED,
    compile_exercise,
    observe_all,
    question_from_tree,
    question_to_tree,
)
from lepton_course.exercises.diagnosis import mistakes_alike
from lepton_course.exercises.judge import Verdict, judge
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.values import dumps, loads

MAX_QUESTION_BYTES = 256 * 2**20
CHECK_SECONDS = 2.0
MISCONCEPTIONS = 4
HINTS = 3
TO_DO = "TODO"


@dataclass(frozen=True)
class Certificate:
    """What was proven of an exercise; `problems` is empty when it passed.

    accepted, caught, diagnosed: alternatives with full marks, misconceptions without, and those
    recognised as themselves alone, on every seed. seconds: the time of one check.
    """

    module: str
    name: str
    points: float
    seeds: int
    reference: bool = False
    blank: bool = False
    alternatives: int = 0
    accepted: int = 0
    misconceptions: int = 0
    caught: int = 0
    diagnosed: int = 0
    mutants: int = 0
    killed: int = 0
    excused: int = 0
    seconds: float = 0.0
    problems: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems


def seeds_for(count: int) -> list[str]:
    """The learner's own seed and `count - 1` others."""
    return [PUBLIC_SEED, *(f"certificate {number}" for number in range(1, count))]


def certify(
    exercise: Exercise,
    seeds: Sequence[str],
    *,
    module: str = "",
    folder: Path | None = None,
    excuses: Mapping[str, str] | None = None,
) -> Certificate:
    """Proves one exercise over several seeds.

    folder: of the module that declares it; with it, verdicts through the judge are compared
        with those of the learner's process. excuses: mutants that make no difference.
    """
    unfinished = completeness_problems(exercise)
    start = Certificate(module, exercise.name, exercise.points, len(seeds))
    try:
        questions = [compile_exercise(exercise, seed) for seed in seeds]
    except Exception as error:
        why = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else error
        return replace(start, problems=(*unfinished, f"it cannot be put together: {why}"))
    rows = [_prove(exercise, question) for question in questions]
    problems = [f"seed {s!r}: {p}" for s, row in zip(seeds, rows, strict=True) for p in row.wrong]
    if folder is not None:
        apart = verdicts_through_the_judge(folder, questions)
        problems += _differing(seeds, rows, apart)
    seconds = _check_seconds(exercise, questions[0])
    if seconds > CHECK_SECONDS:
        problems.append(
            f"a check takes {seconds:.1f} s; a learner waits {CHECK_SECONDS:g} s at most: "
            "smaller cases will do"
        )
    mutants, killed, excused, survivors = _try_mutants(exercise, questions, excuses or {})
    return replace(
        start,
        reference=all(row.reference for row in rows),
        blank=all(row.blank for row in rows),
        alternatives=len(exercise.alternatives),
        accepted=_in_all([row.accepted for row in rows]),
        misconceptions=len(exercise.misconceptions),
        caught=_in_all([row.caught for row in rows]),
        diagnosed=_in_all([row.diagnosed for row in rows]),
        mutants=mutants,
        killed=killed,
        excused=excused,
        seconds=seconds,
        problems=(*unfinished, *problems, *survivors),
    )


def completeness_problems(exercise: Exercise) -> list[str]:
    """What an exercise still lacks, as a list of things to do."""
    problems = []
    if exercise.points and len(exercise.misconceptions) < MISCONCEPTIONS:
        problems.append(
            f"{len(exercise.misconceptions)} misconceptions: a graded exercise names at least "
            f"{MISCONCEPTIONS} mistakes that learners really make"
        )
    if exercise.points and not exercise.alternatives:
        problems.append("no alternative: add another right way to solve it")
    if len(exercise.hints) != HINTS:
        problems.append(f"{len(exercise.hints)} hints: write a nudge, the method, the answer")
    for misconception in exercise.misconceptions:
        if not misconception.sentence.strip():
            problems.append(f"misconception {misconception.name!r} has no sentence for the learner")
    texts = [exercise.title, *exercise.hints, *(m.sentence for m in exercise.misconceptions)]
    problems += [f"still to be written: {text!r}" for text in texts if TO_DO in text]
    return problems


@dataclass(frozen=True)
class _Row:
    """What one seed showed."""

    verdicts: Mapping[AnswerLabel, Verdict]
    reference: bool
    blank: bool
    accepted: set[AnswerLabel]
    caught: set[AnswerLabel]
    diagnosed: set[AnswerLabel]
    wrong: tuple[str, ...]


def _prove(exercise: Exercise, question: Question) -> _Row:
    """The verdicts on all known answers, by the question itself and as it comes out of storage."""
    stored = question_from_tree(loads(dumps(question_to_tree(question)), MAX_QUESTION_BYTES))
    seen = {
        label: observe_all(exercise, answer, question.cases)
        for label, answer in answers_to(exercise).items()
    }
    verdicts = {label: judge(question, observations) for label, observations in seen.items()}
    wrong = [
        f"{label}: the compiled check gives another verdict"
        for label, observations in seen.items()
        if summary(judge(stored, observations)) != summary(verdicts[label])
    ]
    full = {
        label: verdict.passed and verdict.points == exercise.points
        for label, verdict in verdicts.items()
    }
    blanks = [
        f"{label} is {verdict.status} with {verdict.points:g} points"
        for label, verdict in verdicts.items()
        if label.role == "blank" and (verdict.status != "blank" or verdict.points)
    ]
    for label, verdict in verdicts.items():
        if label.role in ("reference", "alternative") and not full[label]:
            failed = next(part for part in verdict.parts if not part.passed)
            said = differences_in_words(question, failed.differences)
            wrong.append(f"{label} fails part {failed.part!r}: {said}")
    caught, diagnosed = set(), set()
    for label, verdict in verdicts.items():
        if label.role != "misconception":
            continue
        if verdict.passed or verdict.points == exercise.points > 0:
            wrong.append(f"{label} passes")
            continue
        caught.add(label)
        names = [mistake.name for mistake in mistakes_alike(question, seen[label])]
        if names == [label.name]:
            diagnosed.add(label)
        else:
            taken_for = " and ".join(map(repr, names)) or "nothing known"
            wrong.append(f"{label} is diagnosed as {taken_for}")
    return _Row(
        verdicts=verdicts,
        reference=all(full[label] for label in full if label.role == "reference"),
        blank=not blanks,
        accepted={label for label in full if label.role == "alternative" and full[label]},
        caught=caught,
        diagnosed=diagnosed,
        wrong=(*wrong, *blanks),
    )


def summary(verdict: Verdict) -> tuple[Any, ...]:
    """What two verdicts on one answer must agree in."""
    parts = tuple((part.part, part.passed) for part in verdict.parts)
    diagnoses = tuple((d.mistake.name, d.evidence, d.cases) for d in verdict.diagnoses)
    return verdict.status, verdict.points, parts, diagnoses


def _differing(
    seeds: Sequence[str], rows: Sequence[_Row], apart: Sequence[Mapping[str, Verdict]]
) -> list[str]:
    return [
        f"seed {seed!r}: {label}: through the judge the verdict is another one"
        for seed, row, others in zip(seeds, rows, apart, strict=True)
        for label, verdict in row.verdicts.items()
        if summary(verdict) != summary(others[str(label)])
    ]


def _check_seconds(exercise: Exercise, question: Question) -> float:
    """Seconds of one check in the learner's process; the best of three, as others run too."""
    times = []
    for _ in range(3):
        started = perf_counter()
        verdict_panel(
            question, judge(question, observe_all(exercise, exercise.reference, question.cases))
        )
        times.append(perf_counter() - started)
    return round(min(times), 3)


def _try_mutants(
    exercise: Exercise, questions: Sequence[Question], excuses: Mapping[str, str]
) -> tuple[int, int, int, list[str]]:
    """How many mutants there are, are noticed and are excused; and what is wrong about them."""
    mutants = mutants_of(exercise)
    left = [mutant.name for mutant in mutants if survives(exercise, mutant, questions)]
    problems = [
        f"no case notices the change {name}. Add a case that does, or say in {EXCUSES} why it "
        "makes no difference"
        for name in left
        if name not in excuses
    ]
    problems += [
        f"{EXCUSES} excuses a change that is no longer made; take it out: {name}"
        for name in excuses
        if name not in {mutant.name for mutant in mutants}
    ]
    if exercise.points and not mutants:
        problems.append("the reference is not a function of its file, so it cannot be mutated")
    excused = sum(name in excuses for name in left)
    return len(mutants), len(mutants) - len(left), excused, problems


def _in_all(sets: Sequence[set[AnswerLabel]]) -> int:
    return len(set.intersection(*sets)) if sets else 0
