"""Wait for a gradebook that another program holds locked, and say so once.

SQLite gives up after five seconds, and nbgrader then asks for an upgrade of the database. A backup,
formgrader or another grader may hold the lock for a minute.
"""

from __future__ import annotations

import functools
import sqlite3
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine, event

from lepton_course.errors import CourseError

PATIENCE_SECONDS = 600.0
TRY_SECONDS = 1.0
PAUSE_SECONDS = 0.2

T = TypeVar("T")


class GradebookLocked(CourseError):
    """Another program has held the gradebook locked for too long."""


@functools.cache
def wait_for_locked_gradebooks() -> None:
    """Have every SQLite gradebook that this process opens from now on wait for its lock."""
    event.listen(Engine, "do_connect", _connect_patiently)


def _connect_patiently(dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> None:
    # Other databases of this process, such as the hub's, have connections of their own, or another
    # driver, which takes no connection of SQLite's.
    is_sqlite = getattr(dialect.dbapi, "Connection", None) is sqlite3.Connection
    if is_sqlite and "factory" not in options:
        options.update(factory=PatientConnection, timeout=TRY_SECONDS)


class PatientCursor(sqlite3.Cursor):
    """A cursor whose statements wait until the database is free."""

    def execute(self, *arguments: Any) -> Any:
        return _patiently(lambda: super(PatientCursor, self).execute(*arguments))

    def executemany(self, *arguments: Any) -> Any:
        return _patiently(lambda: super(PatientCursor, self).executemany(*arguments))


class PatientConnection(sqlite3.Connection):
    """A connection that waits until the database is free."""

    def cursor(self, factory: Any = PatientCursor) -> Any:
        return super().cursor(factory)

    def commit(self) -> None:
        _patiently(super().commit)


def _patiently(act: Callable[[], T]) -> T:
    """Return what `act` returns once the database is free. Raises GradebookLocked."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise GradebookLocked(
                    f"Another program has held the gradebook locked for {PATIENCE_SECONDS:.0f} s. "
                    "Close it (formgrader, a database browser, a backup), then run this again."
                ) from error
        _say_that_it_waits()
        time.sleep(PAUSE_SECONDS)  # of two that wait for each other, SQLite refuses one at once


@functools.cache
def _say_that_it_waits() -> None:
    minutes = f"{PATIENCE_SECONDS / 60:.0f} minutes"
    print(
        f"Another program holds the gradebook locked. Waiting for it, at most {minutes}.",
        file=sys.stderr,
        flush=True,
    )
