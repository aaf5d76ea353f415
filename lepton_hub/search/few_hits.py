"""All that is found, with its ranks, where few entries have the words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, null, select, true, union_all
from sqlalchemy.orm import Session

from lepton_hub.search.entry_ids import among
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_index import is_postgres, matching, postgres_rank, ranked

_LATEST = 1000
_RARE = 0.08


Condition = Callable[[ColumnElement[int]], ColumnElement[bool]]
"""That an entry exists for who asks, where it is one of so many hits."""


def few_found(
    session: Session, words: list[str], facts: list[str], exists: Condition, most: int
) -> dict[int, int] | None:
    """Return the rank of all that has words and facts, by the entry's id.

    exists: of these alone. Returns None where more than `most` have the words, whether they exist
    for who asks or not.
    """
    find = _in_postgres if is_postgres(session) else _in_sqlite
    return find(session, words, facts, exists, most)


def is_rare(session: Session, words: list[str], facts: list[str]) -> bool:
    """Return whether few of the latest entries have words and facts.

    PostgreSQL would then look at many entries, from the latest on, to find some.
    """
    if not is_postgres(session):
        return False
    matches = matching(session, words, facts, None)
    has = matches.condition.label("has")
    latest = select(has).select_from(matches.table).order_by(matches.id.desc()).limit(_LATEST)
    some = latest.subquery()
    number = session.scalar(select(func.count()).select_from(some).where(some.c.has)) or 0
    return number < _LATEST * _RARE


def row_count(session: Session, query: Any, most: int) -> int | None:
    """Return how many rows a query has; None: more than `most`."""
    some = query.limit(most + 1).subquery()
    number = session.scalar(select(func.count()).select_from(some)) or 0
    return number if number <= most else None


def _in_postgres(
    session: Session, words: list[str], facts: list[str], exists: Condition, most: int
) -> dict[int, int] | None:
    """Ask once: what has the words is looked up once, and each question is planned anew.

    The first row has no id; it says how many have the words. It is the only one where these are
    too many.
    """
    matches = matching(session, words, facts, None)
    hits = matches.ids().limit(most + 1).cte("hits").prefix_with("MATERIALIZED")
    count = select(func.count()).select_from(hits)
    number = count.scalar_subquery()
    # Because of the OFFSET each is looked up, where all entries might be read to join them.
    visible = select(SearchEntry.id).where(SearchEntry.id == hits.c.id, exists(number))
    visible = visible.offset(0).lateral()
    found = (
        select(hits.c.id, postgres_rank(matches.table, words))
        .select_from(hits)
        .join(visible, true())
        .join(matches.table, matches.id == visible.c.id)
        .where(number <= literal(most))
    )
    no_id = cast(null(), BigInteger)
    rows = session.execute(union_all(count.with_only_columns(no_id, func.count()), found)).tuples()
    ranks = dict(rows.all())
    return ranks if ranks.pop(None) <= most else None


def _in_sqlite(
    session: Session, words: list[str], facts: list[str], exists: Condition, most: int
) -> dict[int, int] | None:
    if row_count(session, matching(session, words, facts, None).ids(), most) is None:
        return None
    ranks = ranked(session, words, facts)
    condition = exists(literal(len(ranks)))
    query = among(session, (SearchEntry.id,), list(ranks), condition)
    return {id_: ranks[id_] for id_ in session.scalars(query)}
