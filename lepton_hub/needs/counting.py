"""Compute sums of answers such that no combination of sums covers fewer than five people.

A sum is computed once over at least five people of one group (a **batch**) and never changes again.
For each module, a person is in at most one batch of one group. So all batches about a module are
disjoint, and any combination of sums, including ones somebody wrote down long ago, covers everybody
in at least one batch.

Therefore what was counted stays counted: an answer that is changed or withdrawn later is deleted,
but stays in the sum. An answer is counted only after a day, so that there is time to change it, and
so that colleagues who answer on the same day are counted together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_course.survey.asked import FEWEST_PEOPLE, PACE, UNCLEAR, Valid
from lepton_course.survey.needs_assessment import known_and_wanted, need_of, useful_and_pace
from lepton_hub.audit import append
from lepton_hub.needs.needs_tables import (
    CountedBatch,
    CountedPerson,
    SurveyMembership,
    SurveyReply,
)
from lepton_hub.needs.survey_subjects import SurveySubject

SETTLING = timedelta(days=1)
"""How long an answer must stay unchanged before it is counted."""
BEFORE, AFTER = "before", "after"

Place = tuple[str, str, str, str]
"""A group's kind and name, a module, and the part of the survey."""


@dataclass(frozen=True)
class SettledReplies:
    """One person's answers about one module, and the group they count for."""

    person: str
    kind: str
    name: str
    module: str
    answers: Valid


def contributions(
    settled: Iterable[SettledReplies],
    subjects: Mapping[str, SurveySubject],
    counted: set[tuple[str, str, str]],
) -> dict[Place, dict[str, dict[str, float]]]:
    """Return each person's contribution to each sum: by batch place, person and the sum's name.

    counted: (person, module, part) of those already in a sum.
    """
    found: dict[Place, dict[str, dict[str, float]]] = defaultdict(dict)
    for one in settled:
        subject = subjects.get(one.module)
        if subject is None:
            continue
        for part, values in _parts(one.answers, subject):
            if (one.person, one.module, part) not in counted:
                found[one.kind, one.name, one.module, part][one.person] = values
    return found


def count_settled(
    session: Session, subjects: Mapping[str, SurveySubject], moment: datetime
) -> list[CountedBatch]:
    """Compute all sums for which at least five people of a group have settled answers."""
    counted = set(
        session.execute(
            select(CountedPerson.person, CountedPerson.module, CountedPerson.part)
        ).tuples()
    )
    waiting = contributions(_settled(session, moment - SETTLING), subjects, counted)
    made = []
    for (kind, name, module, part), people in sorted(waiting.items()):
        if len(people) < FEWEST_PEOPLE:
            continue
        sums: dict[str, float] = defaultdict(float)
        for values in people.values():
            for key, value in values.items():
                sums[key] += value
        batch = CountedBatch(
            kind=kind,
            name=name,
            module=module,
            part=part,
            people=len(people),
            sums=dict(sums),
            made_at=moment,
        )
        session.add(batch)
        session.flush()
        for person in sorted(people):
            session.add(CountedPerson(person=person, module=module, part=part, batch_id=batch.id))
        made.append(batch)
    session.flush()
    for batch in made:
        append(
            session,
            actor="hub",
            action="survey.count",
            subject=f"{batch.kind}:{batch.name}",
            detail={"module": batch.module, "part": batch.part, "people": batch.people},
        )
    return made


def _settled(session: Session, until: datetime) -> Iterator[SettledReplies]:
    """Yield the answers that have not changed since a moment."""
    rows = session.execute(
        select(SurveyReply, SurveyMembership.kind, SurveyMembership.name)
        .join(SurveyMembership, SurveyMembership.person == SurveyReply.person)
        .where(SurveyMembership.chosen_at <= until)
    ).tuples()
    found: dict[tuple[str, str, str, str], list[SurveyReply]] = defaultdict(list)
    for reply, kind, name in rows:
        found[reply.person, kind, name, reply.module].append(reply)
    for (person, kind, name, module), replies in found.items():
        if all(one.replied_at <= until for one in replies if one.question != UNCLEAR):
            answers = {(module, one.question): one.answer for one in replies}
            yield SettledReplies(person, kind, name, module, answers)


def _parts(answers: Valid, subject: SurveySubject) -> Iterator[tuple[str, dict[str, float]]]:
    before = known_and_wanted(answers, subject.id, len(subject.questions))
    if before is not None:
        known, wanted = before
        yield BEFORE, {"known": known, "wanted": wanted, "need": need_of(known, wanted)}
    after = useful_and_pace(answers, subject.id)
    if after is not None:
        useful, pace = after
        yield (
            AFTER,
            {
                "useful": float(useful),
                **{value: float(value == pace) for value in PACE.values},
            },
        )
