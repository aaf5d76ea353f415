"""Certify an exercise: right answers pass, wrong ones fail and are diagnosed.

It is why learners can trust a check, and instructors a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any

from autograder.proof.exercises.answer_runs import AnswerRuns, run_answers, same_answer
from autograder.proof.exercises.diagnosis_counts import (
    DiagnosisCounts,
    count_diagnoses,
    known_wrong_answers,
)
from autograder.proof.exercises.held_out_rows import held_out_problems
from autograder.proof.exercises.isolated_learner import AnswerLabel
from autograder.proof.exercises.look_ups import LookUp, look_up, look_up_problems, worst
from autograder.proof.exercises.mutant_trials import MutantCount, try_mutants
from lepton_course.checks.messages import differences_in_words
from lepton_course.checks.panel import verdict_panel
from lepton_course.exercises.compare import Accuracy
from lepton_course.exercises.compiled import (
    PUBLIC_SEED,
    observe_all,
    question_from_tree,
    question_to_tree,
)
from lepton_course.exercises.diagnosis import mistakes_alike
from lepton_course.exercises.judge import Verdict, judge
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.values import dumps, loads, same

MAX_QUESTION_BYTES = 256 * 2**20
CHECK_SECONDS = 2.0
"""Limit in processor time, which does not depend on how busy the machine is."""
MISCONCEPTIONS = 4
HINTS = 3
TO_DO = "TODO"
ROWS_NOT_FOUND = (
    "no argument of its cases is an array with a row for each expected label, so no look-up could "
    "be tried: pass the held-out rows as one array, and give `expected`"
)


@dataclass(frozen=True)
class Certificate:
    """The proof of an exercise; `problems` is empty if it passed.

    accepted, caught, diagnosed: alternatives with full marks, misconceptions without, and those
        diagnosed as themselves alone, on every seed. mutants, specialised: changes to the
        reference's code, and narrower versions of it. reasons: how other wrong answers are
        diagnosed. look_up: what looking rows up in the learner's check earns, where labels of rows
        are asked for. seconds: processor time of one check. cached: whether it was proven before.
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
    mutants: MutantCount = field(default_factory=MutantCount)
    specialised: MutantCount = field(default_factory=MutantCount)
    reasons: DiagnosisCounts = field(default_factory=DiagnosisCounts)
    look_up: LookUp | None = None
    seconds: float = 0.0
    problems: tuple[str, ...] = field(default=())
    cached: bool = False

    @property
    def passed(self) -> bool:
        """Whether there are no problems."""
        return not self.problems


def seeds_for(count: int) -> list[str]:
    """Return the learner's own seed and `count - 1` others."""
    return [PUBLIC_SEED, *(f"certificate {number}" for number in range(1, count))]


def certify(
    exercise: Exercise,
    seeds: Sequence[str],
    *,
    module: str = "",
    folder: Path | None = None,
    equivalent_mutants: Mapping[str, str] | None = None,
    counts_reasons: bool = True,
) -> Certificate:
    """Prove one exercise over several seeds.

    folder: of the module that declares it; with it, the verdicts of a separate process are compared
        with those of the learner's process. equivalent_mutants: mutants that make no difference, or
        patterns of them, each with its reason. counts_reasons: whether to count how wrong answers
        are diagnosed, a figure that no exercise passes or fails by.
    """
    unfinished = completeness_problems(exercise)
    start = Certificate(module, exercise.name, exercise.points, len(seeds))
    try:
        runs = run_answers(exercise, seeds, folder)
    except Exception as error:
        why = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else error
        return replace(start, problems=(*unfinished, f"it cannot be put together: {why}"))
    questions = [run.question for run in runs]
    rows = [_prove(exercise, run) for run in runs]
    problems = [f"seed {s!r}: {p}" for s, row in zip(seeds, rows, strict=True) for p in row.wrong]
    problems += [
        f"seed {seed!r}: {label}: through the judge the verdict is another one"
        for seed, row, run in zip(seeds, rows, runs, strict=True)
        for label, observations in (run.apart or {}).items()
        if not same_answer(observations, run.seen[label])  # of the same data judges say the same
        and summary(row.verdicts[label]) != summary(judge(run.question, observations))
    ]
    looked_up = _look_up(exercise, questions)
    if looked_up:
        problems += look_up_problems(looked_up)
    elif exercise.held_out and len(seeds) > 1:
        problems.append(ROWS_NOT_FOUND)
    problems += held_out_problems(exercise.held_out, folder) if exercise.held_out else ()
    seconds = _check_seconds(exercise, questions[0])
    if seconds > CHECK_SECONDS:
        problems.append(
            f"a check takes {seconds:.1f} s of a processor; {CHECK_SECONDS:g} s are allowed: "
            "smaller cases will do"
        )
    tried = try_mutants(exercise, questions, equivalent_mutants or {}, seconds, counts_reasons)
    reasons = DiagnosisCounts()
    if counts_reasons:
        wrong_answers = [*known_wrong_answers(questions[0]), *tried.wrong_answers]
        reasons = count_diagnoses(questions[0], wrong_answers)
    return replace(
        start,
        reference=all(row.reference for row in rows),
        blank=all(row.blank for row in rows),
        alternatives=len(exercise.alternatives),
        accepted=_in_all([row.accepted for row in rows]),
        misconceptions=len(exercise.misconceptions),
        caught=_in_all([row.caught for row in rows]),
        diagnosed=_in_all([row.diagnosed for row in rows]),
        mutants=tried.mutants,
        specialised=tried.specialised,
        reasons=reasons,
        look_up=looked_up,
        seconds=seconds,
        problems=(*unfinished, *problems, *tried.problems),
    )


def completeness_problems(exercise: Exercise) -> list[str]:
    """Return what an exercise still lacks, one task a line."""
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
class _SeedResult:
    """The verdicts of one seed, and the answers that fared as they should."""

    verdicts: Mapping[AnswerLabel, Verdict]
    reference: bool
    blank: bool
    accepted: set[AnswerLabel]
    caught: set[AnswerLabel]
    diagnosed: set[AnswerLabel]
    wrong: tuple[str, ...]


def _prove(exercise: Exercise, run: AnswerRuns) -> _SeedResult:
    """Judge all known answers, by the question itself and by one that was stored and read back."""
    question, seen = run.question, run.seen
    stored = question_from_tree(loads(dumps(question_to_tree(question)), MAX_QUESTION_BYTES))
    is_stored_whole = _is_identical(stored, question)
    verdicts = {label: judge(question, observations) for label, observations in seen.items()}
    wrong = [
        f"{label}: the compiled check gives another verdict"
        for label, observations in seen.items()
        if not is_stored_whole  # of the same question judges say the same
        and summary(judge(stored, observations)) != summary(verdicts[label])
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
    return _SeedResult(
        verdicts=verdicts,
        reference=all(full[label] for label in full if label.role == "reference"),
        blank=not blanks,
        accepted={label for label in full if label.role == "alternative" and full[label]},
        caught=caught,
        diagnosed=diagnosed,
        wrong=(*wrong, *blanks),
    )


def _is_identical(one: Any, other: Any) -> bool:
    """Return whether two values are the same bit for bit, through dataclasses and containers."""
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        compared = [field.name for field in fields(one) if field.compare]
        return all(_is_identical(getattr(one, name), getattr(other, name)) for name in compared)
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(_is_identical, one.values(), other.values()))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_is_identical, one, other))
    return same(one, other)


def summary(verdict: Verdict) -> tuple[Any, ...]:
    """Return the parts of a verdict in which two verdicts on one answer must agree."""
    parts = tuple((part.part, part.passed) for part in verdict.parts)
    diagnoses = tuple((d.mistake.name, d.evidence, d.cases) for d in verdict.diagnoses)
    return verdict.status, verdict.points, parts, diagnoses


def _look_up(exercise: Exercise, questions: Sequence[Question]) -> LookUp | None:
    """Return what looking up in the learner's check earns on the graders' seed where it pays most.

    Only where a share of right labels is asked for, or rows are held out.
    """
    if not (isinstance(exercise.compare, Accuracy) or exercise.held_out):
        return None
    results = [look_up(questions[0], asked) for asked in questions[1:]]
    return worst([result for result in results if result])


def _check_seconds(exercise: Exercise, question: Question) -> float:
    """Return the processor seconds of one check in the learner's process, the best of three."""
    seconds = float("inf")
    for _ in range(3):
        started = process_time()
        verdict_panel(
            question, judge(question, observe_all(exercise, exercise.reference, question.cases))
        )
        seconds = min(seconds, process_time() - started)
        if seconds < CHECK_SECONDS / 2:
            break
    return round(seconds, 3)


def _in_all(sets: Sequence[set[AnswerLabel]]) -> int:
    return len(set.intersection(*sets)) if sets else 0
