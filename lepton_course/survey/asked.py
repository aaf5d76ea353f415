"""What the survey asks, and which answers there are; anything else that is recorded is no answer.

Answers are kept with the learner's progress, by module and the question's name.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from lepton_course.errors import CourseError
from lepton_course.progress.schema import FREE_TEXT, SurveyAnswer

SETTING = "LEPTON_SURVEY"
"""Environment variable that switches the survey off: LEPTON_SURVEY=off."""

FEWEST_PEOPLE = 5
"""Number of people below which a class's report shows nothing that they answered."""

MOST_CHARACTERS = 500
"""Characters of a free text that are kept."""

MOST_MARKS = 4
"""Marks on one letter of a free text that are kept: more than any script's spelling needs."""


class NoSuchAnswer(CourseError, ValueError):
    """There is no such module, question or answer; the message lists those that there are."""


@dataclass(frozen=True)
class Scale:
    """A question with fixed answers. answers: what is kept of each, and what its button says."""

    name: str
    text: str
    answers: tuple[tuple[str, str], ...]

    @property
    def values(self) -> tuple[str, ...]:
        """What may be kept, in order."""
        return tuple(value for value, _ in self.answers)


KNOWN = Scale(
    "known",
    "How well do you know it?",
    (("0", "new to me"), ("1", "heard of it"), ("2", "have used it"), ("3", "could teach it")),
)
WANTED = Scale(
    "wanted",
    "Will your work need it within a year?",
    (("0", "no"), ("1", "perhaps"), ("2", "yes")),
)
USEFUL = Scale(
    "useful",
    "How useful is it for your work?",
    (("1", "1 not at all"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5 very")),
)
PACE = Scale(
    "pace",
    "Its pace was …",
    (("slow", "too slow"), ("right", "right"), ("fast", "too fast")),
)
UNCLEAR = FREE_TEXT
"""Name of the question that is answered in words."""

UNCLEAR_TEXT = "What is still unclear?"

TESTED_FROM = "2"
"""The self-estimate from which the placement questions are asked."""

RIGHT, WRONG, UNSURE = "right", "wrong", "unsure"
"""What is kept of the answer to a placement question."""

UNSURE_LETTER, UNSURE_TEXT = "?", "I do not know"

_SCALES = {scale.name: scale for scale in (KNOWN, WANTED, USEFUL, PACE)}
_PLACEMENT = "placement "


def is_on() -> bool:
    """Return whether there is a survey on this machine."""
    return os.environ.get(SETTING, "").strip().lower() not in ("off", "no", "0", "false")


def placement_name(number: int) -> str:
    """Return the name under which the answer to a module's placement question is kept."""
    return f"{_PLACEMENT}{number}"


def is_placement(question: str) -> bool:
    """Return whether this is the name of a placement question."""
    return question.startswith(_PLACEMENT)


def tidy(text: str) -> str:
    """Return a learner's text on one line, within `MOST_CHARACTERS`, without control characters.

    Of marks on one letter it keeps `MOST_MARKS`: a stack of them would cover the lines above.
    """
    shown = []
    marks = 0
    for character in text[: 4 * MOST_CHARACTERS]:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks <= MOST_MARKS:
            shown.append(character if character.isprintable() else " ")
    return " ".join("".join(shown).split())[:MOST_CHARACTERS].strip()


Valid = dict[tuple[str, str], str]
"""One learner's answers by (module, question)."""


def valid_answers(recorded: Iterable[SurveyAnswer]) -> Valid:
    """Return one learner's answers, one for each question; `recorded` is in order of time.

    The last answer counts. Of a placement question it is the first one: it is followed by the
    explanation.
    """
    found: Valid = {}
    for row in recorded:
        key = (row.module, row.question)
        if is_placement(row.question):
            if row.answer in (RIGHT, WRONG, UNSURE):
                found.setdefault(key, row.answer)
        elif row.question in _SCALES and row.answer in _SCALES[row.question].values:
            found[key] = row.answer
    return found


def shared_text(recorded: Iterable[SurveyAnswer], module: str) -> str:
    """Return what the learner last wrote to be unclear in a module; "" where that is not shared."""
    last = ""
    for row in recorded:
        if (row.module, row.question) == (module, UNCLEAR):
            last = tidy(row.answer) if row.is_shared else ""
    return last
