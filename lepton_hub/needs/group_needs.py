"""A group's knowledge, needs and opinions from its batches, and its recommended next module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_course.survey.asked import PACE, UNCLEAR
from lepton_course.survey.needs_assessment import Need, TeachNext, teach_next
from lepton_hub.catalogue.items import NotVisible
from lepton_hub.identity.person import Person
from lepton_hub.needs.counting import AFTER, BEFORE
from lepton_hub.needs.needs_tables import CountedBatch, CountedPerson, SurveyReply
from lepton_hub.needs.own_replies import CountedWith, groups_of
from lepton_hub.needs.survey_subjects import SurveySubject
from lepton_hub.permissions import Subject

MOSTLY_TAUGHT = 0.5
"""The fraction of those asked who must have reviewed a module for it to count as taught."""


@dataclass(frozen=True)
class ModuleOpinion:
    """What a group thinks of a module. useful: mean of 1 to 5. pace: people by answer.

    unclear: texts by members, in alphabetical order.
    """

    people: int
    useful: float
    pace: Mapping[str, int]
    unclear: tuple[str, ...]


@dataclass(frozen=True)
class GroupNeeds:
    """What may be shown about a group, by module id. next: the module to teach it next, if any."""

    group: CountedWith
    needs: Mapping[str, Need]
    opinions: Mapping[str, ModuleOpinion]
    next: TeachNext | None

    @property
    def modules(self) -> list[str]:
        """The modules with something to show, most needed first."""
        shown = {*self.needs, *self.opinions}
        return sorted(shown, key=lambda id_: (-self._need(id_), id_))

    def _need(self, module: str) -> float:
        return self.needs[module].need if module in self.needs else 0.0


def visible_groups(session: Session, person: Person) -> list[CountedWith]:
    """Return the groups whose sums a person may see: their own, or for administrators all."""
    if not person.admin:
        return groups_of(person)
    query = select(CountedBatch.kind, CountedBatch.name).distinct()
    found = {CountedWith(Subject(kind), name) for kind, name in session.execute(query)}
    return sorted({*found, *groups_of(person)}, key=lambda one: (one.kind != "team", one.name))


def needs_of(
    session: Session,
    person: Person,
    group: CountedWith,
    subjects: Mapping[str, SurveySubject],
) -> GroupNeeds:
    """Return a group's needs. Raises NotVisible if the person may not see them."""
    if not person.admin and group not in groups_of(person):
        raise NotVisible
    people: dict[tuple[str, str], int] = defaultdict(int)
    sums: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    query = select(CountedBatch).where(
        CountedBatch.kind == group.kind, CountedBatch.name == group.name
    )
    for batch in session.scalars(query):
        if batch.module in subjects:
            people[batch.module, batch.part] += batch.people
            for name, value in batch.sums.items():
                sums[batch.module, batch.part][name] += value
    texts = _unclear(session, group)
    needs, opinions = {}, {}
    for (module, part), count in people.items():
        found = sums[module, part]
        if part == BEFORE:
            means = (found[name] / count for name in ("known", "wanted", "need"))
            needs[module] = Need(count, *means)
        else:
            pace = {value: round(found[value]) for value in PACE.values}
            opinions[module] = ModuleOpinion(
                count, found["useful"] / count, pace, tuple(texts.get(module, ()))
            )
    left = [one.surveyed for id_, one in subjects.items() if not _is_taught(needs, opinions, id_)]
    return GroupNeeds(group, needs, opinions, teach_next(left, needs))


def _is_taught(
    needs: Mapping[str, Need], opinions: Mapping[str, ModuleOpinion], module: str
) -> bool:
    if module not in opinions:
        return False
    asked = needs[module].people if module in needs else 0
    return opinions[module].people >= MOSTLY_TAUGHT * asked


def _unclear(session: Session, group: CountedWith) -> dict[str, list[str]]:
    """Return texts by module from people in a sum, as they were when it was computed.

    A text written later would stand out against the texts shown the day before.
    """
    query = (
        select(SurveyReply.module, SurveyReply.answer)
        .join(
            CountedPerson,
            (CountedPerson.person == SurveyReply.person)
            & (CountedPerson.module == SurveyReply.module)
            & (CountedPerson.part == AFTER),
        )
        .join(CountedBatch, CountedBatch.id == CountedPerson.batch_id)
        .where(
            SurveyReply.question == UNCLEAR,
            SurveyReply.replied_at <= CountedBatch.made_at,
            CountedBatch.kind == group.kind,
            CountedBatch.name == group.name,
        )
    )
    found: dict[str, list[str]] = defaultdict(list)
    for module, text in session.execute(query).tuples():
        found[module].append(text)
    return {module: sorted(texts, key=str.casefold) for module, texts in found.items()}
