"""Summary of an assignment's results for the report; pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median

import numpy as np

from autograder.report.data import AssignmentData, Item, Learner, Mistake
from autograder.report.measures import (
    Estimate,
    Gain,
    discrimination,
    facility,
    normalised_gain,
)
from autograder.report.progress_files import MANY_TRIES, Pace, WayToRight, pace, ways_to_right
from autograder.report.survey_sums import (
    ClassNeeds,
    Reception,
    Respondent,
    SurveyedModule,
    class_needs,
    receptions,
)
from lepton_course.progress.schema import SurveyAnswer
from lepton_course.survey.asked import shared_text, valid_answers

NO_TEAM = "no team"


@dataclass(frozen=True)
class ItemSummary:
    """An exercise's difficulty, and how well it separates strong from weak learners."""

    item: Item
    n: int
    facility: float | None
    discrimination: Estimate
    full_marks: int
    no_points: int


@dataclass(frozen=True)
class HeldMisconception:
    """A misconception and the learners who hold it.

    possibly: learners whose answers show it in some cases only, or merely resemble it.
    """

    mistake: Mistake
    title: str
    learners: tuple[Learner, ...]
    possibly: tuple[Learner, ...] = ()


@dataclass(frozen=True)
class TeamSummary:
    """A team's scores, as fractions of all points. `shares` has one per learner with points."""

    team: str
    members: int
    shares: tuple[float, ...]

    @property
    def mean(self) -> float | None:
        """The mean fraction of the points; None if nobody has points."""
        return fmean(self.shares) if self.shares else None

    @property
    def median(self) -> float | None:
        """The median fraction of the points; None if nobody has points."""
        return median(self.shares) if self.shares else None


@dataclass(frozen=True)
class Stuck:
    """A learner who has tried an exercise many times without a right answer."""

    learner: Learner
    title: str
    tries: int
    sentence: str


@dataclass(frozen=True)
class Summary:
    """The statistics of one assignment.

    teams, gains: by team, in alphabetical order; the whole class comes first in `gains`.
    paced: number of learners with a readable progress file. opened: number of learners whose
    opening quiz is known. receptions: what each group thinks of the module, where it may be shown.
    unclear: what learners wrote to be unclear, of those who share it, without names.
    """

    data: AssignmentData
    teams: tuple[TeamSummary, ...]
    items: tuple[ItemSummary, ...]
    held: tuple[HeldMisconception, ...]
    paces: tuple[Pace, ...]
    paced: int
    stuck: tuple[Stuck, ...]
    gains: tuple[tuple[str, Gain], ...]
    opened: int
    receptions: Mapping[str, Reception] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """The fractions of all learners with points."""
        return tuple(share for team in self.teams for share in team.shares)

    @property
    def missing(self) -> tuple[Learner, ...]:
        """Return the learners without points."""
        return tuple(learner for learner in self.data.learners if not learner.has_points)

    @property
    def waiting(self) -> int:
        """Return the number of submissions that wait for a grade by hand."""
        return sum(lr.status == "waits for a grade by hand" for lr in self.data.learners)


def summarise(data: AssignmentData) -> Summary:
    """Return the summary of an assignment's data."""
    judged = [item.name for item in data.items if not item.by_hand]
    ways = {
        learner.student.id: ways_to_right(learner.progress.attempts, judged)
        for learner in data.learners
        if learner.progress and learner.progress.attempts
    }
    all_ways = [way for found in ways.values() for way in found]
    paces = tuple(pace(name, all_ways) for name in judged) if ways else ()
    received = receptions(map(respondent, data.learners), data.module)
    return Summary(
        data=data,
        teams=_teams(data),
        items=_items(data),
        held=_held(data),
        paces=paces,
        paced=len(ways),
        stuck=_stuck(data, ways),
        gains=_gains(data),
        opened=sum(learner.opening is not None for learner in data.learners),
        receptions=received,
        unclear=_unclear(data) if received else (),
    )


def respondent(learner: Learner) -> Respondent:
    """Return a learner's valid answers to the survey, without a name."""
    return Respondent(team_of(learner), valid_answers(learner.survey))


def needs_of(
    assignments: Sequence[AssignmentData],
    modules: Sequence[SurveyedModule],
    taught: Iterable[str],
) -> ClassNeeds:
    """Sum up what the class knows and needs, from the progress files of these assignments.

    modules: those that the survey asks about. taught: ids of those that the class has had already.
    """
    recorded: dict[str, list[SurveyAnswer]] = {}
    learners = {}
    for data in assignments:
        for learner in data.learners:
            learners[learner.student.id] = learner
            recorded.setdefault(learner.student.id, []).extend(learner.survey)
    people = [
        respondent(replace(learners[id_], survey=tuple(sorted(rows, key=lambda row: row.at))))
        for id_, rows in recorded.items()
    ]
    return class_needs(people, modules, taught)


def share(data: AssignmentData, learner: Learner) -> float:
    """Return the fraction (0 to 1) of all points that counts for a learner."""
    return learner.score / data.max_score if data.max_score else 0.0


def earned(data: AssignmentData, learner: Learner) -> float:
    """Return the fraction (0 to 1) earned of the points decided so far, before any late penalty."""
    given = [item for item in data.items if learner.points.get(item.name) is not None]
    most = sum(item.max_points for item in given)
    return sum(learner.points[item.name] or 0.0 for item in given) / most if most else 0.0


def team_of(learner: Learner) -> str:
    """Return the learner's team, or `NO_TEAM`."""
    return learner.student.team or NO_TEAM


def _unclear(data: AssignmentData) -> tuple[str, ...]:
    """Return the shared texts in alphabetical order, which tells nothing about who wrote them."""
    texts = (shared_text(learner.survey, data.module) for learner in data.learners)
    return tuple(sorted(filter(None, texts), key=lambda text: (text.casefold(), text)))


def _teams(data: AssignmentData) -> tuple[TeamSummary, ...]:
    teams = sorted({team_of(learner) for learner in data.learners}, key=str.casefold)
    summaries = []
    for team in teams:
        members = [learner for learner in data.learners if team_of(learner) == team]
        shares = tuple(share(data, learner) for learner in members if learner.has_points)
        summaries.append(TeamSummary(team, len(members), shares))
    return tuple(summaries)


def _items(data: AssignmentData) -> tuple[ItemSummary, ...]:
    """Return a summary per exercise, without statistics until all its grades by hand are given."""
    complete = [
        item
        for item in data.items
        if data.graded and all(lr.points.get(item.name) is not None for lr in data.graded)
    ]
    points = np.array([[lr.points[item.name] for item in complete] for lr in data.graded], float)
    summaries = []
    for item in data.items:
        known = [p for lr in data.graded if (p := lr.points.get(item.name)) is not None]
        estimate = Estimate(None, None, None, len(known))
        if item in complete:
            estimate = discrimination(points, complete.index(item))
        summaries.append(
            ItemSummary(
                item,
                len(known),
                facility(known, item.max_points),
                estimate,
                sum(p >= item.max_points for p in known),
                sum(p == 0 for p in known),
            )
        )
    return tuple(summaries)


def _held(data: AssignmentData) -> tuple[HeldMisconception, ...]:
    """Return the misconceptions that somebody holds or possibly holds, the most frequent first."""
    titles = {item.name: item.title for item in data.items}
    known = {(mistake.exercise, mistake.name): mistake for mistake in data.mistakes}
    holders: dict[tuple[str, str], list[Learner]] = {}
    possibly: dict[tuple[str, str], list[Learner]] = {}
    for learner in data.graded:
        for pair in learner.diagnoses.items():
            holders.setdefault(pair, []).append(learner)
        for exercise, names in learner.possible.items():
            for name in names:
                possibly.setdefault((exercise, name), []).append(learner)
    held = [
        HeldMisconception(
            known.get(pair, Mistake(*pair, "", "")),
            titles.get(pair[0], pair[0]),
            tuple(holders.get(pair, ())),
            tuple(possibly.get(pair, ())),
        )
        for pair in {**holders, **possibly}
    ]
    return tuple(sorted(held, key=_most_held))


def _most_held(held: HeldMisconception) -> tuple[int, int, str, str]:
    return -len(held.learners), -len(held.possibly), held.mistake.exercise, held.mistake.name


def _stuck(data: AssignmentData, ways: Mapping[str, Sequence[WayToRight]]) -> tuple[Stuck, ...]:
    titles = {item.name: item.title for item in data.items}
    sentences = {(m.exercise, m.name): m.sentence for m in data.mistakes}
    found = [
        Stuck(
            learner,
            titles[way.exercise],
            way.tries,
            sentences.get((way.exercise, way.diagnosis or ""), ""),
        )
        for learner in data.learners
        for way in ways.get(learner.student.id, ())
        if way.seconds is None and way.tries >= MANY_TRIES
    ]
    return tuple(sorted(found, key=lambda stuck: -stuck.tries))


def _gains(data: AssignmentData) -> tuple[tuple[str, Gain], ...]:
    known = [learner for learner in data.graded if learner.opening is not None]
    teams = sorted({team_of(learner) for learner in known}, key=str.casefold)
    groups = [("The whole class", known)]
    groups += [(team, [lr for lr in known if team_of(lr) == team]) for team in teams]
    found = []
    for name, members in groups:
        before = [lr.opening for lr in members if lr.opening is not None]
        gain = normalised_gain(before, [earned(data, lr) for lr in members])
        if gain is not None:
            found.append((name, gain))
    return tuple(found)
