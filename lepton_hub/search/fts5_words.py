"""The full-text index in SQLite: a contentless FTS5 table and a forward index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Select,
    TextClause,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.search.audiences import needed
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_forms import is_prefix
from lepton_hub.search.word_query import THERE, EntryWords, Rank, WordQuery

_FEW_HITS = 3000
_PAGES = 500
"""Index pages to rewrite per step, which blocks writers for a few milliseconds."""
_WORDS_AT_ONCE = 100_000
_COLUMNS = ("title", "tags", "body", "facts")
_NAMES = ", ".join(_COLUMNS)
_PLACES = ", ".join(f":{name}" for name in _COLUMNS)

_INDEX = text(f"INSERT INTO search_words (rowid, {_NAMES}) VALUES (:id, {_PLACES})")
_TAKE_OUT = text(
    f"INSERT INTO search_words (search_words, rowid, {_NAMES}) VALUES ('delete', :id, {_PLACES})"
)
_KEEP = text(
    f"INSERT INTO search_words_forward (entry_id, audiences, {_NAMES}) "
    f"VALUES (:id, :audiences, {_PLACES})"
)
_KNOWN = text(
    f"SELECT entry_id AS id, audiences, {_NAMES} FROM search_words_forward WHERE entry_id IN "
    "(SELECT value FROM json_each(:ids)) AND audiences IS NOT :told ORDER BY entry_id"
)
"""In id order, since FTS5 flushes its buffer to disk whenever a lower row id arrives."""
_FORGET = text("DELETE FROM search_words_forward WHERE entry_id = :id")
_READDRESS = text("UPDATE search_words_forward SET audiences = :audiences WHERE entry_id = :id")

_Step = tuple[TextClause, dict[str, Any]]
"""A statement and its parameters."""


class FTS5Words:
    """The full-text index of a SQLite database."""

    def __init__(self, session: Session) -> None:
        self.session = session

    # ── Writing ───────────────────────────────────────────────────────────────────────────────
    def put(self, entries: Mapping[int, EntryWords]) -> None:
        """Index entries under their words, replacing previous ones."""
        self.remove(list(entries))
        rows = [_row(id_, words) for id_, words in sorted(entries.items())]
        if rows:
            self.session.execute(_KEEP, rows)
        for row in rows:
            self._write(_joining(row, _audiences(row)))

    def remove(self, ids: Sequence[int]) -> None:
        """Remove entries from the index."""
        rows = self._known(ids)
        for row in rows:
            self._write(_leaving(row, _audiences(row)))
        if rows:
            self.session.execute(_FORGET, [{"id": row["id"]} for row in rows])

    def readdress(self, ids: Sequence[int], readers: list[str]) -> None:
        """Change entries' audiences, rewriting only what changes.

        Each entry is deleted and inserted as a whole, so that FTS5's row count stays right.
        """
        changed = []
        for row in self._known(ids, " ".join(readers)):
            known = _audiences(row)
            staying = [one for one in known if one in readers]
            new = [one for one in needed(readers) if one not in known]
            self._write(_leaving(row, [one for one in known if one not in readers]))
            self._write(_joining(row, new))
            changed.append({"id": row["id"], "audiences": " ".join([*staying, *new])})
        if changed:
            self.session.execute(_READDRESS, changed)

    def _write(self, steps: Iterable[_Step]) -> None:
        for statement, row in steps:
            self.session.execute(statement, row)

    def _known(self, ids: Sequence[int], told: str | None = None) -> list[dict[str, Any]]:
        """Return the rows of entries, except those that already have the given audiences."""
        rows = self.session.execute(_KNOWN, {"ids": str(list(ids)), "told": told}).mappings()
        return [dict(row) for row in rows]

    # ── Finding ───────────────────────────────────────────────────────────────────────────────
    def few(self, query: WordQuery) -> dict[int, int] | None:
        """Return the ranks of all hits by entry id, or None if there are many."""
        some = select(_ROWID).select_from(_TABLE).where(_matches(query, None))
        some = some.limit(_FEW_HITS + 1).subquery()
        if (self.session.scalar(select(func.count()).select_from(some)) or 0) > _FEW_HITS:
            return None
        found = [
            select(_ROWID, literal(int(rank))).select_from(_TABLE).where(_has(where))
            for rank, where in _at_least(query).items()
        ]
        ranks: dict[int, int] = {}
        for id_, rank in self.session.execute(union_all(*found)):
            ranks[id_] = min(rank, ranks.get(id_, rank))
        return ranks

    def latest(
        self,
        query: WordQuery,
        columns: Sequence[Any],
        condition: ColumnElement[bool],
        rank: Rank | None = None,
        before: int | None = None,
    ) -> Select[Any]:
        """Return the query for columns of the latest hits' entries, latest first.

        rank: only this one; None for all. before: only entries with a lower id. With a limit,
        little more is read than it takes to reach it.
        """
        # The unary + keeps SQLite from probing the index for each entry instead of scanning it
        # once.
        is_entry = SearchEntry.id == literal_column("+search_words.rowid")
        found = select(*columns).select_from(_TABLE).join(SearchEntry, is_entry)
        found = found.where(_matches(query, rank), condition)
        if before is not None:
            found = found.where(before > _ROWID)
        return found.order_by(_ROWID.desc())


_TABLE = table("search_words")
_ROWID: ColumnElement[int] = literal_column("search_words.rowid")


# ── Texts of rows ─────────────────────────────────────────────────────────────────────────────
def _row(id_: int, words: EntryWords) -> dict[str, Any]:
    places = (words.title, words.tags, words.body, [THERE, *words.facts])
    texts = dict(zip(_COLUMNS, (" ".join(some) for some in places), strict=True))
    return {"id": id_, "audiences": " ".join(needed(words.readers)), **texts}


def _audiences(row: Mapping[str, Any]) -> list[str]:
    audiences: str = row["audiences"]
    return audiences.split()


def _joining(row: Mapping[str, Any], audiences: Sequence[str]) -> Iterator[_Step]:
    """Yield the statements that index a row for some audiences, a limited number of words each."""
    first, *more = _parts(row, audiences)
    yield _INDEX, _addressed(row, first)
    for some in more:
        yield _TAKE_OUT, _addressed(row, [])  # so that FTS5 counts one row
        yield _INDEX, _addressed(row, some)


def _leaving(row: Mapping[str, Any], audiences: Sequence[str]) -> Iterator[_Step]:
    """Yield the statements that remove a row from the index for some audiences."""
    *more, last = _parts(row, audiences)
    for some in more:
        yield _TAKE_OUT, _addressed(row, some)
        yield _INDEX, _addressed(row, [])
    yield _TAKE_OUT, _addressed(row, last)


def _parts(row: Mapping[str, Any], audiences: Sequence[str]) -> list[Sequence[str]]:
    """Split audiences into parts of limited memory; there is at least one part."""
    words = sum(row[name].count(" ") + 1 for name in _COLUMNS)
    most = max(1, _WORDS_AT_ONCE // words)
    return [audiences[start : start + most] for start in range(0, len(audiences) or 1, most)]


def _addressed(row: Mapping[str, Any], audiences: Sequence[str]) -> dict[str, Any]:
    """Return a row with a token for each word and audience."""
    return {"id": row["id"], **{name: _for_each(row[name], audiences) for name in _COLUMNS}}


def _for_each(words: str, audiences: Iterable[str]) -> str:
    if not words:
        return ""
    return " ".join(f"{one}_" + words.replace(" ", f" {one}_") for one in audiences)


# ── Queries ───────────────────────────────────────────────────────────────────────────────────
def _matches(query: WordQuery, rank: Rank | None) -> ColumnElement[bool]:
    """Return the condition that a row matches the query at exactly one rank; None for any."""
    return _has(" OR ".join(_for_audience(one, query, rank) for one in query.audiences))


def _at_least(query: WordQuery) -> dict[Rank, str]:
    """Return the FTS5 query for each rank, which also matches better ranks."""
    found: dict[Rank, str] = {}
    for rank in query.ranks:
        each = (_with_facts(one, query, _places(one, query)[rank]) for one in query.audiences)
        found[rank] = " OR ".join(each)
    return found


def _has(query: str) -> ColumnElement[bool]:
    return literal_column("search_words").op("MATCH")(query)


def _for_audience(audience: str, query: WordQuery, rank: Rank | None) -> str:
    places = _places(audience, query)
    where = places[Rank.ANYWHERE if rank is None else rank]
    for better in query.better(rank):
        where = f"({where} NOT {places[better]})"
    return _with_facts(audience, query, where)


def _with_facts(audience: str, query: WordQuery, where: str) -> str:
    facts = [f'"{audience}_{one}"' for one in query.facts]
    return "(" + " AND ".join([*facts, *filter(None, [where])]) + ")"


def _places(audience: str, query: WordQuery) -> dict[Rank, str]:
    if not query.words:
        there = "" if query.facts else f'"{audience}_{THERE}"'
        return dict.fromkeys(Rank, there)
    words = [f"{audience}_{word}" for word in query.words]
    star = "*" if is_prefix(query.words[-1]) else ""
    anywhere = "(" + " AND ".join(f'"{word}"' for word in words) + star + ")"
    return {
        Rank.TITLE: f"({{title}} : {anywhere})",
        Rank.LABELS: f"({{title tags}} : {anywhere})",
        Rank.PHRASE: f'("{" ".join(words)}"{star})',
        Rank.ANYWHERE: anywhere,
    }


# ── What was deleted ──────────────────────────────────────────────────────────────────────────
def forget_removed_words(sessions: sessionmaker[Session]) -> None:
    """Purge words of deleted entries from SQLite's index and write-ahead log.

    FTS5 only adds a delete marker until its index segments are merged:
    https://www.sqlite.org/fts5.html#the_merge_command. PostgreSQL needs no such step: its
    autovacuum frees the space, which later data overwrites.
    """
    with sessions.begin() as session:
        engine = session.get_bind()
    if engine.dialect.name != "sqlite":
        return
    pages = -_PAGES  # starts merging all segments
    while _merged(sessions, pages):
        pages = _PAGES
    _empty_log(engine)


def _merged(sessions: sessionmaker[Session], pages: int) -> bool:
    """Merge some pages; return whether there was anything to merge."""
    with sessions.begin() as session:
        before = session.scalar(text("SELECT total_changes()"))
        merge = text("INSERT INTO search_words (search_words, rank) VALUES ('merge', :pages)")
        session.execute(merge, {"pages": pages})
        return session.scalar(text("SELECT total_changes()")) - before > 1


def _empty_log(engine: Engine) -> None:
    """Checkpoint and truncate the write-ahead log, unless a reader still needs it."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
