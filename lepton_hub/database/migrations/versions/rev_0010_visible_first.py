"""Find threads by their audience and requests by their item, and no others on the way."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_threads_audience", "threads", ["audience", "audience_name"]),
    ("ix_access_requests_item", "access_requests", ["space", "item_name"]),
    ("ix_job_attempts_account", "job_attempts", ["account", "measured_at"]),
)
_FORMER = (
    ("ix_access_requests_space", "access_requests", ["space"]),
    ("ix_access_requests_item_name", "access_requests", ["item_name"]),
)


def upgrade() -> None:
    """Add the indexes that lead to what somebody may see."""
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)
    for name, table, _ in _FORMER:
        op.drop_index(name, table)


def downgrade() -> None:
    """Put the former ones in their place."""
    for name, table, columns in _FORMER:
        op.create_index(name, table, columns)
    for name, table, _ in _INDEXES:
        op.drop_index(name, table)
