"""What somebody looks for, as conditions that the database reads with little work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import existing, existing_ids
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import in_audience
from lepton_hub.knowledge.knowledge_tables import DiscussionThread
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_index import (
    FACTS,
    Rank,
    WordMatches,
    fact,
    is_postgres,
    matching,
    rank_in,
)

_FEW_HITS = 3000
_VERY_FEW_HITS = 500
_PAGE = 200
_FEW_FOR_A_PAGE = 5000
_FEW_FOR_COUNTS = 40_000
"""Very few hits are best checked one by one, in SQLite also few. For many, the database reads the
ids of all that somebody may see into a set, unless there are too many of those as well: then hits
that they may see are not rare, and soon enough are found. Counts look at many more hits than a
page does, so a larger set pays for them."""


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

    facts: the filters' (see `word_index`). visible: how many ids a set of all that exists for them
    would have; None: too many, or it would not pay. found: the rank of all that is found, by id,
    where few entries have the words and facts; in PostgreSQL alone.
    """

    session: Session
    person: Person
    words: list[str]
    facts: list[str]
    visible: int | None
    found: dict[int, int] | None = None

    def latest(
        self, *columns: Any, limit: int, rank: Rank | None = None, before: int | None = None
    ) -> Select[Any]:
        """Return the query for what is found, the latest first.

        columns: of SearchEntry. rank: of what has the words, only this; None: all. before: entries
        with a lower id alone. The database reads little more than it takes to reach the limit.
        """
        query, id_ = select(*columns), SearchEntry.id
        if self.found is not None:
            return _among(query, self.found).order_by(id_.desc()).limit(limit)
        if self.words or self.facts:
            matches = matching(self.session, self.words, self.facts, rank)
            # PostgreSQL thinks of no beginning of a word as rare: asked for the latest hits of a
            # rank that is, it would look at all entries.
            by_rank = rank is not None and is_postgres(self.session)
            few = _few(self.session, _hits(matches)) if by_rank else None
            if few is not None:
                query = _among(query, few)
            else:
                query = query.select_from(matches.table).join(SearchEntry, matches.is_entry)
                query, id_ = query.where(matches.condition), matches.id
        if before is not None:
            query = query.where(id_ < before)
        return query.where(self.exists(limit)).order_by(id_.desc()).limit(limit)

    def exists(self, limit: int) -> ColumnElement[bool]:
        """Return the condition that an entry exists for the person. limit: how many shall be."""
        return or_(self._item_exists(limit), _is_of_section(self.person))

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
    few = False
    ranks = visible = None
    if filters.words or facts:
        matches = matching(session, filters.words, facts, None)
        if is_postgres(session):
            ranks = _few_ranks(session, matches, filters.words)
            few = ranks is not None and len(ranks) <= _VERY_FEW_HITS
        else:
            few = _few(session, _hits(matches)) is not None
    if not few and not person.admin:
        visible = _size(session, existing_ids(person), _FEW_FOR_COUNTS)
    plan = SearchPlan(session, person, filters.words, facts, visible)
    if ranks is None:
        return plan
    query = _among(select(SearchEntry.id), ranks).where(plan.exists(len(ranks)))
    return replace(plan, found={id_: ranks[id_] for id_ in session.scalars(query)})


def _among(query: Select[Any], ids: Iterable[int]) -> Select[Any]:
    """Return a query for entries with these ids alone, in PostgreSQL."""
    one_by_one = func.unnest(cast(list(ids), ARRAY(BigInteger)))
    among = one_by_one.table_valued("id", name="among").render_derived()
    return query.join(among, among.c.id == SearchEntry.id)


def _few_ranks(session: Session, matches: WordMatches, words: list[str]) -> dict[int, int] | None:
    """Return the ranks of all hits, by id; None: they are many."""
    query = _hits(matches).add_columns(rank_in(matches, words).label("rank"))
    rows = session.execute(query.limit(_FEW_HITS + 1)).tuples().all()
    return dict(rows) if len(rows) <= _FEW_HITS else None


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
