"""The compute pool: jobs, their inputs, attempts, logs and metrics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = ["jobs", "job_inputs", "job_attempts", "job_log_pieces", "job_scalars"]


def _number(name: str, nullable: bool = False, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable, autoincrement=False if key else "auto")


def _large(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _real(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=False)


def _word(name: str, length: int, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, MOMENT, nullable=nullable)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")


def _indexed(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def upgrade() -> None:
    """Make the tables."""
    _make_jobs()
    _make_attempts()
    _make_logs()


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        _word("public_id", 32),
        _word("asked_by", 128),
        sa.Column("teams", sa.JSON(), nullable=False),
        _word("organisation", 64, nullable=True),
        _word("share", 130),
        _word("account", 144),
        _word("state", 16),
        _number("priority"),
        _number("attempt"),
        _number("lost"),
        _number("program_id"),
        _number("program_version"),
        _word("path", 255),
        sa.Column("parameters", sa.JSON(), nullable=False),
        _number("result_id"),
        _number("result_version", nullable=True),
        _number("processors"),
        _large("memory_bytes"),
        _number("seconds"),
        _word("problem", 1000),
        _number("log_bytes"),
        _number("metric_points"),
        _real("processor_seconds"),
        _large("peak_memory"),
        _moment("asked_at"),
        _moment("not_before"),
        _moment("started_at", nullable=True),
        _moment("ended_at", nullable=True),
        _refers("jobs", "program_id", "items"),
        _refers("jobs", "result_id", "items"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("public_id", name="uq_jobs_public_id"),
    )
    _indexed("jobs", "asked_by", "state", "program_id", "result_id")
    op.create_table(
        "job_inputs",
        _number("job_id"),
        _number("number", key=True),
        _number("item_id"),
        _number("version"),
        _refers("job_inputs", "job_id", "jobs"),
        _refers("job_inputs", "item_id", "items"),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_inputs"),
    )
    _indexed("job_inputs", "item_id")


def _make_attempts() -> None:
    op.create_table(
        "job_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        _number("job_id"),
        _number("number"),
        _word("worker", 200),
        _word("share", 130),
        _word("account", 144),
        _moment("begun_at"),
        _moment("lease_until"),
        _moment("measured_at"),
        _real("processor_seconds"),
        _moment("ended_at", nullable=True),
        _word("ended_how", 16, nullable=True),
        _refers("job_attempts", "job_id", "jobs"),
        sa.PrimaryKeyConstraint("id", name="pk_job_attempts"),
        sa.UniqueConstraint("job_id", "number", name="uq_job_attempts_job_id"),
    )
    _indexed("job_attempts", "job_id", "measured_at", "ended_at")


def _make_logs() -> None:
    op.create_table(
        "job_log_pieces",
        _number("job_id"),
        _number("start", key=True),
        sa.Column("text", sa.Text(), nullable=False),
        _refers("job_log_pieces", "job_id", "jobs"),
        sa.PrimaryKeyConstraint("job_id", "start", name="pk_job_log_pieces"),
    )
    op.create_table(
        "job_scalars",
        _number("job_id"),
        _number("number", key=True),
        _word("name", 64),
        _large("step"),
        _real("value"),
        _refers("job_scalars", "job_id", "jobs"),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_scalars"),
    )


def downgrade() -> None:
    """Remove the tables."""
    for table in reversed(TABLES):
        op.drop_table(table)
