"""The knowledge base and search: documents, attachments, threads, subscriptions, search entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = "search_words"
WORDS = {
    "sqlite": [
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(title, tags, body, tokenize = 'unicode61')"
    ],
    "postgresql": [
        f"CREATE TABLE {TABLE} (entry_id INTEGER CONSTRAINT pk_{TABLE} PRIMARY KEY, "
        "words TSVECTOR NOT NULL)",
        f"CREATE INDEX ix_{TABLE}_words ON {TABLE} USING gin (words)",
    ],
}
MOMENT = sa.DateTime(timezone=True)
TABLES = [
    "document_revisions",
    "attachments",
    "threads",
    "thread_tags",
    "thread_posts",
    "post_wordings",
    "subscriptions",
    "digest_mails",
    "search_entries",
    "search_tags",
]


def _number(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _word(name: str, length: int, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, MOMENT, nullable=nullable)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")


def _indexed(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def upgrade() -> None:
    """Make the tables."""
    _make_documents()
    _make_threads()
    _make_subscriptions()
    _make_search()


def _make_documents() -> None:
    op.create_table(
        "document_revisions",
        _number(),
        _number("item_id"),
        _number("number"),
        _text("text"),
        _word("note", 1000),
        _word("made_by", 128),
        _moment("made_at"),
        _refers("document_revisions", "item_id", "items"),
        sa.PrimaryKeyConstraint("id", name="pk_document_revisions"),
        sa.UniqueConstraint("item_id", "number", name="uq_document_revisions_item_id"),
    )
    _indexed("document_revisions", "item_id", "made_by", "made_at")
    op.create_table(
        "attachments",
        _number(),
        _number("item_id"),
        _word("path", 255),
        _word("sha256", 64),
        sa.Column("size", sa.BigInteger(), nullable=False),
        _word("media_type", 161),
        _word("attached_by", 128),
        _moment("attached_at"),
        _refers("attachments", "item_id", "items"),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.UniqueConstraint("item_id", "path", name="uq_attachments_item_id"),
    )
    _indexed("attachments", "item_id", "sha256")


def _make_threads() -> None:
    op.create_table(
        "threads",
        _number(),
        _word("public_id", 32),
        sa.Column("item_id", sa.Integer(), nullable=True),
        _word("section", 200, nullable=True),
        _word("audience", 16, nullable=True),
        _word("audience_name", 128, nullable=True),
        _word("kind", 16),
        _word("title", 200),
        _word("made_by", 128),
        _moment("made_at"),
        _moment("changed_at"),
        _word("accepted_id", 32, nullable=True),
        _number("posts_ever"),
        _moment("deleted_at", nullable=True),
        _refers("threads", "item_id", "items"),
        sa.PrimaryKeyConstraint("id", name="pk_threads"),
        sa.UniqueConstraint("public_id", name="uq_threads_public_id"),
    )
    _indexed("threads", "item_id", "section", "made_by", "changed_at")
    op.create_table(
        "thread_tags",
        _number("thread_id"),
        _word("tag", 32),
        _refers("thread_tags", "thread_id", "threads"),
        sa.PrimaryKeyConstraint("thread_id", "tag", name="pk_thread_tags"),
    )
    _indexed("thread_tags", "tag")
    op.create_table(
        "thread_posts",
        _number(),
        _word("public_id", 32),
        _number("thread_id"),
        _number("number"),
        _text("text"),
        _number("revision"),
        _word("made_by", 128),
        _moment("made_at"),
        _moment("changed_at"),
        _moment("deleted_at", nullable=True),
        _refers("thread_posts", "thread_id", "threads"),
        sa.PrimaryKeyConstraint("id", name="pk_thread_posts"),
        sa.UniqueConstraint("public_id", name="uq_thread_posts_public_id"),
        sa.UniqueConstraint("thread_id", "number", name="uq_thread_posts_thread_id"),
    )
    _indexed("thread_posts", "thread_id", "made_by", "made_at")
    op.create_table(
        "post_wordings",
        _number("post_id"),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        _text("text"),
        _moment("written_at"),
        _refers("post_wordings", "post_id", "thread_posts"),
        sa.PrimaryKeyConstraint("post_id", "revision", name="pk_post_wordings"),
    )


def _make_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        _number(),
        _word("person", 128),
        _word("kind", 16),
        _word("target", 128),
        _moment("made_at"),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.UniqueConstraint("person", "kind", "target", name="uq_subscriptions_person"),
    )
    _indexed("subscriptions", "person")
    op.create_table(
        "digest_mails",
        _word("person", 128),
        _number("every_days"),
        _moment("sent_until"),
        _moment("claimed_at", nullable=True),
        sa.PrimaryKeyConstraint("person", name="pk_digest_mails"),
    )


def _make_search() -> None:
    op.create_table(
        "search_entries",
        _number(),
        _word("public_id", 32),
        _word("key", 32),
        _word("kind", 16),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.Column("post_id", sa.Integer(), nullable=True),
        _word("team", 64, nullable=True),
        _word("owner", 128),
        _word("title", 200),
        _text("text"),
        _moment("changed_at"),
        _refers("search_entries", "item_id", "items"),
        _refers("search_entries", "thread_id", "threads"),
        sa.PrimaryKeyConstraint("id", name="pk_search_entries"),
        sa.UniqueConstraint("public_id", name="uq_search_entries_public_id"),
        sa.UniqueConstraint("key", name="uq_search_entries_key"),
    )
    _indexed(
        "search_entries", "kind", "item_id", "thread_id", "post_id", "team", "owner", "changed_at"
    )
    op.create_table(
        "search_tags",
        _number("entry_id"),
        _word("tag", 32),
        _refers("search_tags", "entry_id", "search_entries"),
        sa.PrimaryKeyConstraint("entry_id", "tag", name="pk_search_tags"),
    )
    _indexed("search_tags", "tag")
    for statement in WORDS[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Remove the tables."""
    op.get_bind().exec_driver_sql(f"DROP TABLE {TABLE}")
    for table in reversed(TABLES):
        op.drop_table(table)
