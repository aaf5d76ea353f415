"""Made-up answers to the survey, for a class to practise with.

Teams differ in what they know and want. The same student always answers the same.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from autograder.classroom.roster import Student
from autograder.report.survey_sums import SurveyedModule
from lepton_course.progress.schema import SurveyAnswer
from lepton_course.survey.asked import (
    KNOWN,
    PACE,
    RIGHT,
    TESTED_FROM,
    UNCLEAR,
    UNSURE,
    USEFUL,
    WANTED,
    WRONG,
    placement_name,
)

BEFORE = datetime(2026, 2, 23, 9, tzinfo=UTC)
AFTER = datetime(2026, 3, 9, 17, tzinfo=UTC)
_ANSWERING = 0.85
"""Fraction of the class that answers."""

_UNCLEAR = (
    "How do I know that the learning rate is too high before it is too late?",
    "When is a simple model good enough for us?",
    "What do I do with data that nobody has labelled?",
    "How would I explain the result to my team?",
)


def simulated_survey(
    student: Student, modules: Sequence[SurveyedModule], taught: str, ability: float = 0.0
) -> tuple[SurveyAnswer, ...]:
    """Return what a student says before the course, and after the module `taught` (its id)."""
    rng = _random(f"survey {student.id}")
    if rng.random() > _ANSWERING:
        return ()
    said = [
        SurveyAnswer(BEFORE + timedelta(seconds=20 * number), module, question, answer, True)
        for number, (module, question, answer) in enumerate(_before(student, modules, ability, rng))
    ]
    useful = USEFUL.values[int(rng.choice(5, p=[0.05, 0.1, 0.25, 0.35, 0.25]))]
    pace = PACE.values[int(rng.choice(3, p=_pace(ability)))]
    said.append(SurveyAnswer(AFTER, taught, USEFUL.name, useful, True))
    said.append(SurveyAnswer(AFTER, taught, PACE.name, pace, True))
    if rng.random() < 0.25:
        said.append(SurveyAnswer(AFTER, taught, UNCLEAR, str(rng.choice(_UNCLEAR)), True))
    return tuple(said)


def _before(
    student: Student,
    modules: Sequence[SurveyedModule],
    ability: float,
    rng: np.random.Generator,
) -> Iterator[tuple[str, str, str]]:
    """Yield module, question and answer; what comes late in the course is known less."""
    for place, module in enumerate(modules):
        head_start = ability + _random(f"{student.team} knows {module.id}").normal(0.8, 1.2)
        chance = 1 / (1 + math.exp(0.2 * place - head_start))
        known = int(rng.binomial(3, chance))
        yield module.id, KNOWN.name, KNOWN.values[known]
        if KNOWN.values[known] >= TESTED_FROM:
            for number in range(1, module.questions + 1):
                outcome = rng.choice([RIGHT, WRONG, UNSURE], p=[0.8, 0.15, 0.05])
                yield module.id, placement_name(number), str(outcome)
        interest = _random(f"{student.team} {module.id}").uniform(0.1, 0.9)
        yield module.id, WANTED.name, WANTED.values[int(rng.binomial(2, interest))]


def _pace(ability: float) -> list[float]:
    """Return the chances of "too slow", "right" and "too fast"."""
    slow = 0.4 / (1 + math.exp(-ability))
    return [slow, 0.6, 0.4 - slow]


def _random(name: str) -> np.random.Generator:
    seed = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng(np.frombuffer(seed, dtype=np.uint32))
