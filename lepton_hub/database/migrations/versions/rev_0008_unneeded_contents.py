"""Contents that are to be erased, so that a kill in between forgets none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "unneeded_contents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("deleted_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unneeded_contents"),
    )
    op.create_index("ix_unneeded_contents_sha256", "unneeded_contents", ["sha256"])


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("unneeded_contents")
