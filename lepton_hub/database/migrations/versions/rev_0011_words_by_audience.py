"""An index of words that has each word once for each audience of an entry.

What is found by them is written anew: a hub indexes all that there is when it starts.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ENTRIES = ("term_mentions", "search_tags", "search_texts", "search_entries")
"""The tables of entries, those that refer to others first."""
COLUMNS = "title, tags, body, facts"
SQLITE = [
    f"CREATE VIRTUAL TABLE search_words USING fts5({COLUMNS}, "
    "content = '', tokenize = \"ascii tokenchars '_'\")",
    "CREATE TABLE search_words_forward (entry_id INTEGER CONSTRAINT pk_search_words_forward "
    "PRIMARY KEY, audiences TEXT NOT NULL, title TEXT NOT NULL, tags TEXT NOT NULL, "
    "facts TEXT NOT NULL, body TEXT NOT NULL)",
]
SQLITE_BEFORE = [
    f"CREATE VIRTUAL TABLE search_words USING fts5({COLUMNS}, "
    "tokenize = \"unicode61 tokenchars '_'\")"
]
POSTGRES = [
    "CREATE TABLE search_words (audience TEXT NOT NULL, entry_id BIGINT NOT NULL, "
    "lexemes TSVECTOR NOT NULL, CONSTRAINT pk_search_words PRIMARY KEY (audience, entry_id))",
    "CREATE INDEX ix_search_words_entry_id ON search_words (entry_id)",
    # Without a list of what is to be written later, which each search would look through.
    "CREATE INDEX ix_search_words_lexemes ON search_words USING gin (lexemes) "
    "WITH (fastupdate = off)",
    "CREATE TABLE search_words_forward (entry_id BIGINT CONSTRAINT pk_search_words_forward "
    "PRIMARY KEY, audiences TEXT NOT NULL, words TSVECTOR NOT NULL)",
]
VECTORS = ("words", "title", "labels")
POSTGRES_BEFORE = [
    "CREATE TABLE search_words (entry_id BIGINT CONSTRAINT pk_search_words PRIMARY KEY, "
    "words TSVECTOR NOT NULL, title TSVECTOR NOT NULL, labels TSVECTOR NOT NULL)",
    *(f"CREATE INDEX ix_search_words_{one} ON search_words USING gin ({one})" for one in VECTORS),
]


def upgrade() -> None:
    """Empty the entries, and make the index of words anew."""
    _empty_entries()
    op.execute("DROP TABLE search_words")
    for statement in POSTGRES if _is_postgres() else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Empty the entries, and make the index of words as it was."""
    _empty_entries()
    for table in ("search_words", "search_words_forward"):
        op.execute(f"DROP TABLE {table}")
    for statement in POSTGRES_BEFORE if _is_postgres() else SQLITE_BEFORE:
        op.execute(statement)


def _empty_entries() -> None:
    for table in ENTRIES:
        op.execute(f"DELETE FROM {table}")
    op.execute("UPDATE mention_state SET fingerprint = ''")


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"
