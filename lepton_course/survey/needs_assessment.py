"""What a group knows and needs, from answers to the survey, and what to teach it next.

Need follows Borich (A needs assessment model for conducting follow-up studies, Journal of Teacher
Education 31, 1980, 39-42): what is missing, weighted by how much it matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lepton_course.survey.asked import PACE, USEFUL, WANTED, Valid
from lepton_course.survey.placement import knowledge

KNOWN_ENOUGH = 0.5
"""What a group knows of a prerequisite, 0 to 1, below which that is taught first."""


@dataclass(frozen=True)
class SurveyedModule:
    """A module that the survey asks about. questions: how many placement questions it has."""

    id: str
    title: str
    questions: int
    prerequisites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Need:
    """What a group knows of a module and needs of it: means over `people`, each 0 to 1."""

    people: int
    known: float
    wanted: float
    need: float


@dataclass(frozen=True)
class TeachNext:
    """The module that a group should be taught next. instead_of: one that builds on it, or None."""

    module: SurveyedModule
    need: Need
    instead_of: SurveyedModule | None = None


def known_and_wanted(answers: Valid, module: str, questions: int) -> tuple[float, float] | None:
    """Return what one person knows and wants of a module (each 0 to 1); None before both are said.

    questions: how many placement questions the module has.
    """
    known = knowledge(answers, module, questions)
    wanted = answers.get((module, WANTED.name))
    if known is None or wanted is None:
        return None
    return known, WANTED.values.index(wanted) / (len(WANTED.values) - 1)


def useful_and_pace(answers: Valid, module: str) -> tuple[int, str] | None:
    """Return how useful (1 to 5) and how fast one person found a module; None before both."""
    useful = answers.get((module, USEFUL.name))
    pace = answers.get((module, PACE.name))
    return None if useful is None or pace is None else (int(useful), pace)


def need_of(known: float, wanted: float) -> float:
    """Return one person's need: what they do not know of a module, as far as work wants it."""
    return (1 - known) * wanted


def teach_next(
    modules: Sequence[SurveyedModule], needs: Mapping[str, Need | None]
) -> TeachNext | None:
    """Return the module of largest need, or the prerequisite of it that its group lacks.

    modules: those not taught yet. needs: a group's, by id; None where they may not be shown.
    """
    found = {module.id: module for module in modules if needs.get(module.id)}
    wanted = [(needs[name].need, module) for name, module in found.items()]
    if not wanted or max(need for need, _ in wanted) <= 0:
        return None
    first = module = max(wanted, key=lambda pair: pair[0])[1]
    seen = {module.id}
    while lacking := [
        name
        for name in module.prerequisites
        if name in found and name not in seen and needs[name].known < KNOWN_ENOUGH
    ]:
        module = found[min(lacking, key=lambda name: needs[name].known)]
        seen.add(module.id)
    return TeachNext(module, needs[module.id], None if module is first else first)
