"""Search over items, documents and discussions: only among what exists for who asks.

Ranking: first what has all words in its title, then in title and tags, then as a phrase, then
anywhere; what changed last comes first among equals. So the order depends on what is found alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import existing, existing_ids
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import visible_threads
from lepton_hub.knowledge.knowledge_tables import DiscussionThread, ThreadPost
from lepton_hub.search.search_tables import SearchEntry, SearchTag
from lepton_hub.search.word_index import matches_few, matching

MOST_VALUES = 50
"""How many values of a facet are counted, the commonest ones."""

Place = tuple[int, datetime, str]
"""A rank, when it was changed, and the entry's public id."""


@dataclass(frozen=True)
class SearchFilters:
    """What is looked for. words: as `word_forms` has them, all of them; [] finds everything."""

    words: list[str] = field(default_factory=list)
    kind: str | None = None
    tag: str | None = None
    team: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class SearchHit:
    """What was found. item: the item, or the one that a post is about. place: for the next page."""

    entry: SearchEntry
    item: SharedItem | None
    thread: DiscussionThread | None
    post: ThreadPost | None
    place: Place


def search(
    session: Session, person: Person, filters: SearchFilters, limit: int, after: Place | None
) -> Sequence[SearchHit]:
    """Return what is found, the best first.

    after: the place of the last hit of the page before.
    """
    found = _found(session, person, filters)
    rank = _rank(session, filters.words)
    columns = found.with_only_columns(
        SearchEntry.id, SearchEntry.public_id, SearchEntry.changed_at, rank.label("rank")
    ).subquery()
    query = select(columns.c.id, columns.c.rank)
    if after is not None:
        query = query.where(_comes_after(columns.c, after))
    order = [columns.c.changed_at.desc(), columns.c.public_id]
    if filters.words:  # else all have one rank, and the index of the moments gives the first ones
        order.insert(0, columns.c.rank)
    rows = session.execute(query.order_by(*order).limit(limit)).tuples().all()
    return _hits(session, rows)


def count_facets(
    session: Session, person: Person, filters: SearchFilters
) -> tuple[int, dict[str, dict[str, int]]]:
    """Return how much is found, and how much of each kind, tag, team and owner."""
    columns = (SearchEntry.id, SearchEntry.kind, SearchEntry.team, SearchEntry.owner)
    entries = _found(session, person, filters).with_only_columns(*columns).cte("found")
    entries = entries.prefix_with("MATERIALIZED")  # what is found is worked out once
    number = func.count().label("number")
    # Not a join, for which SQLite would read the tags of all entries.
    tags = select(SearchTag.tag, number).where(SearchTag.entry_id.in_(select(entries.c.id)))
    counted = {
        "kind": select(entries.c.kind, number),
        "tag": tags,
        "team": select(entries.c.team, number).where(entries.c.team.is_not(None)),
        "owner": select(entries.c.owner, number),
    }
    total = select(literal("total", String), literal("", String), func.count()).select_from(entries)
    facets = (_counts(name, query) for name, query in counted.items())
    found: dict[str, dict[str, int]] = {name: {} for name in ("total", *counted)}
    for name, value, count in session.execute(union_all(total, *facets)):
        found[name][value] = count
    return found.pop("total")[""], {name: _commonest(counts) for name, counts in found.items()}


def _found(session: Session, person: Person, filters: SearchFilters) -> Select[tuple[SearchEntry]]:
    entry = SearchEntry
    threads = visible_threads(person).where(DiscussionThread.id == entry.thread_id)
    sections = threads.where(DiscussionThread.item_id.is_(None))
    if filters.words and matches_few(session, filters.words):
        items = existing(person).where(SharedItem.id == entry.item_id).exists()
    else:
        items = entry.item_id.in_(existing_ids(person))
    query = select(entry).where(or_(items, and_(entry.item_id.is_(None), sections.exists())))
    equal = {entry.kind: filters.kind, entry.team: filters.team, entry.owner: filters.owner}
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.tag is not None:
        query = query.where(
            entry.id.in_(select(SearchTag.entry_id).where(SearchTag.tag == filters.tag))
        )
    if filters.words:
        query = query.where(matching(session, filters.words, "anywhere"))
    return query


def _rank(session: Session, words: list[str]) -> ColumnElement[int]:
    if not words:
        return literal(0, Integer)
    places = [(matching(session, words, "title"), 0), (matching(session, words, "labels"), 1)]
    if len(words) > 1:
        places.append((matching(session, words, "phrase"), 2))
    return case(*places, else_=3)


def _comes_after(columns: object, place: Place) -> ColumnElement[bool]:
    rank, changed_at, public_id = place
    same_rank = columns.rank == rank
    return or_(
        columns.rank > rank,
        and_(same_rank, columns.changed_at < changed_at),
        and_(same_rank, columns.changed_at == changed_at, columns.public_id > public_id),
    )


def _hits(session: Session, rows: Sequence[tuple[int, int]]) -> list[SearchHit]:
    query = (
        select(SearchEntry, SharedItem, DiscussionThread, ThreadPost)
        .outerjoin(SharedItem, SharedItem.id == SearchEntry.item_id)
        .outerjoin(DiscussionThread, DiscussionThread.id == SearchEntry.thread_id)
        .outerjoin(ThreadPost, ThreadPost.id == SearchEntry.post_id)
        .where(SearchEntry.id.in_([number for number, _ in rows]))
    )
    known = {row[0].id: row for row in session.execute(query).tuples()}
    return [
        SearchHit(
            *known[number],
            place=(rank, known[number][0].changed_at, known[number][0].public_id),
        )
        for number, rank in rows
    ]


def _counts(name: str, query: Select[tuple[str, int]]) -> Select[tuple[str, str, int]]:
    """Return the query for the commonest values of a facet."""
    value = list(query.selected_columns)[0]
    query = query.group_by(value).order_by(func.count().desc(), value).limit(MOST_VALUES)
    rows = query.subquery()
    return select(literal(name, String), rows.c[0], rows.c[1])


def _commonest(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
