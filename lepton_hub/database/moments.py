"""Points in time as the database keeps them: always in UTC, always aware of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, String, literal, tuple_
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A point in time. SQLite keeps no time zone, so it is put back when a row is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def moment_and_key(moment: datetime, key: str) -> ColumnElement[Any]:
    """Return a position in a list sorted by moment and key, for comparing with rows."""
    return tuple_(literal(moment, Moment()), literal(key, String()))
