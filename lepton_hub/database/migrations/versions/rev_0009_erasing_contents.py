"""Which contents are being erased at this moment, so that nobody begins to need one of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("erasing", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("unneeded_contents", column)


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("unneeded_contents", "erasing")
