"""One's progress as a file: to keep it, or to take it to another machine.

Plain JSON, readable by people. It says which exercises of which modules were tried, when and with
what outcome; no name, no answer, nothing of the machine.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from lepton_course.progress.database import DATABASE, HIDDEN, TABLES, insert, rows, transaction

FORMAT = "lepton-progress"
VERSION = 1
MAX_BYTES = 64 * 2**20

_COLUMNS = {  # table: name and types of each column
    "attempts": {
        "at": str, "module": str, "exercise": str, "status": str,
        "diagnosis": (str, type(None)), "points": (int, float), "max_points": (int, float),
    },
    "hints": {"module": str, "exercise": str, "stage": int},
    "answers": {"at": str, "module": str, "question": str, "choice": str, "is_right": int},
    "visits": {"at": str, "module": str},
}  # fmt: skip


class ProgressFileError(Exception):
    """A progress file that cannot be read or written; says what to do."""


def export_progress(workspace: Path) -> bytes:
    """All that is recorded in the workspace, as JSON."""

    def select(database: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
        return {
            table: [dict(zip(columns, row, strict=True)) for row in rows(database, table)]
            for table, columns in _COLUMNS.items()
        }

    try:
        tables = transaction(workspace / HIDDEN / DATABASE, select)
    except (sqlite3.Error, OSError) as error:
        raise ProgressFileError(f"The progress in {workspace} cannot be read: {error}.") from error
    data = {"format": FORMAT, "version": VERSION, **tables}
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def import_progress(workspace: Path, data: bytes) -> int:
    """Add what an exported file holds and the workspace does not; returns how many records.

    Nothing that is there is changed or doubled, so that importing twice does no harm. All is
    taken or, when the file cannot be used, nothing.
    """
    incoming = _parse(data)

    def merge(database: sqlite3.Connection) -> int:
        added = 0
        for table in TABLES:
            here = rows(database, table)
            if table == "hints":
                known = {row[:2]: row[2] for row in here}
                new = [row for row in incoming[table] if row[2] > known.get(row[:2], 0)]
            else:
                new = list((Counter(incoming[table]) - Counter(here)).elements())
            insert(database, table, new)
            added += len(new)
        return added

    try:
        return transaction(workspace / HIDDEN / DATABASE, merge)
    except (sqlite3.Error, OSError) as error:
        raise ProgressFileError(f"The progress in {workspace} is unchanged: {error}.") from error


def _parse(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each table, in the order of the tables' columns."""
    try:
        if len(data) > MAX_BYTES:
            raise ValueError(f"{len(data)} bytes, but at most {MAX_BYTES} are allowed")
        content = json.loads(data)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError("it was not written by lepton progress --export")
        if content.get("version") != VERSION:
            raise ValueError("it comes from another version of the course: update the course first")
        return {table: [_row(table, row) for row in content[table]] for table in TABLES}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProgressFileError(f"This is no progress file that can be read: {error}.") from error


def _row(table: str, row: dict[str, Any]) -> tuple[Any, ...]:
    for column, kinds in _COLUMNS[table].items():
        if not isinstance(row[column], kinds):
            raise ValueError(f"{table}: {column} is {row[column]!r}")
    if "at" in row:
        datetime.fromisoformat(row["at"])
    return tuple(row[column] for column in _COLUMNS[table])
