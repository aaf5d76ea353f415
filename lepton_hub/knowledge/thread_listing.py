"""List threads, most recently active first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from lepton_hub.database.moments import moment_and_key
from lepton_hub.database.unindexed import Unindexed
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import every_visible_thread, visible_threads
from lepton_hub.knowledge.document_fields import without_track
from lepton_hub.knowledge.knowledge_tables import DiscussionThread, ThreadTag


@dataclass(frozen=True)
class ThreadFilters:
    """Filters for threads. item: its row id; answered: applies to questions only."""

    item: int | None = None
    section: str | None = None
    kind: str | None = None
    tag: str | None = None
    made_by: str | None = None
    answered: bool | None = None


def list_threads(
    session: Session,
    person: Person,
    filters: ThreadFilters,
    limit: int,
    before: tuple[datetime, str] | None,
) -> tuple[Sequence[DiscussionThread], int]:
    """Return a page of threads, most recently active first, and the total.

    before: the last activity and public id of the last thread on the previous page.
    """
    thread = DiscussionThread
    equal = {
        thread.section: filters.section and without_track(filters.section),
        thread.kind: filters.kind,
        thread.made_by: filters.made_by,
    }
    if filters.item is None:
        query = every_visible_thread(person)
    else:  # visible to those who may see the item
        query = visible_threads(person).where(thread.item_id == filters.item)
    wanted = ((column, value) for column, value in equal.items() if value is not None)
    query = query.where(*(Unindexed(column) == value for column, value in wanted))
    if filters.tag is not None:
        query = query.where(thread.tags.any(ThreadTag.tag == filters.tag))
    if filters.answered is not None:
        query = query.where(
            thread.kind == "question", thread.accepted_id.is_not(None) == filters.answered
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if before is not None:
        query = query.where(tuple_(*latest_first()) < moment_and_key(*before))
    order = (one.desc() for one in latest_first())
    return session.scalars(query.order_by(*order).limit(limit)).all(), total


def latest_first() -> tuple[ColumnElement[Any], ...]:
    """Return the columns that order lists of threads, descending: the last activity first.

    Their index is not used, since it would lead through hidden threads.
    """
    return Unindexed(DiscussionThread.changed_at), Unindexed(DiscussionThread.public_id)
