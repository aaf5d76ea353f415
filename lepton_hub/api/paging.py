"""Cursor-based pagination of long lists."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any

from fastapi import Query

from lepton_hub.api.problems import Problem

Limit = Annotated[int, Query(ge=1, le=100, description="The page size.")]
Cursor = Annotated[str | None, Query(max_length=800, description="`next` of the previous page.")]


def to_cursor(place: list[Any]) -> str:
    """Return the cursor of a position in a list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def from_cursor(cursor: str | None, *kinds: type) -> list[Any] | None:
    """Return the position that a cursor encodes. Raises Problem."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.b64decode(padded, b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise no_cursor() from error
    fits = (
        isinstance(place, list)
        and [type(part) for part in place] == list(kinds)
        and all("\0" not in part and part.isprintable() for part in place if type(part) is str)
        and all(0 <= part < 2**31 for part in place if type(part) is int)
    )
    if not fits:
        raise no_cursor()
    return place


def no_cursor() -> Problem:
    """Return the problem for an invalid cursor."""
    return Problem(400, "This is not a valid cursor: start from the first page.")
