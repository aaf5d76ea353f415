"""Classify failures of the database or disk, which each driver reports in its own way.

SQLAlchemy wraps most driver exceptions, but not all, and loses some distinctions: so the drivers'
own codes are examined, wrapped or not.
"""

from __future__ import annotations

import errno
from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Failure(Enum):
    """Why a transaction failed and was rolled back."""

    CONFLICT = auto()  # a conflicting transaction was committed first
    BUSY = auto()  # a lock timeout or a deadlock
    FULL = auto()  # a disk is full
    AWAY = auto()  # the database is unreachable, or cannot access its files
    STORE = auto()  # the blob store does not answer


_SQLITE = {
    4: Failure.BUSY,  # SQLITE_ABORT
    5: Failure.BUSY,  # SQLITE_BUSY, also that of an old snapshot
    6: Failure.BUSY,  # SQLITE_LOCKED
    8: Failure.AWAY,  # SQLITE_READONLY
    9: Failure.BUSY,  # SQLITE_INTERRUPT
    10: Failure.AWAY,  # SQLITE_IOERR
    13: Failure.FULL,  # SQLITE_FULL
    14: Failure.AWAY,  # SQLITE_CANTOPEN
    15: Failure.BUSY,  # SQLITE_PROTOCOL: too much contention on the WAL
    17: Failure.BUSY,  # SQLITE_SCHEMA: a migration is running
}
_SQLITE_CONSTRAINT = 19
_SQLITE_CONFLICTS = ("UNIQUE", "FOREIGN KEY", "PRIMARY KEY")
"""Prefixes of SQLite's messages for constraints another transaction may have violated; others are
bugs."""

_POSTGRES = {
    "23503": Failure.CONFLICT,  # foreign key
    "23505": Failure.CONFLICT,  # unique
    "23P01": Failure.CONFLICT,  # exclusion
    "25006": Failure.AWAY,  # read-only: it is being replaced by another server
    "40001": Failure.BUSY,  # serialisation failure
    "40P01": Failure.BUSY,  # deadlock
    "53100": Failure.FULL,  # disk full
    "55P03": Failure.BUSY,  # lock not available
    "57014": Failure.BUSY,  # cancelled, such as by a timeout
    "58030": Failure.AWAY,  # its disk fails
}
_POSTGRES_CLASSES = {"08": Failure.AWAY, "53": Failure.BUSY, "57": Failure.AWAY}
_UNCONNECTED = ("OperationalError", "InterfaceError")
"""psycopg errors without a code, as no server was reached."""

_SYSTEM = {
    errno.ENOSPC: Failure.FULL,
    errno.EDQUOT: Failure.FULL,
    errno.EMFILE: Failure.BUSY,
    errno.ENFILE: Failure.BUSY,
}


def failure_of(error: BaseException) -> Failure | None:
    """Return the failure of database or disk behind an exception; None if it is a bug.

    A failure that ended the whole transaction can cause others, as when SQLite's disk is full and
    the savepoint to roll back to is gone: then the first one counts.
    """
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen and (found := _of(one)) is None and _is_database(one):
        seen.append(one)
        one = one.__cause__ or one.__context__
    return None if one is None or one in seen else found


def _of(error: BaseException) -> Failure | None:
    if isinstance(error, PoolTimeout):
        return Failure.BUSY
    if isinstance(error, DBAPIError):
        found = _of(error.orig) if error.orig is not None else None
        return found or (Failure.AWAY if error.connection_invalidated else None)
    if isinstance(error, OSError):
        return _SYSTEM.get(error.errno or 0)
    if isinstance(code := getattr(error, "sqlite_errorcode", None), int):
        return _of_sqlite(code & 0xFF, str(error))
    if _is_psycopg(error):
        return _of_postgres(getattr(error, "sqlstate", None), type(error).__name__)
    return None


def _is_database(error: BaseException) -> bool:
    return (
        isinstance(error, SQLAlchemyError)
        or hasattr(error, "sqlite_errorcode")
        or _is_psycopg(error)
    )


def _is_psycopg(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] == "psycopg"


def _of_sqlite(code: int, message: str) -> Failure | None:
    if code == _SQLITE_CONSTRAINT:
        return Failure.CONFLICT if message.startswith(_SQLITE_CONFLICTS) else None
    return _SQLITE.get(code)


def _of_postgres(code: str | None, name: str) -> Failure | None:
    if code is None:
        return Failure.AWAY if name in _UNCONNECTED else None
    return _POSTGRES.get(code) or _POSTGRES_CLASSES.get(code[:2])
