"""What somebody looks for, as conditions that the database reads with little work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from heapq import nlargest
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import existing, existing_ids
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import in_audience
from lepton_hub.knowledge.knowledge_tables import DiscussionThread
from lepton_hub.search.entry_ids import among
from lepton_hub.search.few_hits import few_found, is_rare, row_count
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_index import (
    FACTS,
    Rank,
    fact,
    is_postgres,
    matching,
    ranked,
)

_FEW_HITS = 3000
_MANY_HITS = 9000
_FEW_IN_LABELS = 1000
_PAGE = 200
_FEW_FOR_A_PAGE = 5000
_FEW_FOR_COUNTS = 40_000
"""Few hits are best checked one by one. For many, the database reads the ids of all that somebody
may see into a set, unless there are too many of those as well: then hits that they may see are not
rare, and soon enough are found. Counts look at many more hits than a page does, so a larger set
pays for them. Where few of the latest entries are hits, all of them are looked up with that set,
unless they are many."""
_OFTEN_ENOUGH = 8
"""Who sees an eighth of all finds a page among so many times its hits."""
_FEW_ENTRIES = 10_000
"""Where no more entries exist for somebody, hits that they may see are rare, however common a word
is: the database looks for the words in these entries alone."""


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
    where few entries have the words and facts, or few exist for them.
    """

    session: Session
    person: Person
    words: list[str]
    facts: list[str]
    visible: int | None = None
    found: dict[int, int] | None = None

    @property
    def looks(self) -> bool:
        """Whether words or facts are looked for, and not just the latest of all."""
        return bool(self.words or self.facts)

    def latest(
        self, *columns: Any, limit: int, rank: Rank | None = None, before: int | None = None
    ) -> Select[Any]:
        """Return the query for the latest of what is found, in order where `found` is None.

        columns: of SearchEntry. rank: of what has the words, only this; None: all. before: entries
        with a lower id alone. The database reads little more than it takes to reach the limit.
        """
        if self.found is not None:
            return among(self.session, columns, nlargest(limit, self.found))
        query, id_ = select(*columns), SearchEntry.id
        if self.looks:
            matches = matching(self.session, self.words, self.facts, rank)
            query = query.select_from(matches.table).join(SearchEntry, matches.is_entry)
            query, id_ = query.where(matches.condition), matches.id
        if before is not None:
            query = query.where(id_ < before)
        return query.where(self._exists(limit)).order_by(id_.desc()).limit(limit)

    def latest_ids(self, rank: Rank, limit: int, before: int | None) -> list[int]:
        """Return the ids of what is found of a rank, the latest first. See `latest`."""
        few = self._few_in_labels(rank)
        if few is None:
            query = self.latest(SearchEntry.id, limit=limit, rank=rank, before=before)
            return list(self.session.scalars(query))
        ids = sorted((id_ for id_ in few if before is None or id_ < before), reverse=True)
        found: list[int] = []
        some = _OFTEN_ENOUGH * limit
        for part in (ids[:some], ids[some:]):
            if part and len(found) < limit:
                query = among(self.session, (SearchEntry.id,), part, self._is_by_itself)
                found += sorted(self.session.scalars(query), reverse=True)
        return found[:limit]

    def _few_in_labels(self, rank: Rank) -> Sequence[int] | None:
        """Return the ids of all hits of a rank, whoever may see them; None: too many, or not asked.

        PostgreSQL thinks of no beginning of a word as rare: asked for the latest hits of a rank
        that is, it would look at all entries. (To tell how rare phrases are, it has to.)
        """
        if not self.words or rank not in (Rank.TITLE, Rank.LABELS) or not is_postgres(self.session):
            return None
        ids = matching(self.session, self.words, self.facts, rank).ids()
        some = self.session.scalars(ids.limit(_FEW_IN_LABELS + 1)).all()
        return some if len(some) <= _FEW_IN_LABELS else None

    def _exists(self, limit: int) -> ColumnElement[bool]:
        """Return the condition that an entry exists for the person. limit: how many shall be."""
        most = _FEW_FOR_A_PAGE if limit <= _PAGE else _FEW_FOR_COUNTS
        is_set = self.visible is not None and self.visible <= most
        return self._is_in_set if is_set else self._is_by_itself

    def exists_among(self, hits: ColumnElement[int]) -> ColumnElement[bool]:
        """Return the condition that an entry exists for the person, where it is one of few hits."""
        if self.person.admin or not is_postgres(self.session):
            return self._is_by_itself
        some = existing_ids(self.person).limit(_FEW_FOR_COUNTS + 1).subquery()
        visible = select(func.count()).select_from(some).scalar_subquery()
        pays = and_(hits > _FEW_HITS, visible <= _FEW_FOR_COUNTS)
        return case((pays, self._is_in_set), else_=self._is_by_itself)

    @cached_property
    def _is_by_itself(self) -> ColumnElement[bool]:
        item = existing(self.person).where(SharedItem.id == SearchEntry.item_id)
        return or_(_is_there(self.session, item, SharedItem.id), self._is_of_section)

    @cached_property
    def _is_in_set(self) -> ColumnElement[bool]:
        item_id: ColumnElement[Any] = SearchEntry.item_id
        if not is_postgres(self.session):
            # The + keeps SQLite from finding the entries of each of these items, then sorting.
            item_id = literal_column("+search_entries.item_id")
        return or_(item_id.in_(existing_ids(self.person)), self._is_of_section)

    @property
    def _is_of_section(self) -> ColumnElement[bool]:
        """The condition that an entry is of a thread about a section that the person may see."""
        thread = select(DiscussionThread).where(DiscussionThread.id == SearchEntry.thread_id)
        thread = thread.where(*_is_visible_section(self.person))
        is_there = _is_there(self.session, thread, DiscussionThread.id)
        return SearchEntry.item_id.is_(None) & is_there


def plan_search(session: Session, person: Person, filters: SearchFilters) -> SearchPlan:
    """Return how to look for something among what exists for a person."""
    told = {name: getattr(filters, name) for name in FACTS}
    facts = [fact(name, value) for name, value in told.items() if value is not None]
    plan = SearchPlan(session, person, filters.words, facts)
    if plan.looks:
        most = _MANY_HITS if is_rare(session, filters.words, facts) else _FEW_HITS
        found = few_found(session, filters.words, facts, plan.exists_among, most)
        if found is not None:
            return replace(plan, found=found)
    if person.admin:
        return plan
    plan = replace(plan, visible=row_count(session, existing_ids(person), _FEW_FOR_COUNTS))
    if not _has_few_entries(plan):
        return plan
    entries = existing_entries(person)
    return replace(plan, found=ranked(session, filters.words, facts, entries))


def existing_entries(person: Person) -> CompoundSelect[tuple[int]]:
    """Return the query for the ids of all entries that exist for a person."""
    thread = DiscussionThread
    about_items = select(SearchEntry.id).where(SearchEntry.item_id.in_(existing_ids(person)))
    about_sections = select(SearchEntry.id).join(thread, thread.id == SearchEntry.thread_id)
    is_there = (SearchEntry.item_id.is_(None), *_is_visible_section(person))
    return union_all(about_items, about_sections.where(*is_there))


def _has_few_entries(plan: SearchPlan) -> bool:
    """Return whether few entries exist for the person: items have posts as well."""
    if plan.visible is None or plan.visible > _FEW_ENTRIES:
        return False
    return row_count(plan.session, existing_entries(plan.person), _FEW_ENTRIES) is not None


def _is_there(session: Session, query: Select[Any], id_: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a query for at most one row has one.

    In PostgreSQL it is no EXISTS: where many rows may be asked about, even if a limit ends that
    soon, it would make a set of all that exists, which takes longer than the answer.
    """
    if not is_postgres(session):
        return query.exists()
    return query.with_only_columns(id_).scalar_subquery().is_not(None)


def _is_visible_section(person: Person) -> tuple[ColumnElement[bool], ...]:
    thread = DiscussionThread
    return thread.item_id.is_(None), thread.deleted_at.is_(None), in_audience(person)
