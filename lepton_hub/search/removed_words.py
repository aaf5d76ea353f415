"""Take the words of what was deleted out of SQLite's file."""

from __future__ import annotations

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

_PAGES = 500
"""Pages of the index that a step rewrites: writers wait for some milliseconds."""


def forget_removed_words(sessions: sessionmaker[Session]) -> None:
    """Have the index and the write-ahead log of SQLite hold no word of what was deleted before.

    FTS5 only notes that an entry is gone, until the parts of its index are merged into one:
    https://www.sqlite.org/fts5.html#the_merge_command. PostgreSQL has no such thing: its autovacuum
    frees the space, and what comes next overwrites it.
    """
    with sessions.begin() as session:
        engine = session.get_bind()
    if engine.dialect.name != "sqlite":
        return
    pages = -_PAGES  # begins to merge all parts there are
    while _merged(sessions, pages):
        pages = _PAGES
    _empty_log(engine)


def _merged(sessions: sessionmaker[Session], pages: int) -> bool:
    """Merge some pages; return whether there was something to merge."""
    with sessions.begin() as session:
        before = session.scalar(text("SELECT total_changes()"))
        merge = text("INSERT INTO search_words (search_words, rank) VALUES ('merge', :pages)")
        session.execute(merge, {"pages": pages})
        return session.scalar(text("SELECT total_changes()")) - before > 1


def _empty_log(engine: Engine) -> None:
    """Move the write-ahead log into the file, unless somebody reads what it holds just now."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
