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

from collections.abc import Iterator, Mapping, Sequence
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
from lepton_course.syllabus import PLAN, read_yaml

FILE = "placement.json"
"""Name of the compiled questions, beside a module's compiled checks."""

KEY = "placement"
"""Key of the questions in a module's `module.yml`."""


@dataclass(frozen=True)
class Suggestion:
    """What the answers before the course suggest: where to begin, and what may be skipped.

    begin: a module's id; None when all may be skipped. skip: ids, in the order of the course.
    """

    begin: str | None
    skip: tuple[str, ...]


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


def may_skip(recorded: Sequence[SurveyAnswer], questions: Mapping[str, int]) -> tuple[str, ...]:
    """Return the modules of which a learner answered every placement question right.

    questions: how many each module has, by id, in the order of the course.
    """
    answers = valid_answers(recorded)
    return tuple(m for m, n in questions.items() if n and knowledge(answers, m, n) == 1)


def suggest(recorded: Sequence[SurveyAnswer], questions: Mapping[str, int]) -> Suggestion | None:
    """Return what the answers suggest, or None before any module was answered."""
    answers = valid_answers(recorded)
    if all(knowledge(answers, module, count) is None for module, count in questions.items()):
        return None
    skip = may_skip(recorded, questions)
    return Suggestion(next((module for module in questions if module not in skip), None), skip)
