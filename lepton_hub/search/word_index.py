"""The table `search_words`: FTS5 in SQLite, tsvectors in PostgreSQL, behind the same functions.

Both get the same words (`word_forms`), in three places: title, tags, text. Neither is asked how
rare a word is: that would let the order of what somebody finds tell of what they may not see.
Kind, team, owner and tags of an entry are indexed as well, each as a **fact**: a word that nobody
can write. So a common word with a rare fact is found without reading all that has the word.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SelectBase,
    String,
    TableClause,
    and_,
    any_,
    bindparam,
    case,
    column,
    false,
    func,
    literal,
    literal_column,
    not_,
    select,
    table,
    text,
    union_all,
)
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
FACTS = {"kind": "_k", "team": "_t", "owner": "_o", "tag": "_g"}
"""What a fact begins with. No word holds a _ (see `word_forms`)."""
_LAST_POSITION = 16_383
_MOST_POSITIONS = 255
_LARGEST = 1_000_000
"""What PostgreSQL keeps of a text: the last position, how many of a word, and bytes in all. Beyond
the first two it knows of no phrase, so that what has one there comes later than in SQLite."""
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

    def ids(self) -> Select[tuple[int]]:
        """Return the query for the entries' ids."""
        return select(self.id.label("id")).select_from(self.table).where(self.condition)


def managed_by_alembic(name: str | None, kind: str, _: object) -> bool:
    """Return whether a table is described by models: the words' own, with its parts, is not."""
    return kind != "table" or not (name or "").startswith(TABLE)


def fact(name: str, value: str) -> str:
    """Return the word of a fact, such as that the owner is ada."""
    return FACTS[name] + value.encode().hex()


def put_words(
    session: Session, entry_id: int, title: str, tags: list[str], body: str, facts: list[str]
) -> None:
    """Have an entry be found by the words of its title, tags and text, by facts, and no others."""
    remove_words(session, entry_id)
    words = [words_of(title), words_of(" ".join(tags)), words_of(body)]
    if is_postgres(session):
        made = ", ".join(how.format(words="CAST(:words AS tsvector)") for how in VECTORS.values())
        statement = f"INSERT INTO {TABLE} (entry_id, {', '.join(VECTORS)}) VALUES (:id, {made})"
        session.execute(text(statement), {"id": entry_id, "words": vector(words, facts)})
        return
    columns = ("title", "tags", "body", "facts")
    values = dict(zip(columns, (" ".join(some) for some in (*words, facts)), strict=True))
    statement = f"INSERT INTO {TABLE} (rowid, {', '.join(columns)}) VALUES (:id, "
    statement += ", ".join(f":{column}" for column in columns) + ")"
    session.execute(text(statement), {"id": entry_id, **values})


def remove_words(session: Session, entry_id: int) -> None:
    """Have an entry be found by no word."""
    name = "entry_id" if is_postgres(session) else "rowid"
    session.execute(text(f"DELETE FROM {TABLE} WHERE {name} = :id"), {"id": entry_id})


def matching(
    session: Session, words: list[str], facts: list[str], rank: Rank | None
) -> WordMatches:
    """Return what has words, of one rank alone; None: of any. The last word may go on.

    facts: what they have as well. Without words, it is these alone.
    """
    if is_postgres(session):
        found = table(TABLE, column("entry_id"), *(column(name) for name in VECTORS))
        conditions = [_has(found.c.words, _postgres_facts(facts))] if facts else []
        if words:
            conditions.append(_postgres_condition(found, words, rank))
        is_entry = SearchEntry.id == found.c.entry_id
        return WordMatches(found, found.c.entry_id, is_entry, and_(*conditions))
    return _in_fts5(facts, [_sqlite_query(words, rank)] if words else [])


def ranked(
    session: Session,
    words: list[str],
    facts: list[str],
    entries: SelectBase[tuple[int]] | None = None,
) -> dict[int, int]:
    """Return the rank of all that has words and facts, by the entry's id.

    entries: the query for ids of entries: of these alone. Without words and facts, it is they.
    """
    if entries is not None and not words and not facts:
        return dict.fromkeys(session.scalars(entries), int(Rank.TITLE))
    parts = _postgres_ranks if is_postgres(session) else _sqlite_ranks
    ranks: dict[int, int] = {}
    for id_, rank in session.execute(parts(session, words, facts, entries)):
        ranks[id_] = min(rank, ranks.get(id_, rank))
    return ranks


def _postgres_ranks(
    session: Session, words: list[str], facts: list[str], entries: SelectBase[tuple[int]] | None
) -> SelectBase[tuple[int, int]]:
    matches = matching(session, words, facts, None)
    rank: ColumnElement[int] = literal(int(Rank.TITLE))
    if words:
        better = [one for one in Rank if one != Rank.ANYWHERE]
        found = [(_postgres_condition(matches.table, words, one), int(one)) for one in better]
        rank = case(*found, else_=int(Rank.ANYWHERE))
    query = matches.ids().add_columns(rank.label("rank"))
    if entries is None:
        return query
    # As an array, so that these rows are looked at, and not all that have the words.
    return query.where(matches.id == any_(func.array(entries.scalar_subquery())))


def _sqlite_ranks(
    _: Session, words: list[str], facts: list[str], entries: SelectBase[tuple[int]] | None
) -> SelectBase[tuple[int, int]]:
    """Return the query for the ids of what has each rank or a better one."""
    found = _sqlite_places(words) if words else {Rank.TITLE: ""}
    if len(words) == 1:
        del found[Rank.PHRASE]
    some = entries.cte("some") if entries is not None else None
    queries = []
    for rank, query in found.items():
        matches = _in_fts5(facts, [query] if query else [])
        ids = matches.ids().add_columns(literal(int(rank)))
        if some is not None:
            # The + keeps SQLite from looking for the words anew in each of these entries.
            ids = ids.where(literal_column(f"+{TABLE}.rowid").in_(select(some.c[0])))
        queries.append(ids)
    return union_all(*queries)


def _in_fts5(facts: list[str], queries: list[str]) -> WordMatches:
    parts = [*(f'"{one}"' for one in facts), *(f"({query})" for query in queries)]
    match = literal_column(TABLE).op("MATCH")(" AND ".join(parts))
    rowid: ColumnElement[int] = literal_column(f"{TABLE}.rowid")
    # The + keeps SQLite from looking each entry up in the index instead of reading it once.
    is_entry = SearchEntry.id == literal_column(f"+{TABLE}.rowid")
    return WordMatches(table(TABLE), rowid, is_entry, match)


def is_postgres(session: Session) -> bool:
    """Return whether the database is PostgreSQL; it is SQLite otherwise."""
    return session.get_bind().dialect.name == "postgresql"


def _sqlite_places(words: list[str]) -> dict[Rank, str]:
    """Return FTS5's query for each rank, which also finds what has a better one."""
    star = "*" if is_prefix(words[-1]) else ""
    anywhere = "(" + " AND ".join(f'"{word}"' for word in words) + star + ")"
    return {
        Rank.TITLE: f"({{title}} : {anywhere})",
        Rank.LABELS: f"({{title tags}} : {anywhere})",
        Rank.PHRASE: f'("{" ".join(words)}"{star})',
        Rank.ANYWHERE: anywhere,
    }


def _sqlite_query(words: list[str], rank: Rank | None) -> str:
    title, labels, phrase, anywhere = _sqlite_places(words).values()
    beyond_labels = f"({anywhere} NOT {labels})"
    alone = {
        None: anywhere,
        Rank.TITLE: title,
        Rank.LABELS: f"{labels} NOT {title}",
        Rank.PHRASE: f"{phrase} NOT {labels}",
        Rank.ANYWHERE: f"{beyond_labels} NOT {phrase}" if len(words) > 1 else beyond_labels,
    }
    return alone[rank]


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
        Rank.PHRASE: and_(is_phrase, not_(labels)) if len(words) > 1 else false(),
        Rank.ANYWHERE: and_(beyond_labels, not_(is_phrase)) if len(words) > 1 else beyond_labels,
    }
    return ranked[rank]


def _has(vector: ColumnElement[Any], query: str) -> ColumnElement[bool]:
    """Return the condition that a vector meets a query, which the planner sees: it is no parameter.

    So it has no plan for all words in one.
    """
    shown = bindparam(None, query, String, literal_execute=True)
    return vector.op("@@", is_comparison=True)(cast(shown, TSQUERY))


def _postgres_facts(facts: list[str]) -> str:
    return " & ".join(f"'{one}'" for one in facts)


def _postgres_query(words: list[str], between: str) -> str:
    star = ":*" if is_prefix(words[-1]) else ""
    return between.join(f"'{word}'" for word in words) + star


def vector(words: list[list[str]], facts: list[str]) -> str:
    """Return a tsvector as PostgreSQL reads it. Words hold letters and digits alone.

    words: those of title, tags and text. Of a text with more words than a tsvector holds, which
    takes some 30,000 different ones, the last are left out.
    """
    position = 1
    places: dict[str, list[str]] = {}
    for some, weight in zip(words, "ABD", strict=True):
        for word in some:
            known = places.setdefault(word, [])
            if len(known) < _MOST_POSITIONS:
                known.append(f"{min(position, _LAST_POSITION)}{weight}")
            position += 1
        position += _GAP
    found = [f"'{one}'" for one in facts]
    left = _LARGEST
    for word, some in places.items():
        left -= len(word.encode()) + 2 * len(some) + 3
        if left < 0:
            break
        found.append(f"'{word}':{','.join(some)}")
    return " ".join(found)
