"""What somebody looks for, as conditions that the database reads with little work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import existing, existing_ids
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import in_audience
from lepton_hub.knowledge.knowledge_tables import DiscussionThread
from lepton_hub.search.search_tables import SearchEntry, SearchTag
from lepton_hub.search.word_index import Rank, is_postgres, matching

_FEW_HITS = 3000
_FEW_IDS = 20_000
"""SQLite checks few hits one by one. For many it reads the ids of all that somebody may see into a
set, unless there are too many of those as well: then hits that they may see are not rare."""


@dataclass(frozen=True)
class SearchFilters:
    """What is looked for. words: as `word_forms` has them, all of them; [] finds everything."""

    words: list[str] = field(default_factory=list)
    kind: str | None = None
    tag: str | None = None
    team: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class SearchPlan:
    """What somebody looks for. conditions: entries that exist for them and pass the filters."""

    session: Session
    words: list[str]
    conditions: list[ColumnElement[bool]]

    def latest(
        self, *columns: Any, rank: Rank | None = None, before: int | None = None
    ) -> Select[Any]:
        """Return the query for what is found, the latest first.

        columns: of SearchEntry. rank: of what has the words, only this; None: all. before: entries
        with a lower id alone. With a limit, the database reads no more than it takes to fill it.
        """
        query, id_ = select(*columns), SearchEntry.id
        if self.words:
            matches = matching(self.session, self.words, rank)
            query = query.select_from(matches.table).join(SearchEntry, matches.is_entry)
            query, id_ = query.where(matches.condition), matches.id
        if before is not None:
            query = query.where(id_ < before)
        return query.where(*self.conditions).order_by(id_.desc())


def plan_search(session: Session, person: Person, filters: SearchFilters) -> SearchPlan:
    """Return how to look for something among what exists for a person."""
    entry = SearchEntry
    equal = {entry.kind: filters.kind, entry.team: filters.team, entry.owner: filters.owner}
    conditions = [column == value for column, value in equal.items() if value is not None]
    by_set = not is_postgres(session) and not _matches_few(session, filters.words)
    if filters.tag is not None:
        tagged = select(SearchTag.entry_id).where(SearchTag.tag == filters.tag)
        each = tagged.where(SearchTag.entry_id == entry.id).exists()
        one = by_set and _at_most(session, tagged, _FEW_IDS)
        conditions.append(entry.id.in_(tagged) if one else each)
    ids = existing_ids(person)
    items = existing(person).where(SharedItem.id == entry.item_id).exists()
    if by_set and not person.admin and _at_most(session, ids, _FEW_IDS):
        items = entry.item_id.in_(ids)
    conditions.append(or_(items, _is_of_section(person)))
    return SearchPlan(session, filters.words, conditions)


def _is_of_section(person: Person) -> ColumnElement[bool]:
    """Return the condition that an entry is of a thread about a section that somebody may see."""
    thread = DiscussionThread
    query = select(thread.id).where(
        thread.id == SearchEntry.thread_id,
        thread.item_id.is_(None),
        thread.deleted_at.is_(None),
        in_audience(person),
    )
    return SearchEntry.item_id.is_(None) & query.exists()


def _matches_few(session: Session, words: list[str]) -> bool:
    if not words:
        return False
    matches = matching(session, words, None)
    hits = select(matches.id).select_from(matches.table).where(matches.condition)
    return _at_most(session, hits, _FEW_HITS)


def _at_most(session: Session, query: Any, number: int) -> bool:
    some = query.limit(number + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= number
