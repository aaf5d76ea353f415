"""Audit logs in a database of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import skip_unless_ci
from postgres import postgres_programs, postgres_server
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session

from lepton_hub.audit import ChainVerdict, append, unguard_statements, verify
from lepton_hub.database.base import Base

DATABASES = ("sqlite", "postgresql")


@contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database; PostgreSQL runs a server for it."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/hub.db"
        return
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("There is no PostgreSQL server. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        yield server.new_database("hub")


def open_engine(url: str) -> Engine:
    """Open a database so that transactions that write wait for each other."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    engine = create_engine(url, connect_args={"isolation_level": "IMMEDIATE", "timeout": 60})
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: DBAPIConnection, _: object) -> None:
    """Let readers not wait for writers, and nobody for the disk: no test cuts the power."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")


def empty_log(engine: Engine) -> None:
    """Make all tables anew."""
    with engine.begin() as connection:
        for statement in unguard_statements(engine.dialect.name):
            connection.exec_driver_sql(statement)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)


def write_entries(engine: Engine, count: int, actors: tuple[str, ...] = ("ada", "bose")) -> None:
    """Append entries, a transaction each."""
    for number in range(count):
        with Session(engine) as session, session.begin():
            append(
                session,
                actor=actors[number % len(actors)],
                action="version.read",
                subject=f"item:{number}",
                detail={"number": number, "address": "192.0.2.7"},
            )


def verdict_of(engine: Engine, **arguments: object) -> ChainVerdict:
    """Verify in a session of its own."""
    with Session(engine) as session:
        return verify(session, **arguments)


def as_owner(engine: Engine, *statements: str) -> None:
    """Do what only the database's owner can: take the triggers away, and change what you like."""
    with engine.begin() as connection:
        for statement in [*unguard_statements(engine.dialect.name), *statements]:
            connection.exec_driver_sql(statement)


def cut_log(engine: Engine, first: int) -> None:
    """Cut the log's end off, and everything in the database that tells of it."""
    as_owner(
        engine,
        f"DELETE FROM audit_values WHERE number >= {first}",
        f"DELETE FROM audit_entries WHERE number >= {first}",
        f"UPDATE audit_head SET number = {first - 1},"
        f" hash = (SELECT hash FROM audit_entries WHERE number = {first - 1})",
    )
