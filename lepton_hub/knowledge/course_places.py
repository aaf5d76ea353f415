"""Threads about a part of the course: a module, a notebook of it, a section of that."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import visible_threads
from lepton_hub.knowledge.knowledge_tables import DiscussionThread


def threads_within(
    session: Session, person: Person, place: str, limit: int
) -> tuple[Sequence[DiscussionThread], int]:
    """Return the threads about a place of the course and all that is in it, and how many there are.

    place: a module, or a notebook as MODULE/NOTEBOOK. They come section by section, and in each
    those where something happened last first; at most `limit`, of which the latest ones are kept.
    """
    query = visible_threads(person).where(_within(place))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    latest = query.order_by(DiscussionThread.changed_at.desc(), DiscussionThread.public_id.desc())
    found = session.scalars(latest.limit(limit)).all()
    return sorted(found, key=lambda thread: thread.section or ""), total


def _within(place: str) -> ColumnElement[bool]:
    """Return the condition that a thread is about a place; with capitals, which LIKE may ignore."""
    section = DiscussionThread.section
    start = func.substr(section, 1, len(place) + 1)
    return or_(section == place, start.in_([f"{place}/", f"{place}#"]))
