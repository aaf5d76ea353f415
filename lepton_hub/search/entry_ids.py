"""Ids of search entries, ordered by time of change, so that an index by id is one by time.

A posting list is sorted by entry id. So the latest entries that contain a word are found without
reading the others, however common the word is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from secrets import randbelow
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, cast, func, select, true
from sqlalchemy.orm import Session

from lepton_hub.search.search_tables import SearchEntry

IN_A_MICROSECOND = 1024
"""Ids per microsecond: 64 bits last until the year 2255."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def first_id(moment: datetime) -> int:
    """Return the lowest id for entries changed at a moment."""
    return (moment - _BEGINNING) // timedelta(microseconds=1) * IN_A_MICROSECOND


def free_id(session: Session, moment: datetime) -> int:
    """Return a free id for an entry changed at a moment.

    Its low bits are random, since ids appear in cursors and sequential ones would reveal others'
    activity. If a microsecond is full, as after an import, the next ones are used.
    """
    wanted = IN_A_MICROSECOND
    while True:
        id_ = first_id(moment) + randbelow(wanted)
        if session.scalar(select(SearchEntry.id).where(SearchEntry.id == id_)) is None:
            return id_
        wanted *= 2


def among(
    session: Session,
    columns: Sequence[Any],
    ids: list[int],
    *conditions: ColumnElement[bool],
    of: Any = SearchEntry.id,
) -> Select[Any]:
    """Return the query for columns of entries with these ids that meet some conditions.

    of: the column of ids, possibly of another table with a row per entry.
    """
    if session.get_bind().dialect.name == "postgresql":
        one_by_one = func.unnest(cast(ids, ARRAY(BigInteger)))
        some = one_by_one.table_valued("id", name="among").render_derived()
        # OFFSET 0 is an optimisation fence: each entry is looked up, instead of scanning all in a
        # join.
        each = select(*columns).where(of == some.c.id, *conditions).offset(0).lateral()
        return select(*each.c).select_from(some).join(each, true())
    listed = func.json_each(json.dumps(ids)).table_valued("value")
    return select(*columns).where(of.in_(select(listed.c.value)), *conditions)
