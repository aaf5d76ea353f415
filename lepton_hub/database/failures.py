"""What a failure of database or disk means: each driver says it in its own way.

SQLAlchemy wraps most of what a driver raises, but not all of it, and passes other errors of a kind
on as errors in general: so the drivers' own codes are asked, with or without their wrapping.
"""

from __future__ import annotations

import errno
from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Failure(Enum):
    """Why a transaction failed, whose changes are all undone then."""

    CONFLICT = auto()  # another one did the same or undid what this one builds on
    BUSY = auto()  # others were in the way for too long, or both waited for each other
    FULL = auto()  # a disk has no more room
    AWAY = auto()  # the database does not answer, or cannot reach its own files
    STORE = auto()  # the place of the contents does not answer


_SQLITE = {
    4: Failure.BUSY,  # SQLITE_ABORT
    5: Failure.BUSY,  # SQLITE_BUSY, also that of an old snapshot
    6: Failure.BUSY,  # SQLITE_LOCKED
    8: Failure.AWAY,  # SQLITE_READONLY
    9: Failure.BUSY,  # SQLITE_INTERRUPT
    10: Failure.AWAY,  # SQLITE_IOERR
    13: Failure.FULL,  # SQLITE_FULL
    14: Failure.AWAY,  # SQLITE_CANTOPEN
    15: Failure.BUSY,  # SQLITE_PROTOCOL: too many wait to begin to read the WAL
    17: Failure.BUSY,  # SQLITE_SCHEMA: an upgrade goes on
}
_SQLITE_CONSTRAINT = 19
_SQLITE_CONFLICTS = ("UNIQUE", "FOREIGN KEY", "PRIMARY KEY")
"""How SQLite's messages begin for what another transaction may cause. Others are a mistake here."""

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
"""psycopg's errors that have no code where there is no server to give one."""

_SYSTEM = {
    errno.ENOSPC: Failure.FULL,
    errno.EDQUOT: Failure.FULL,
    errno.EMFILE: Failure.BUSY,
    errno.ENFILE: Failure.BUSY,
}


def failure_of(error: BaseException) -> Failure | None:
    """Return what an exception says of database or disk; None: nothing, it is a mistake here.

    A failure that ended the whole transaction can be followed by others, as when SQLite's disk is
    full and the savepoint to go back to is gone: then the first one counts.
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
