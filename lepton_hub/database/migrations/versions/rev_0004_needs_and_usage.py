"""The survey's replies and sums, and who has used what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = [
    "survey_replies",
    "survey_memberships",
    "survey_batches",
    "survey_counted",
    "item_uses",
    "module_uses",
]


def _word(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, MOMENT, nullable=False)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")


def upgrade() -> None:
    """Make the tables."""
    _make_survey()
    _make_usage()


def _make_survey() -> None:
    op.create_table(
        "survey_replies",
        _word("person", 128),
        _word("module", 100),
        _word("question", 32),
        _word("answer", 500),
        _moment("replied_at"),
        sa.PrimaryKeyConstraint("person", "module", "question", name="pk_survey_replies"),
    )
    op.create_table(
        "survey_memberships",
        _word("person", 128),
        _word("kind", 16),
        _word("name", 128),
        _moment("chosen_at"),
        sa.PrimaryKeyConstraint("person", name="pk_survey_memberships"),
    )
    op.create_table(
        "survey_batches",
        _number("id"),
        _word("kind", 16),
        _word("name", 128),
        _word("module", 100),
        _word("part", 8),
        _number("people"),
        sa.Column("sums", sa.JSON(), nullable=False),
        _moment("made_at"),
        sa.PrimaryKeyConstraint("id", name="pk_survey_batches"),
    )
    op.create_index("ix_survey_batches_name", "survey_batches", ["name"])
    op.create_table(
        "survey_counted",
        _word("person", 128),
        _word("module", 100),
        _word("part", 8),
        _number("batch_id"),
        _refers("survey_counted", "batch_id", "survey_batches"),
        sa.PrimaryKeyConstraint("person", "module", "part", name="pk_survey_counted"),
    )
    op.create_index("ix_survey_counted_batch_id", "survey_counted", ["batch_id"])


def _make_usage() -> None:
    op.create_table(
        "item_uses",
        _word("person", 128),
        _number("item_id"),
        _moment("first_at"),
        _moment("last_at"),
        _refers("item_uses", "item_id", "items"),
        sa.PrimaryKeyConstraint("person", "item_id", name="pk_item_uses"),
    )
    op.create_index("ix_item_uses_item_id", "item_uses", ["item_id"])
    op.create_index("ix_item_uses_last_at", "item_uses", ["last_at"])
    op.create_table(
        "module_uses",
        _word("person", 128),
        _word("module", 64),
        _moment("first_at"),
        _moment("last_at"),
        sa.PrimaryKeyConstraint("person", "module", name="pk_module_uses"),
    )
    op.create_index("ix_module_uses_module", "module_uses", ["module"])
    op.create_index("ix_module_uses_last_at", "module_uses", ["last_at"])


def downgrade() -> None:
    """Remove the tables."""
    for table in reversed(TABLES):
        op.drop_table(table)
