"""Rows of an item that are numbered from 1: its versions, its revisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lepton_hub.database.base import Base

Numbered = TypeVar("Numbered", bound=Base)


def newest_first(
    session: Session, table: type[Numbered], item_id: int | str, limit: int, before: int | None
) -> tuple[Sequence[Numbered], int]:
    """Return a page of an item's rows, newest first, and the total.

    table: with `item_id` and `number`. before: the number of the last row on the previous page.
    """
    query = select(table).where(table.item_id == item_id)  # type: ignore[attr-defined]
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    number = table.number  # type: ignore[attr-defined]
    if before is not None:
        query = query.where(number < before)
    return session.scalars(query.order_by(number.desc()).limit(limit)).all(), total
