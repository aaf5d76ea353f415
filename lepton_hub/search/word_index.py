"""The table `search_words`: FTS5 in SQLite, a tsvector in PostgreSQL, behind the same functions.

Both get the same words (`word_forms`), in three places: title, tags, text. Neither is asked how
rare a word is: that would let the order of what somebody finds tell of what they may not see.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, column, func, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import cast

from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_forms import is_prefix, words_of

Place = Literal["title", "labels", "phrase", "anywhere"]
"""Where all words must stand; labels: in title or tags; phrase: one after the other."""

TABLE = "search_words"
_CREATE = {
    "sqlite": [
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(title, tags, body, tokenize = 'unicode61')"
    ],
    "postgresql": [
        f"CREATE TABLE {TABLE} (entry_id INTEGER CONSTRAINT pk_{TABLE} PRIMARY KEY, "
        "words TSVECTOR NOT NULL)",
        f"CREATE INDEX ix_{TABLE}_words ON {TABLE} USING gin (words)",
    ],
}
_WEIGHTS = {"title": "A", "labels": "AB"}
_LAST_POSITION = 16_383
_FEW = 3000
_GAP = 10
"""Between places, so that no phrase reaches over the end of one."""


def create_statements(dialect: str) -> list[str]:
    """Return the statements that make the table."""
    return _CREATE[dialect]


def managed_by_alembic(name: str | None, kind: str, _: object) -> bool:
    """Return whether a table is described by models: the words' own, with its parts, is not."""
    return kind != "table" or not (name or "").startswith(TABLE)


def put_words(session: Session, entry_id: int, title: str, tags: list[str], body: str) -> None:
    """Have an entry be found by the words of its title, tags and text, and by no others."""
    remove_words(session, entry_id)
    words = [words_of(title), words_of(" ".join(tags)), words_of(body)]
    if _is_postgres(session):
        statement = f"INSERT INTO {TABLE} (entry_id, words) VALUES (:id, CAST(:words AS tsvector))"
        session.execute(text(statement), {"id": entry_id, "words": _vector(words)})
        return
    statement = f"INSERT INTO {TABLE} (rowid, title, tags, body) VALUES (:id, :title, :tags, :body)"
    title_words, tag_words, body_words = (" ".join(some) for some in words)
    values = {"id": entry_id, "title": title_words, "tags": tag_words, "body": body_words}
    session.execute(text(statement), values)


def remove_words(session: Session, entry_id: int) -> None:
    """Have an entry be found by no word."""
    name = "entry_id" if _is_postgres(session) else "rowid"
    session.execute(text(f"DELETE FROM {TABLE} WHERE {name} = :id"), {"id": entry_id})


def matching(session: Session, words: list[str], place: Place) -> ColumnElement[bool]:
    """Return the condition that an entry has words in a place; the last word may go on."""
    if _is_postgres(session):
        found = table(TABLE, column("entry_id"), column("words"))
        query = cast(_postgres_query(words, place), TSQUERY)
        return SearchEntry.id.in_(select(found.c.entry_id).where(found.c.words.op("@@")(query)))
    match = literal_column(TABLE).op("MATCH")(_sqlite_query(words, place))
    return SearchEntry.id.in_(
        select(literal_column("rowid")).select_from(table(TABLE)).where(match)
    )


def matches_few(session: Session, words: list[str]) -> bool:
    """Return whether so few entries have the words that each of them is better looked at alone.

    Otherwise one set of all that somebody may see costs less. PostgreSQL finds that out by itself.
    """
    if _is_postgres(session):
        return True
    match = literal_column(TABLE).op("MATCH")(_sqlite_query(words, "anywhere"))
    some = select(literal_column("rowid")).select_from(table(TABLE)).where(match).limit(_FEW)
    return (session.scalar(select(func.count()).select_from(some.subquery())) or 0) < _FEW


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _sqlite_query(words: list[str], place: Place) -> str:
    star = "*" if is_prefix(words[-1]) else ""
    if place == "phrase":
        return f'"{" ".join(words)}"{star}'
    query = " AND ".join(f'"{word}"' for word in words) + star
    columns = {"title": "{title} : ", "labels": "{title tags} : "}
    return f"{columns.get(place, '')}({query})"


def _postgres_query(words: list[str], place: Place) -> str:
    weights = _WEIGHTS.get(place, "")
    star = "*" if is_prefix(words[-1]) else ""
    marks = [weights] * (len(words) - 1) + [star + weights]
    between = " <-> " if place == "phrase" else " & "
    return between.join(
        f"'{word}':{mark}" if mark else f"'{word}'" for word, mark in zip(words, marks, strict=True)
    )


def _vector(words: list[list[str]]) -> str:
    """Return a tsvector as PostgreSQL reads it. Words hold letters and digits alone."""
    position = 1
    found: list[str] = []
    for some, weight in zip(words, "ABD", strict=True):
        for word in some:
            found.append(f"'{word}':{min(position, _LAST_POSITION)}{weight}")
            position += 1
        position += _GAP
    return " ".join(found)
