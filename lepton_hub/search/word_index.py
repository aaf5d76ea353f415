"""The table `search_words`: FTS5 in SQLite, tsvectors in PostgreSQL, behind the same functions.

Both get the same words (`word_forms`), in three places: title, tags, text. Neither is asked how
rare a word is: that would let the order of what somebody finds tell of what they may not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, TableClause, and_, column, literal_column, not_, table, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import cast

from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_forms import is_prefix, words_of

TABLE = "search_words"
VECTORS = {
    "words": "{words}",
    "title": "ts_filter({words}, '{{a}}')",
    "labels": "ts_filter({words}, '{{a,b}}')",
}
"""PostgreSQL's columns, and how each is made of all words. One for each place has an index that
need not look at the rows to tell where a word stands."""
_LAST_POSITION = 16_383
_GAP = 10
"""Between places, so that no phrase reaches over the end of one."""


class Rank(IntEnum):
    """Where all words stand that were looked for, the best place first. LABELS: title or tags."""

    TITLE = 0
    LABELS = 1
    PHRASE = 2
    ANYWHERE = 3


@dataclass(frozen=True)
class WordMatches:
    """The rows of the index that have words.

    table: the index. id: its column of the entries' ids, the latest last. is_entry: the condition
        that a row is that of an entry. condition: that it has the words.
    """

    table: TableClause
    id: ColumnElement[int]
    is_entry: ColumnElement[bool]
    condition: ColumnElement[bool]


def managed_by_alembic(name: str | None, kind: str, _: object) -> bool:
    """Return whether a table is described by models: the words' own, with its parts, is not."""
    return kind != "table" or not (name or "").startswith(TABLE)


def put_words(session: Session, entry_id: int, title: str, tags: list[str], body: str) -> None:
    """Have an entry be found by the words of its title, tags and text, and by no others."""
    remove_words(session, entry_id)
    words = [words_of(title), words_of(" ".join(tags)), words_of(body)]
    if is_postgres(session):
        made = ", ".join(how.format(words="CAST(:words AS tsvector)") for how in VECTORS.values())
        statement = f"INSERT INTO {TABLE} (entry_id, {', '.join(VECTORS)}) VALUES (:id, {made})"
        session.execute(text(statement), {"id": entry_id, "words": _vector(words)})
        return
    statement = f"INSERT INTO {TABLE} (rowid, title, tags, body) VALUES (:id, :title, :tags, :body)"
    title_words, tag_words, body_words = (" ".join(some) for some in words)
    values = {"id": entry_id, "title": title_words, "tags": tag_words, "body": body_words}
    session.execute(text(statement), values)


def remove_words(session: Session, entry_id: int) -> None:
    """Have an entry be found by no word."""
    name = "entry_id" if is_postgres(session) else "rowid"
    session.execute(text(f"DELETE FROM {TABLE} WHERE {name} = :id"), {"id": entry_id})


def matching(session: Session, words: list[str], rank: Rank | None) -> WordMatches:
    """Return what has words, of one rank alone; None: of any. The last word may go on."""
    if is_postgres(session):
        found = table(TABLE, column("entry_id"), *(column(name) for name in VECTORS))
        condition = _postgres_condition(found, words, rank)
        return WordMatches(found, found.c.entry_id, SearchEntry.id == found.c.entry_id, condition)
    match = literal_column(TABLE).op("MATCH")(_sqlite_query(words, rank))
    rowid: ColumnElement[int] = literal_column(f"{TABLE}.rowid")
    # The + keeps SQLite from looking each entry up in the index instead of reading it once.
    is_entry = SearchEntry.id == literal_column(f"+{TABLE}.rowid")
    return WordMatches(table(TABLE), rowid, is_entry, match)


def is_postgres(session: Session) -> bool:
    """Return whether the database is PostgreSQL; it is SQLite otherwise."""
    return session.get_bind().dialect.name == "postgresql"


def _sqlite_query(words: list[str], rank: Rank | None) -> str:
    star = "*" if is_prefix(words[-1]) else ""
    anywhere = "(" + " AND ".join(f'"{word}"' for word in words) + star + ")"
    title = f"({{title}} : {anywhere})"
    labels = f"({{title tags}} : {anywhere})"
    phrase = f'("{" ".join(words)}"{star})'
    beyond_labels = f"({anywhere} NOT {labels})"
    ranked = {
        None: anywhere,
        Rank.TITLE: title,
        Rank.LABELS: f"{labels} NOT {title}",
        Rank.PHRASE: f"{phrase} NOT {labels}",
        Rank.ANYWHERE: f"{beyond_labels} NOT {phrase}" if len(words) > 1 else beyond_labels,
    }
    return ranked[rank]


def _postgres_condition(
    found: TableClause, words: list[str], rank: Rank | None
) -> ColumnElement[bool]:
    anywhere, phrase = _postgres_query(words, " & "), _postgres_query(words, " <-> ")
    title = _has(found.c.title, anywhere)
    labels = _has(found.c.labels, anywhere)
    beyond_labels = and_(_has(found.c.words, anywhere), not_(labels))
    is_phrase = _has(found.c.words, phrase)
    ranked = {
        None: _has(found.c.words, anywhere),
        Rank.TITLE: title,
        Rank.LABELS: and_(labels, not_(title)),
        Rank.PHRASE: and_(is_phrase, not_(labels)),
        Rank.ANYWHERE: and_(beyond_labels, not_(is_phrase)) if len(words) > 1 else beyond_labels,
    }
    return ranked[rank]


def _has(vector: ColumnElement[Any], query: str) -> ColumnElement[bool]:
    return vector.op("@@", is_comparison=True)(cast(query, TSQUERY))


def _postgres_query(words: list[str], between: str) -> str:
    star = ":*" if is_prefix(words[-1]) else ""
    return between.join(f"'{word}'" for word in words) + star


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
