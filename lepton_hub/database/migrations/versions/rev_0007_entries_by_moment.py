"""Search entries whose ids tell when they were changed, and whose texts have a table of their own.

What is indexed is kept: the rows of the old tables go into the new ones under their new ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from secrets import randbelow

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ENTRY_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_A_MICROSECOND = 1024
BEFORE = ("search_words", "term_mentions", "search_tags", "search_entries")
"""The old tables, those that refer to others first."""
ENTRY = "key, kind, item_id, thread_id, post_id, team, owner, changed_at"
TAG = ("tag", 32)
TERM = ("term", 128)
INDEXED = ("kind", "item_id", "thread_id", "post_id", "team", "owner")

FTS5 = (
    "CREATE VIRTUAL TABLE search_words USING fts5(title, tags, body, facts, "
    "tokenize = \"unicode61 tokenchars '_'\")"
)
FTS5_BEFORE = (
    "CREATE VIRTUAL TABLE search_words USING fts5(title, tags, body, tokenize = 'unicode61')"
)
VECTORS = ("words", "title", "labels")
TSVECTORS = (
    "CREATE TABLE search_words (entry_id BIGINT CONSTRAINT pk_search_words PRIMARY KEY, "
    "words TSVECTOR NOT NULL, title TSVECTOR NOT NULL, labels TSVECTOR NOT NULL)"
)
TSVECTORS_BEFORE = (
    "CREATE TABLE search_words (entry_id INTEGER CONSTRAINT pk_search_words PRIMARY KEY, "
    "words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_search_words_words ON search_words USING gin (words)",
)


def upgrade() -> None:
    """Move everything to the new ids."""
    _note_new_ids()
    for table in BEFORE:
        rowid = ", rowid AS entry_id" if table == "search_words" and not _is_postgres() else ""
        op.execute(f"CREATE TABLE before_{table} AS SELECT *{rowid} FROM {table}")
        op.execute(f"DROP TABLE {table}")
    _make_entries()
    _make_words()
    for table in (*BEFORE, "ids"):
        op.execute(f"DROP TABLE before_{table}")


def downgrade() -> None:
    """Make the old tables. They are empty: a hub fills them when it starts."""
    for table in ("search_words", "term_mentions", "search_tags", "search_texts", "search_entries"):
        op.execute(f"DROP TABLE {table}")
    op.create_table(
        "search_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(32), nullable=False),
        *_entry_columns(),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.UniqueConstraint("public_id", name="uq_search_entries_public_id"),
    )
    _make_part("search_tags", sa.Integer(), *TAG)
    _make_part("term_mentions", sa.Integer(), *TERM, ondelete="CASCADE")
    _make_indexes((*INDEXED, "changed_at"))
    for statement in TSVECTORS_BEFORE if _is_postgres() else [FTS5_BEFORE]:
        op.execute(statement)
    op.execute("UPDATE mention_state SET fingerprint = ''")


def _note_new_ids() -> None:
    """Write down the new id of each entry: by when it was changed, with random last bits."""
    table = op.create_table(
        "before_ids",
        sa.Column("entry_id", sa.Integer(), primary_key=True),
        sa.Column("new_id", ENTRY_ID, nullable=False),
    )
    columns = [sa.column("id", sa.Integer()), sa.column("changed_at", sa.DateTime(timezone=True))]
    entries = sa.table("search_entries", *columns)
    query = sa.select(*columns).order_by(entries.c.changed_at, entries.c.id)
    rows = op.get_bind().execute(query).all()
    ids = zip([row.id for row in rows], _ids([row.changed_at for row in rows]), strict=True)
    op.bulk_insert(table, [{"entry_id": old, "new_id": new} for old, new in ids])


def _ids(moments: list[datetime]) -> Iterator[int]:
    """Yield an id for each moment; the moments are sorted."""
    last = -1
    for moment in moments:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        microseconds = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        last = max(last + 1, microseconds * IN_A_MICROSECOND + randbelow(IN_A_MICROSECOND))
        yield last


def _make_entries() -> None:
    id_ = sa.Column("id", ENTRY_ID, nullable=False, autoincrement=False)
    op.create_table("search_entries", id_, *_entry_columns())
    _fill("search_entries", f"id, {ENTRY}", f"new_id, {ENTRY}", "id")
    op.create_table(
        "search_texts",
        sa.Column("entry_id", ENTRY_ID, nullable=False, autoincrement=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _refers("search_texts", "entry_id", "search_entries"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_search_texts"),
    )
    texts = "title, text"
    _fill("search_texts", f"entry_id, {texts}", f"new_id, {texts}", "id", "search_entries")
    _make_part("search_tags", ENTRY_ID, *TAG)
    _fill("search_tags", "entry_id, tag", "new_id, tag", "entry_id")
    _make_part("term_mentions", ENTRY_ID, *TERM, ondelete="CASCADE")
    _fill("term_mentions", "entry_id, term", "new_id, term", "entry_id")
    _make_indexes(INDEXED)


def _entry_columns() -> list[SchemaItem]:
    return [
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("team", sa.String(64), nullable=True),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        _refers("search_entries", "item_id", "items"),
        _refers("search_entries", "thread_id", "threads"),
        sa.PrimaryKeyConstraint("id", name="pk_search_entries"),
        sa.UniqueConstraint("key", name="uq_search_entries_key"),
    ]


def _make_part(
    table: str, type_: TypeEngine[int], name: str, length: int, ondelete: str | None = None
) -> None:
    """Make a table of the words of one kind that entries have."""
    op.create_table(
        table,
        sa.Column("entry_id", type_, nullable=False),
        sa.Column(name, sa.String(length), nullable=False),
        _refers(table, "entry_id", "search_entries", ondelete),
        sa.PrimaryKeyConstraint("entry_id", name, name=f"pk_{table}"),
    )


def _make_indexes(columns: tuple[str, ...]) -> None:
    for column in columns:
        op.create_index(f"ix_search_entries_{column}", "search_entries", [column])
    op.create_index("ix_search_tags_tag", "search_tags", ["tag"])
    op.create_index("ix_term_mentions_term", "term_mentions", ["term"])


def _make_words() -> None:
    if not _is_postgres():
        op.execute(FTS5)
        names = "title, tags, body"
        _fill_words(f"rowid, {names}, facts", f"new_id, {names}, {_facts('hex({})')}")
        return
    op.execute(TSVECTORS)
    facts = _facts("encode(convert_to({}, 'UTF8'), 'hex')")
    made = f"words || CAST({facts} AS tsvector), ts_filter(words, '{{a}}'), "
    made += "ts_filter(words, '{a,b}')"
    _fill_words("entry_id, words, title, labels", f"new_id, {made}")
    for column in VECTORS:
        op.execute(f"CREATE INDEX ix_search_words_{column} ON search_words USING gin ({column})")


def _facts(hexed: str) -> str:
    """Return SQL for the facts of an entry: what the hub also finds it by. hexed: SQL for a hex."""
    join = "string_agg" if _is_postgres() else "group_concat"
    tags = f"SELECT {join}('_g' || {hexed.format('tag')}, ' ') FROM search_tags "
    tags += "WHERE search_tags.entry_id = new_id"
    team = f"CASE WHEN team IS NULL THEN '' ELSE ' _t' || {hexed.format('team')} END"
    parts = [f"'_k' || {hexed.format('kind')}", f"' _o' || {hexed.format('owner')}", team]
    return " || ".join([*parts, f"coalesce(' ' || ({tags}), '')"])


def _fill_words(names: str, values: str) -> None:
    op.execute(
        f"INSERT INTO search_words ({names}) SELECT {values} FROM before_search_words "
        "JOIN before_ids ON before_ids.entry_id = before_search_words.entry_id "
        "JOIN search_entries ON search_entries.id = new_id ORDER BY new_id"
    )


def _fill(table: str, names: str, values: str, key: str, source: str | None = None) -> None:
    """Take rows over from the old table; `key` is its column of the old id."""
    before = f"before_{source or table}"
    op.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {before} "
        f"JOIN before_ids ON before_ids.entry_id = {before}.{key} ORDER BY new_id"
    )


def _refers(
    table: str, column: str, to: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"
