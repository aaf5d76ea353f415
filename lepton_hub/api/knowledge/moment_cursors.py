"""Cursors of lists sorted by time."""

from __future__ import annotations

from datetime import UTC, datetime

from lepton_hub.api.paging import from_cursor, to_cursor
from lepton_hub.api.problems import Problem


def to_moment_cursor(moment: datetime, key: str) -> str:
    """Return the cursor of the position after a row."""
    return to_cursor([moment.isoformat(), key])


def from_moment_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the moment and key that a cursor encodes. Raises Problem."""
    place = from_cursor(cursor, str, str)
    return (parse_moment(place[0]), place[1]) if place else None


def parse_moment(text: str) -> datetime:
    """Return a moment of a cursor. Raises Problem."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Problem(400, "This is not a valid cursor: start from the first page.") from error
