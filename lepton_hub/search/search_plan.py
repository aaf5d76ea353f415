"""Plan a search: its filters, and the queries that answer it efficiently."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from heapq import nlargest
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import existing
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import in_audience
from lepton_hub.knowledge.knowledge_tables import DiscussionThread
from lepton_hub.search.audiences import audiences_of
from lepton_hub.search.entry_ids import among
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_index import word_index
from lepton_hub.search.word_query import FACTS, Rank, WordQuery, fact


@dataclass(frozen=True)
class SearchFilters:
    """Search filters. words: normalised by `word_forms`, all required; [] matches everything."""

    words: list[str] = field(default_factory=list)
    kind: str | None = None
    tag: str | None = None
    team: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class SearchPlan:
    """A person's search and how to run it.

    found: the ranks of all hits by entry id, if there are few. The index yields hits within the
    person's audiences (see `audiences`), which are then filtered by `visible_to` and `in_audience`:
    an outdated index could miss hits, but never leak any.
    """

    session: Session
    person: Person
    query: WordQuery
    found: dict[int, int] | None = None

    def latest(self, *columns: Any, limit: int) -> Select[Any]:
        """Return the query for columns of the most recently changed hits."""
        if self.found is not None:
            return among(self.session, columns, nlargest(limit, self.found), self._exists)
        return word_index(self.session).latest(self.query, columns, self._exists).limit(limit)

    def latest_ids(self, rank: Rank, limit: int, before: int | None) -> list[int]:
        """Return the ids of a rank's latest entries, in order. before: only lower ids."""
        index = word_index(self.session)
        query = index.latest(self.query, (SearchEntry.id,), self._exists, rank, before)
        return list(self.session.scalars(query.limit(limit)))

    def existing_among(self, ids: list[int]) -> set[int]:
        """Return those of some entries that the person may see."""
        return set(self.session.scalars(among(self.session, (SearchEntry.id,), ids, self._exists)))

    @cached_property
    def _exists(self) -> ColumnElement[bool]:
        """The condition that the person may see an entry."""
        item = existing(self.person).where(SharedItem.id == SearchEntry.item_id)
        thread = select(DiscussionThread).where(
            DiscussionThread.id == SearchEntry.thread_id,
            DiscussionThread.item_id.is_(None),
            DiscussionThread.deleted_at.is_(None),
            in_audience(self.person),
        )
        of_section = SearchEntry.item_id.is_(None) & self._is_there(thread, DiscussionThread.id)
        return or_(self._is_there(item, SharedItem.id), of_section)

    def _is_there(self, query: Select[Any], id_: ColumnElement[int]) -> ColumnElement[bool]:
        """Return the condition that a query for at most one row returns one.

        In PostgreSQL it avoids EXISTS: if many rows may be tested, even under a small LIMIT, the
        planner would hash all visible rows, which takes longer than the query.
        """
        if self.session.get_bind().dialect.name != "postgresql":
            return query.exists()
        return query.with_only_columns(id_).scalar_subquery().is_not(None)


def plan_search(session: Session, person: Person, filters: SearchFilters) -> SearchPlan:
    """Return the plan of a search over what a person may see."""
    told = {name: getattr(filters, name) for name in FACTS}
    facts = [fact(name, value) for name, value in told.items() if value is not None]
    query = WordQuery(audiences_of(person), filters.words, facts)
    is_all = not filters.words and not facts
    return SearchPlan(session, person, query, None if is_all else word_index(session).few(query))
