"""A person's answers to the survey, which only that person reads, replaces or withdraws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lepton_course.survey.asked import UNCLEAR, Valid, is_placement, tidy
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.needs.needs_tables import CountedPerson, SurveyMembership, SurveyReply
from lepton_hub.needs.survey_subjects import SurveySubject
from lepton_hub.permissions import Subject


@dataclass(frozen=True)
class CountedWith:
    """The group that a person's answers count for. kind: team or organisation."""

    kind: Subject
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


class NotTheirGroup(Exception):
    """Somebody chose a group they do not belong to."""


class NoSuchReply(Exception):
    """There is no such module, question or answer; the message says which."""


def groups_of(person: Person) -> list[CountedWith]:
    """Return the groups a person may count for, whose sums they may see."""
    teams = [CountedWith(Subject.TEAM, team) for team in sorted(person.teams)]
    if person.organisation is not None:
        teams.append(CountedWith(Subject.ORGANISATION, person.organisation))
    return teams


def group_of(person: Person, told: str | None) -> CountedWith | None:
    """Return the group that `team:NAME` or `organisation` names. Raises NotTheirGroup."""
    if told is None:
        return None
    kind, _, name = told.partition(":")
    if kind == Subject.ORGANISATION:
        name = person.organisation or ""
    found = [group for group in groups_of(person) if (group.kind, group.name) == (kind, name)]
    if not found:
        raise NotTheirGroup(told)
    return found[0]


def replies_of(session: Session, person: Person) -> Valid:
    """Return a person's current answers by module and question."""
    query = select(SurveyReply).where(SurveyReply.person == person.name)
    return {(one.module, one.question): one.answer for one in session.scalars(query)}


def counted_with(session: Session, person: Person) -> CountedWith | None:
    """Return the group a person counts for, or None.

    For somebody who has left their group the answer is None, so their membership is deleted here to
    make it true.
    """
    known = session.get(SurveyMembership, person.name)
    if known is None:
        return None
    group = CountedWith(Subject(known.kind), known.name)
    if group in groups_of(person):
        return group
    count_with(session, person, None)
    return None


def counted_parts(session: Session, person: Person) -> set[tuple[str, str]]:
    """Return the sums that include a person: module, and "before" or "after"."""
    query = select(CountedPerson.module, CountedPerson.part).where(
        CountedPerson.person == person.name
    )
    return set(session.execute(query).tuples())


def replace_replies(
    session: Session,
    person: Person,
    subjects: Mapping[str, SurveySubject],
    told: Iterable[tuple[str, str, str]],
    module: str | None = None,
    moment: datetime | None = None,
) -> int:
    """Replace a person's answers; return the number of answers.

    told: module, question and answer. module: replace only the answers about this one. For a
    placement question the first answer stays, since its explanation is then shown. Raises
    NoSuchReply.
    """
    wanted = {}
    for about, question, answer in told:
        if about not in subjects or not subjects[about].takes(question, answer):
            raise NoSuchReply(f"{about}, {question}: {answer[:40]}")
        wanted[about, question] = tidy(answer) if question == UNCLEAR else answer
    query = select(SurveyReply).where(SurveyReply.person == person.name)
    if module is not None:
        query = query.where(SurveyReply.module == module)
    moment = moment or now()
    counted_with(session, person)
    for row in session.scalars(query).all():
        answer = wanted.pop((row.module, row.question), None)
        if answer is None:
            session.delete(row)
        elif answer != row.answer and not is_placement(row.question):
            row.answer = answer
            row.replied_at = moment
    for (about, question), answer in wanted.items():
        session.add(
            SurveyReply(
                person=person.name,
                module=about,
                question=question,
                answer=answer,
                replied_at=moment,
            )
        )
    session.flush()
    return len(replies_of(session, person))


def count_with(
    session: Session, person: Person, group: CountedWith | None, moment: datetime | None = None
) -> None:
    """Set the group that a person's answers count for; None for no group."""
    known = session.get(SurveyMembership, person.name)
    if group is None:
        if known is not None:
            session.delete(known)
    elif known is None:
        session.add(
            SurveyMembership(
                person=person.name, kind=group.kind, name=group.name, chosen_at=moment or now()
            )
        )
    elif (known.kind, known.name) != (group.kind, group.name):
        known.kind = group.kind
        known.name = group.name
        known.chosen_at = moment or now()
    session.flush()


def take_back(session: Session, person: str) -> int:
    """Delete a person's answers and membership; return the number of answers.

    What was counted stays in its sum: removing it would reveal the person's answers as a
    difference.
    """
    deleted = session.execute(delete(SurveyReply).where(SurveyReply.person == person))
    session.execute(delete(SurveyMembership).where(SurveyMembership.person == person))
    return deleted.rowcount


def forget_respondent(session: Session, person: str) -> int:
    """Delete all the survey has of a person, even that they took part; return the count."""
    number = take_back(session, person)
    return (
        number
        + session.execute(delete(CountedPerson).where(CountedPerson.person == person)).rowcount
    )
