"""All that is found, with its ranks, where few entries have the words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from lepton_hub.search.entry_ids import among
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_index import is_postgres, matching, postgres_rank, ranked


def few_found(
    session: Session, words: list[str], facts: list[str], exists: ColumnElement[bool], most: int
) -> dict[int, int] | None:
    """Return the rank of all that has words and facts, by the entry's id.

    exists: the condition that an entry exists for who asks: of these alone. Returns None where more
    than `most` have the words, whether they exist for them or not.
    """
    find = _in_postgres if is_postgres(session) else _in_sqlite
    return find(session, words, facts, exists, most)


def row_count(session: Session, query: Any, most: int) -> int | None:
    """Return how many rows a query has; None: more than `most`."""
    some = query.limit(most + 1).subquery()
    number = session.scalar(select(func.count()).select_from(some)) or 0
    return number if number <= most else None


def _in_postgres(
    session: Session, words: list[str], facts: list[str], exists: ColumnElement[bool], most: int
) -> dict[int, int] | None:
    """Ask once: what has the words is looked up once, and each question is planned anew.

    The first row has no id; it says how many have the words. It is the only one where these are
    too many.
    """
    matches = matching(session, words, facts, None)
    hits = matches.ids().limit(most + 1).cte("hits").prefix_with("MATERIALIZED")
    number = select(func.count()).select_from(hits)
    found = (
        select(hits.c.id, postgres_rank(matches.table, words))
        .select_from(hits)
        .join(SearchEntry, SearchEntry.id == hits.c.id)
        .join(matches.table, matches.id == hits.c.id)
        .where(number.scalar_subquery() <= literal(most), exists)
    )
    no_id = cast(null(), BigInteger)
    rows = session.execute(union_all(number.with_only_columns(no_id, func.count()), found)).tuples()
    ranks = dict(rows.all())
    return ranks if ranks.pop(None) <= most else None


def _in_sqlite(
    session: Session, words: list[str], facts: list[str], exists: ColumnElement[bool], most: int
) -> dict[int, int] | None:
    if row_count(session, matching(session, words, facts, None).ids(), most) is None:
        return None
    ranks = ranked(session, words, facts)
    query = among(session, select(SearchEntry.id), list(ranks)).where(exists)
    return {id_: ranks[id_] for id_ in session.scalars(query)}
