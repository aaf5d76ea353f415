"""Compile exercises to data, so that answers are checked without publishing solutions.

`compile_exercise` runs the reference and the misconceptions once over the cases of a seed.
`save_questions` writes the outcome to one file that holds inputs, outputs and sentences, and
no code; `load_questions` reads it in the learner's process.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lepton_course.exercises.compare import comparison_from_tree, comparison_to_tree
from lepton_course.exercises.model import Case, Exercise, KnownMistake, Question
from lepton_course.exercises.probes import (
    Observation,
    Raised,
    probe_from_tree,
    probe_to_tree,
)
from lepton_course.exercises.values import Plain, dumps, loads, opaque_values, plain
from lepton_course.exercises.worked_solutions import worked_solution

PUBLIC_SEED = "lepton"
"""The seed of the learner's own checks. A class has a secret one."""

MAX_QUESTIONS_BYTES = 512 * 2**20


@dataclass(frozen=True)
class MistakeText:
    """What a known mistake says to the learner, and where to read on."""

    name: str
    sentence: str
    read: str


@dataclass(frozen=True)
class QuestionText:
    """What a question says, without its cases."""

    name: str
    title: str
    points: float
    read: str
    mistakes: tuple[MistakeText, ...]


def draw_cases(exercise: Exercise, seed: str, rounds: int = 1) -> tuple[Case, ...]:
    """Draw an exercise's cases for a seed: `rounds` calls of its generator.

    Of held-out rows, `PUBLIC_SEED` has some, and all other seeds have the others.
    Raises ValueError when a case holds anything but plain values, arrays and tensors.
    """
    held_out = exercise.held_out
    rows = [held_out.rows(public=seed == PUBLIC_SEED)] if held_out else []
    cases: list[Case] = []
    for round_ in range(rounds):
        digest = hashlib.sha256(f"{seed}/{exercise.name}/{round_}".encode()).digest()
        rng = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
        cases += exercise.cases(rng, *rows)
    for case in cases:
        strange = next(iter(opaque_values(case_to_tree(case))), None)
        if strange:
            raise ValueError(
                f"exercise {exercise.name}, part {case.part!r}: a case may hold plain values, "
                f"arrays and tensors only, not an object of type {strange.kind}"
            )
    return tuple(cases)


def observe_all(exercise: Exercise, answer: Any, cases: Sequence[Case]) -> tuple[Observation, ...]:
    """Return what `answer` gives on each case."""
    return tuple(exercise.probe.observe(answer, case) for case in cases)


def compile_exercise(exercise: Exercise, seed: str = PUBLIC_SEED, rounds: int = 1) -> Question:
    """Return the exercise as data, for one seed.

    Raises ValueError when the reference fails on one of its own cases.
    """
    cases = draw_cases(exercise, seed, rounds)
    expected = tuple(_expected(exercise, case) for case in cases)
    mistakes = tuple(
        KnownMistake(m.name, m.sentence, m.read, _mistaken(exercise, m.implementation, cases))
        for m in exercise.misconceptions
    )
    question = Question(
        name=exercise.name,
        title=exercise.title,
        points=exercise.points,
        difficulty=exercise.difficulty,
        minutes=exercise.minutes,
        hints=tuple(exercise.hints),
        read=exercise.read,
        arguments=argument_names(exercise.reference),
        probe=exercise.probe,
        compare=exercise.compare,
        cases=cases,
        expected=expected,
        mistakes=mistakes,
        returns=tuple(exercise.returns),
    )
    return replace(question, solution=worked_solution(exercise, question))


def _mistaken(exercise: Exercise, answer: Any, cases: Sequence[Case]) -> tuple[Observation, ...]:
    """Like `observe_all`, but keep only an exception's kind: its line would be a line of code."""
    return tuple(
        replace(observed, raised=observed.raised and Raised(observed.raised.kind))
        for observed in observe_all(exercise, answer, cases)
    )


def argument_names(reference: Any) -> tuple[str, ...]:
    """Return the names of a reference's arguments; none for a value."""
    if not callable(reference):
        return ()
    try:
        return tuple(inspect.signature(reference).parameters)
    except ValueError:  # some built-in functions have no signature
        return ()


def _expected(exercise: Exercise, case: Case) -> Observation:
    observation = exercise.probe.observe(exercise.reference, case)
    if observation.raised:
        raised = observation.raised
        raise ValueError(
            f"exercise {exercise.name}, part {case.part!r}: the reference raised "
            f"{raised.kind}: {raised.message} at `{raised.line}`"
        )
    strange = next(iter(opaque_values(observation.seen)), None)
    if strange:
        raise ValueError(
            f"exercise {exercise.name}, part {case.part!r}: the reference gave an object of type "
            f"{strange.kind}; only its type could be compared"
        )
    if observation.seen.get("aliased"):
        raise ValueError(
            f"exercise {exercise.name}, part {case.part!r}: the reference hands back its own input"
        )
    if case.expected is None:
        return observation
    name = "output" if "output" in observation.seen else "result"
    return Observation(seen={**observation.seen, name: plain(case.expected)})


def save_questions(path: Path, questions: Sequence[Question]) -> None:
    """Write questions to one npz file, without pickle."""
    path.write_bytes(dumps([question_to_tree(question) for question in questions]))


def load_questions(path: Path) -> dict[str, Question]:
    """Read a file that `save_questions` wrote; return its questions by name."""
    trees = loads(path.read_bytes(), MAX_QUESTIONS_BYTES)
    questions = [question_from_tree(tree) for tree in trees]
    return {question.name: question for question in questions}


def load_question_texts(path: Path) -> dict[str, QuestionText]:
    """Return what the questions of a file say, by name. No array is read: torch is not needed."""
    trees = loads(path.read_bytes(), MAX_QUESTIONS_BYTES, with_arrays=False)
    return {tree["name"]: _question_text(tree) for tree in trees}


def _question_text(tree: dict[str, Plain]) -> QuestionText:
    mistakes = tuple(
        MistakeText(mistake["name"], mistake["sentence"], mistake["read"])
        for mistake in tree["mistakes"]
    )
    return QuestionText(tree["name"], tree["title"], tree["points"], tree["read"], mistakes)


def question_to_tree(question: Question) -> dict[str, Plain]:
    """Return the question as a tree of plain values."""
    tree = {
        name: getattr(question, name)
        for name in (
            "name",
            "title",
            "points",
            "difficulty",
            "minutes",
            "hints",
            "read",
            "arguments",
            "returns",
            "solution",
        )
    }
    return {
        **tree,
        "probe": probe_to_tree(question.probe),
        "compare": comparison_to_tree(question.compare),
        "cases": [case_to_tree(case) for case in question.cases],
        "expected": [observation_to_tree(o) for o in question.expected],
        "mistakes": [
            {
                "name": mistake.name,
                "sentence": mistake.sentence,
                "read": mistake.read,
                "observations": [observation_to_tree(o) for o in mistake.observations],
            }
            for mistake in question.mistakes
        ],
    }


def question_from_tree(tree: dict[str, Plain]) -> Question:
    """Rebuild the question that `question_to_tree` described."""
    fields = dict(tree)
    fields["probe"] = probe_from_tree(fields["probe"])
    fields["compare"] = comparison_from_tree(fields["compare"])
    fields["cases"] = tuple(case_from_tree(case) for case in fields["cases"])
    fields["expected"] = tuple(observation_from_tree(o) for o in fields["expected"])
    fields["mistakes"] = tuple(
        KnownMistake(
            mistake["name"],
            mistake["sentence"],
            mistake["read"],
            tuple(observation_from_tree(o) for o in mistake["observations"]),
        )
        for mistake in fields["mistakes"]
    )
    return Question(**fields)


def case_to_tree(case: Case, secret: bool = False) -> dict[str, Plain]:
    """Return the case as plain values; with `secret`, only what an answer may see."""
    tree = {
        "args": plain(tuple(case.args)),
        "kwargs": plain(dict(case.kwargs)),
        "weights": None if case.weights is None else plain(list(case.weights)),
        "x": plain(case.x),
    }
    # The expected value, when a case has one, already stands in the expected observation.
    return tree if secret else {"part": case.part, **tree}


def case_from_tree(tree: dict[str, Plain]) -> Case:
    """Rebuild the case that `case_to_tree` described."""
    return Case(**{"part": "", **tree})


def observation_to_tree(observation: Observation) -> dict[str, Plain]:
    """Return the observation as a tree of plain values."""
    raised = observation.raised
    return {"seen": dict(observation.seen), "raised": asdict(raised) if raised else None}


def observation_from_tree(tree: dict[str, Plain]) -> Observation:
    """Rebuild the observation that `observation_to_tree` described.

    Raises TypeError or KeyError when the tree is not of that form.
    """
    seen, raised = tree["seen"], tree["raised"]
    if type(seen) is not dict:
        raise TypeError("what was seen has no names")
    if raised is None:
        return Observation(seen=seen)
    if type(raised) is not dict or any(type(text) is not str for text in raised.values()):
        raise TypeError("an exception is not told in words")
    return Observation(seen=seen, raised=Raised(**raised))
