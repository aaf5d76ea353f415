"""The placement questions of each module, and what the answers to them suggest.

A module declares them in its `module.yml`, in the form of a quiz: the explanation of the right
choice begins with the word "Right".

    placement:
      - ask: Which of these is even?
        choices:
          "3": No. Half of it is 1.5.
          "4": Right. Half of it is 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lepton_course.checks.quiz_questions import (
    QuizQuestion,
    question_from,
    questions_from_json,
)
from lepton_course.progress.schema import SurveyAnswer
from lepton_course.survey.asked import (
    KNOWN,
    RIGHT,
    TESTED_FROM,
    Valid,
    placement_name,
    valid_answers,
)
from lepton_course.syllabus import PLAN, Module, is_ready, read_yaml

FILE = "placement.json"
"""Name of the compiled questions, beside a module's compiled checks."""

KEY = "placement"
"""Key of the questions in a module's `module.yml`."""


@dataclass(frozen=True)
class Asked:
    """A module that the survey asks about. answers: what the learner has said so far."""

    id: str
    title: str
    about: str
    questions: tuple[QuizQuestion, ...]
    answers: Valid


@dataclass(frozen=True)
class Suggestion:
    """What the answers before the course suggest: where to begin, and what may be skipped.

    begin: a module's id; None when all may be skipped. skip: ids, in the order of the course.
    """

    begin: str | None
    skip: tuple[str, ...] = ()


def placement_from(entries: Any) -> tuple[QuizQuestion, ...]:
    """Return the questions that a `module.yml` declares; none where the key is left out."""
    return tuple(
        question_from(number, entry["ask"], entry["choices"].items())
        for number, entry in enumerate(entries or (), start=1)
    )


def placement_problems(entries: Any) -> Iterator[str]:
    """Yield what is wrong with the form of the questions in a `module.yml`."""
    if not isinstance(entries, list) or not all(map(_is_question, entries)):
        yield (
            "write a list of `- ask: …` and `choices:`, below it each choice with its explanation: "
            '`"24": Right. Because …`'
        )


def _is_question(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or entry.keys() != {"ask", "choices"}:
        return False
    choices = entry["choices"]
    if not isinstance(entry["ask"], str) or not isinstance(choices, Mapping):
        return False
    return all(isinstance(text, str) for pair in choices.items() for text in pair)


def load_placement(folder: Path) -> tuple[QuizQuestion, ...]:
    """Return a module's questions, from its folder in a clone or in a student's curriculum."""
    if (folder / FILE).is_file():
        return questions_from_json((folder / FILE).read_text(encoding="utf-8"))
    plan = read_yaml(folder / PLAN) if (folder / PLAN).is_file() else None
    return placement_from(plan.get(KEY) if isinstance(plan, Mapping) else None)


def placement_lengths(modules: Iterable[Module], curriculum: Path) -> dict[str, int]:
    """Return how many questions each module that exists has, by id, in order."""
    ready = [module.id for module in modules if is_ready(module, curriculum)]
    return {module: len(load_placement(curriculum / module)) for module in ready}


def knowledge(answers: Valid, module: str, questions: int) -> float | None:
    """Return the fraction (0 to 1) of a module that a learner knows; None if they have not said.

    Placement questions count where any was answered, else the self-estimate: who has not used the
    module's subject is not asked them. questions: how many the module has.
    """
    names = [placement_name(number) for number in range(1, questions + 1)]
    given = [answers[module, name] for name in names if (module, name) in answers]
    estimate = answers.get((module, KNOWN.name))
    if given:
        return given.count(RIGHT) / questions
    if estimate is None or (questions and estimate >= TESTED_FROM):
        return None
    return KNOWN.values.index(estimate) / (len(KNOWN.values) - 1) if not questions else 0.0


def suggest(recorded: Iterable[SurveyAnswer], questions: Mapping[str, int]) -> Suggestion | None:
    """Return what the answers suggest, or None before any module was answered.

    A module may be skipped when all of its placement questions were answered right; begin with the
    first of the others. questions: how many each module has, by id, in the order of the course.
    """
    answers = valid_answers(recorded)
    known = {module: knowledge(answers, module, count) for module, count in questions.items()}
    if all(fraction is None for fraction in known.values()):
        return None
    skip = tuple(module for module, count in questions.items() if count and known[module] == 1)
    return Suggestion(next((module for module in questions if module not in skip), None), skip)
