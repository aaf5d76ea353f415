"""What somebody looks for, as conditions that the database reads with little work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import existing, existing_ids
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import in_audience
from lepton_hub.knowledge.knowledge_tables import DiscussionThread
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_index import FACTS, Rank, WordMatches, fact, is_postgres, matching

_FEW_HITS = 2000
_PAGE = 200
_FEW_FOR_A_PAGE = 5000
_FEW_FOR_COUNTS = 40_000
"""Few hits are best checked one by one. For many, the database reads the ids of all that somebody
may see into a set, unless there are too many of those as well: then hits that they may see are not
rare, and soon enough are found. Counts look at many more hits than a page does, so a larger set
pays for them."""


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
    """What somebody looks for, and how.

    facts: the filters' (see `word_index`). hits: the ids of all entries that have these and the
    words, where they are few; None: many. visible: how many ids a set of all that exists for them
    would have; None: too many, or it would not pay.
    """

    session: Session
    person: Person
    words: list[str]
    facts: list[str]
    hits: list[int] | None
    visible: int | None

    def latest(
        self, *columns: Any, limit: int, rank: Rank | None = None, before: int | None = None
    ) -> Select[Any]:
        """Return the query for what is found, the latest first.

        columns: of SearchEntry. rank: of what has the words, only this; None: all. before: entries
        with a lower id alone. The database reads little more than it takes to reach the limit.
        """
        query, id_ = select(*columns), SearchEntry.id
        if self.words or self.facts:
            matches = matching(self.session, self.words, self.facts, rank)
            hits = self._few_hits(matches, rank) if is_postgres(self.session) else None
            if hits is not None:
                query = query.where(id_.in_(hits))
            else:
                query = query.select_from(matches.table).join(SearchEntry, matches.is_entry)
                query, id_ = query.where(matches.condition), matches.id
        if before is not None:
            query = query.where(id_ < before)
        exists = or_(self._item_exists(limit), _is_of_section(self.person))
        return query.where(exists).order_by(id_.desc()).limit(limit)

    def _few_hits(self, matches: WordMatches, rank: Rank | None) -> list[int] | None:
        """Return the ids of all hits of a rank, where they are few.

        PostgreSQL thinks of no beginning of a word as rare: asked for the latest hits, it would
        look at all entries.
        """
        if rank is None or self.hits == []:
            return self.hits
        query = _hits(matches)
        if self.hits is not None:
            query = query.where(matches.id.in_(self.hits))
        return _few(self.session, query)

    def _item_exists(self, limit: int) -> ColumnElement[bool]:
        most = _FEW_FOR_A_PAGE if limit <= _PAGE else _FEW_FOR_COUNTS
        item_id: ColumnElement[Any] = SearchEntry.item_id
        looks = bool(self.words or self.facts)
        if is_postgres(self.session):
            most = most if looks else _FEW_FOR_COUNTS
        elif looks or (self.visible or 0) > _FEW_FOR_A_PAGE:
            # The + keeps SQLite from finding the entries of each of these items, then sorting.
            item_id = literal_column("+search_entries.item_id")
        if self.visible is not None and self.visible <= most:
            return item_id.in_(existing_ids(self.person))
        return existing(self.person).where(SharedItem.id == SearchEntry.item_id).exists()


def plan_search(session: Session, person: Person, filters: SearchFilters) -> SearchPlan:
    """Return how to look for something among what exists for a person."""
    told = {name: getattr(filters, name) for name in FACTS}
    facts = [fact(name, value) for name, value in told.items() if value is not None]
    hits = visible = None
    if filters.words or facts:
        hits = _few(session, _hits(matching(session, filters.words, facts, None)))
    if hits is None and not person.admin:
        visible = _size(session, existing_ids(person), _FEW_FOR_COUNTS)
    return SearchPlan(session, person, filters.words, facts, hits, visible)


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


def _hits(matches: WordMatches) -> Select[tuple[int]]:
    return select(matches.id.label("id")).select_from(matches.table).where(matches.condition)


def _few(session: Session, hits: Select[tuple[int]]) -> list[int] | None:
    """Return the ids of hits; None: they are many."""
    ids = list(session.scalars(hits.limit(_FEW_HITS + 1)))
    return ids if len(ids) <= _FEW_HITS else None


def _size(session: Session, query: Any, most: int) -> int | None:
    """Return how many rows a query has; None: more than `most`."""
    some = query.limit(most + 1).subquery()
    number = session.scalar(select(func.count()).select_from(some)) or 0
    return number if number <= most else None
