"""Grants by who has them: the index by which search finds what somebody may see."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_grants_holder", "grants", ["subject", "name", "item_id"])


def downgrade() -> None:
    """Remove the index."""
    op.drop_index("ix_grants_holder", "grants")
