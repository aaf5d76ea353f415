"""The ids of search entries: by when they were changed, so that an index of ids is one of moments.

The index of words keeps the entries of a word by their ids. So the latest ones that have a word are
found without looking at the others, however common it is.
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
"""How many ids there are for a microsecond: 64 bits last until the year 2255."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def first_id(moment: datetime) -> int:
    """Return the lowest id of entries that were changed at a moment."""
    return (moment - _BEGINNING) // timedelta(microseconds=1) * IN_A_MICROSECOND


def free_id(session: Session, moment: datetime) -> int:
    """Return an id for an entry that was changed at a moment.

    Its last bits are random: they stand in cursors, and counting would tell what others do. Where a
    microsecond is crowded, as after an import, the next ones help out.
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
    """Return the query for columns of entries, of these ids alone and under these conditions.

    of: the column of ids; that of another table with a row for each entry, too.
    """
    if session.get_bind().dialect.name == "postgresql":
        one_by_one = func.unnest(cast(ids, ARRAY(BigInteger)))
        some = one_by_one.table_valued("id", name="among").render_derived()
        # Because of the OFFSET each is looked up, where all entries might be read to join them.
        each = select(*columns).where(of == some.c.id, *conditions).offset(0).lateral()
        return select(*each.c).select_from(some).join(each, true())
    listed = func.json_each(json.dumps(ids)).table_valued("value")
    return select(*columns).where(of.in_(select(listed.c.value)), *conditions)
