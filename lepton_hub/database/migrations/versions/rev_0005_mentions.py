"""The knowledge graph: which terms of the course each search entry mentions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; the first start finds the mentions."""
    op.create_table(
        "term_mentions",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("term", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["search_entries.id"],
            name="fk_term_mentions_entry_id_search_entries",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entry_id", "term", name="pk_term_mentions"),
    )
    op.create_index("ix_term_mentions_term", "term_mentions", ["term"])
    state = op.create_table(
        "mention_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mention_state"),
    )
    op.bulk_insert(state, [{"id": 1, "fingerprint": ""}])


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("mention_state")
    op.drop_table("term_mentions")
