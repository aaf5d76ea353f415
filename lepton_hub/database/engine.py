"""Open the hub's database by its URL."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

BUSY_SECONDS = 30
"""Seconds that a writer waits for a lock, and, with SQLite, a request for a free connection."""
CONNECTIONS = 40
"""One connection per worker thread. They stay open, since opening an encrypted one takes a large
fraction of a second, and closing one can block another."""


_READS = "hub_reads"
_ONE_MOMENT = {"isolation_level": "REPEATABLE READ"}
_SQLITE_BUSY = 5


class DatabaseError(ValueError):
    """The database cannot be opened; the message says why."""


def open_database(url: str, key: str | None = None) -> Engine:
    """Return an engine for a database: `sqlite:///FILE` or `postgresql+psycopg://…`.

    key: encrypts a database of SQLite at rest, by SQLCipher. Raises DatabaseError when the key does
    not fit, when SQLCipher is not installed, and for other kinds of databases.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        if key is not None:
            raise DatabaseError(
                "A key works only with SQLite: for PostgreSQL, encrypt the disks of its own "
                "machine."
            )
        try:
            engine = create_engine(parsed, pool_pre_ping=True, pool_size=CONNECTIONS // 2)
        except ModuleNotFoundError as error:
            raise DatabaseError(
                f"PostgreSQL needs a URL postgresql+psycopg://… and its driver; {error.name} is "
                "not installed."
            ) from error
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    if parsed.get_backend_name() != "sqlite":
        shown = parsed.render_as_string(hide_password=True)
        raise DatabaseError(f"The hub keeps its data in SQLite or PostgreSQL, not in {shown!r}.")
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
    if parsed.database in (None, "", ":memory:"):
        options |= {"poolclass": StaticPool}
        options["connect_args"] |= {"check_same_thread": False}
    else:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        options |= {"pool_size": CONNECTIONS, "pool_timeout": BUSY_SECONDS}
        driver = sqlite3 if key is None else _sqlcipher()
        options["connect_args"] |= {"factory": _taking_turns(driver)}
    if key is not None:
        options["module"] = _sqlcipher()
    engine = create_engine(parsed, **options)
    event.listen(engine, "connect", lambda connection, _: _prepare(connection, key))
    event.listen(engine, "begin", _begin)
    return engine


_NOT_SQLCIPHER = (
    "This database has a key, but the SQLite library loaded here lacks encryption. TensorFlow, "
    "for one, bundles its own SQLite, which replaces SQLCipher in any process that has imported "
    "it. Nothing was written. Run the hub in a separate process."
)


def _sqlcipher() -> Any:
    try:
        from sqlcipher3 import dbapi2
    except ModuleNotFoundError as error:
        raise DatabaseError(
            "A database with a key needs SQLCipher: pip install 'lepton-course[sqlcipher]'"
        ) from error
    return dbapi2


def _prepare(connection: Any, key: str | None) -> None:
    """Configure a new connection. The driver's own transactions are disabled: see `_begin`."""
    connection.isolation_level = None
    cursor = connection.cursor()
    if key is not None:
        cursor.execute("PRAGMA key = '" + key.replace("'", "''") + "'")
        if cursor.execute("PRAGMA cipher_version").fetchone() is None:
            raise DatabaseError(_NOT_SQLCIPHER)
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
    except Exception as error:
        if "not a database" in str(error):
            raise DatabaseError("The key does not open this database.") from error
        raise
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # overwrite deleted data
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.close()


def _prepare_postgres(connection: Any, _: object) -> None:
    """Configure a new connection for many short queries.

    PostgreSQL overestimates the cost of some queries with a LIMIT, and would JIT-compile or
    parallelise them, either of which takes longer than the query. By default it also waits for
    locks for ever: one forgotten transaction would block all threads.
    """
    waits = f"lock_timeout = {round(BUSY_SECONDS * 1000)}"
    for setting in ("jit = off", "max_parallel_workers_per_gather = 0", waits):
        connection.execute(f"SET {setting}")
    connection.commit()


def _begin(connection: Connection) -> None:
    """Begin as a writer: one that reads first and writes later could fail on a stale snapshot."""
    if connection.get_execution_options().get(_READS, False):
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_writing(connection)


def _begin_writing(connection: Connection) -> None:
    driver = connection.connection.dbapi_connection
    if hasattr(driver, "begin_writing"):
        driver.begin_writing()
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def reading(engine: Engine) -> Engine:
    """Return an engine for read-only transactions, which block no writer."""
    return engine.execution_options(**{_READS: True})


def read_one_moment(session: Session) -> None:
    """Give a session that has not read yet a consistent snapshot of the database.

    SQLite's read-only transactions have one anyway; in PostgreSQL, by default each statement sees
    the changes committed before it.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options=_ONE_MOMENT)


def write_after_reading(connection: Connection) -> None:
    """Turn a read-only transaction into a writer."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("COMMIT")
        _begin_writing(connection)
    elif _ONE_MOMENT.items() <= connection.get_execution_options().items():
        connection.exec_driver_sql("COMMIT")
        connection.dialect.reset_isolation_level(connection.connection.dbapi_connection)


def _taking_turns(driver: Any) -> type:
    """Return a connection class that queues this process's writers.

    SQLite's own busy handler polls with sleeps, so the last to arrive may be the first served, and
    nobody works while all sleep.
    """
    turn = threading.Lock()

    class WriterInTurn(driver.Connection):
        has_turn = False

        def begin_writing(self) -> None:
            """Begin to write at this connection's turn. Raises the driver's OperationalError."""
            if not turn.acquire(timeout=BUSY_SECONDS):
                error = driver.OperationalError("database is locked")
                error.sqlite_errorcode = _SQLITE_BUSY
                raise error
            self.has_turn = True
            try:
                self.execute("BEGIN IMMEDIATE")
            except BaseException:
                self._end_turn()
                raise

        def commit(self) -> None:
            try:
                super().commit()
            finally:
                self._end_turn()

        def rollback(self) -> None:
            try:
                super().rollback()
            finally:
                self._end_turn()

        def close(self) -> None:
            try:
                super().close()
            finally:
                self._end_turn()

        def _end_turn(self) -> None:
            if self.has_turn:
                self.has_turn = False
                turn.release()

    return WriterInTurn
