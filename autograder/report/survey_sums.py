"""The survey, summed up by team so that nobody can be told from the sums; pure functions.

A sum is over `FEWEST_PEOPLE` people or more. Teams in which fewer have answered are counted
together as "Other teams", and left out where these are fewer, too: then they are in no sum at all,
because the class's sum less those of the teams shown would be theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from lepton_course.survey.asked import FEWEST_PEOPLE, PACE, Valid
from lepton_course.survey.needs_assessment import (
    Need,
    SurveyedModule,
    TeachNext,
    known_and_wanted,
    need_of,
    teach_next,
    useful_and_pace,
)

EVERYBODY = "The whole class"
OTHERS = "Other teams"

T = TypeVar("T")


@dataclass(frozen=True)
class Respondent:
    """One learner's answers, without a name."""

    team: str
    answers: Valid


@dataclass(frozen=True)
class Reception:
    """What a group thinks of a module. useful: mean of 1 to 5. slow, right, fast: people."""

    people: int
    useful: float
    slow: int
    right: int
    fast: int


@dataclass(frozen=True)
class ClassNeeds:
    """A class's needs before the course.

    needs: by module's id and group, where they may be shown. next: by group. people: how many
    have said of some module both what they know and whether they need it.
    """

    modules: tuple[SurveyedModule, ...]
    groups: tuple[str, ...]
    needs: Mapping[tuple[str, str], Need]
    next: Mapping[str, TeachNext]
    people: int


def by_group(people: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """Return what may be summed: the class, then its teams. people: team and value of each person.

    Empty where fewer than `FEWEST_PEOPLE` may be shown.
    """
    teams: dict[str, list[T]] = {}
    for team, value in people:
        teams.setdefault(team, []).append(value)
    large = [team for team in sorted(teams, key=str.casefold) if len(teams[team]) >= FEWEST_PEOPLE]
    others = [value for team, values in teams.items() if team not in large for value in values]
    if len(others) < FEWEST_PEOPLE:
        others = []
    named = {_group(team): teams[team] for team in large}
    everybody = [value for values in (*named.values(), others) for value in values]
    if not everybody:
        return {}
    rest = {OTHERS: others} if named and others else {}
    return {EVERYBODY: everybody, **named, **rest}


def _group(team: str) -> str:
    """Return a team's name, told apart from the groups that are no team."""
    return f"{team} (a team)" if team in (EVERYBODY, OTHERS) else team


def class_needs(
    respondents: Sequence[Respondent], modules: Sequence[SurveyedModule], taught: Iterable[str] = ()
) -> ClassNeeds:
    """Sum up what a class knows and needs. taught: ids of modules that it has had already."""
    needs = {
        (module.id, group): _mean_need(values)
        for module in modules
        for group, values in by_group(_needs(respondents, module)).items()
    }
    order = dict.fromkeys(group for _, group in needs)
    groups = sorted(order, key=lambda name: (name != EVERYBODY, name == OTHERS, name.casefold()))
    done = set(taught)
    left = [module for module in modules if module.id not in done]
    return ClassNeeds(
        tuple(modules),
        tuple(groups),
        needs,
        {
            group: chosen
            for group in groups
            if (chosen := teach_next(left, {m.id: needs.get((m.id, group)) for m in modules}))
        },
        sum(
            any(True for module in modules for _ in _needs([person], module))
            for person in respondents
        ),
    )


def receptions(people: Iterable[Respondent], module: str) -> dict[str, Reception]:
    """Return what each group thinks of a module, of those who answered both questions."""
    answered = [
        (person.team, said)
        for person in people
        if (said := useful_and_pace(person.answers, module)) is not None
    ]
    return {
        group: Reception(
            len(values),
            fmean(useful for useful, _ in values),
            *(sum(pace == value for _, pace in values) for value in PACE.values),
        )
        for group, values in by_group(answered).items()
    }


def _needs(
    respondents: Iterable[Respondent], module: SurveyedModule
) -> Iterable[tuple[str, tuple[float, float]]]:
    """Yield team, knowledge and want (each 0 to 1) of each person who said both."""
    for person in respondents:
        said = known_and_wanted(person.answers, module.id, module.questions)
        if said is not None:
            yield person.team, said


def _mean_need(values: Sequence[tuple[float, float]]) -> Need:
    return Need(
        len(values),
        fmean(known for known, _ in values),
        fmean(wanted for _, wanted in values),
        fmean(need_of(known, wanted) for known, wanted in values),
    )
