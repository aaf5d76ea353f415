"""The compute pool's tables."""

from __future__ import annotations

from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now


def _job_id() -> str:
    return token_urlsafe(12)


class ComputeJob(Base):
    """A job. Versions are stored as item and number, since an item may be deleted.

    teams, organisation: the submitter's, at submission. share: the team or ~person whose processor
    time is charged; account: whose quotas apply, an organisation or, without one, the share.
    attempt: the number of its newest lease, the only one that may end it. lost: the number of lost
    attempts. not_before: the earliest next start. log_bytes, metric_points: sizes of what is
    stored.
    """

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=_job_id)
    asked_by: Mapped[str] = mapped_column(String(128), index=True)
    teams: Mapped[list[str]] = mapped_column(JSON)
    organisation: Mapped[str | None] = mapped_column(String(64))
    share: Mapped[str] = mapped_column(String(130))
    account: Mapped[str] = mapped_column(String(144))
    state: Mapped[str] = mapped_column(String(16), index=True)
    priority: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0)
    program_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    program_version: Mapped[int]
    path: Mapped[str] = mapped_column(String(255))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    result_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    result_version: Mapped[int | None]
    processors: Mapped[int]
    memory_bytes: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[int]
    problem: Mapped[str] = mapped_column(String(1000), default="")
    log_bytes: Mapped[int] = mapped_column(default=0)
    metric_points: Mapped[int] = mapped_column(default=0)
    processor_seconds: Mapped[float] = mapped_column(Float, default=0.0)
    peak_memory: Mapped[int] = mapped_column(BigInteger, default=0)
    asked_at: Mapped[datetime] = mapped_column(Moment, default=now)
    not_before: Mapped[datetime] = mapped_column(Moment, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    program: Mapped[SharedItem] = relationship(foreign_keys=program_id)
    result: Mapped[SharedItem] = relationship(foreign_keys=result_id)
    inputs: Mapped[list[JobInput]] = relationship(
        cascade="all, delete-orphan", order_by="JobInput.number", lazy="selectin"
    )


class JobInput(Base):
    """A version that a job reads."""

    __tablename__ = "job_inputs"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    version: Mapped[int]

    item: Mapped[SharedItem] = relationship()


class JobAttempt(Base):
    """A worker's lease on a job.

    ended_how: the state in which the attempt ended the job, or "given back", "lost", or "taken
    away" if the job was cancelled or claimed by another worker. None while it lasts. measured_at:
    when its processor time, in seconds, was measured last.
    """

    __tablename__ = "job_attempts"
    __table_args__ = (
        UniqueConstraint("job_id", "number"),
        Index("ix_job_attempts_account", "account", "measured_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), index=True)
    number: Mapped[int]
    worker: Mapped[str] = mapped_column(String(200))
    share: Mapped[str] = mapped_column(String(130))
    account: Mapped[str] = mapped_column(String(144))
    begun_at: Mapped[datetime] = mapped_column(Moment)
    lease_until: Mapped[datetime] = mapped_column(Moment)
    measured_at: Mapped[datetime] = mapped_column(Moment, index=True)
    processor_seconds: Mapped[float] = mapped_column(Float, default=0.0)
    ended_at: Mapped[datetime | None] = mapped_column(Moment, index=True)
    ended_how: Mapped[str | None] = mapped_column(String(16))


class JobLogPiece(Base):
    """A piece of a job's log. start: its offset in UTF-8 bytes."""

    __tablename__ = "job_log_pieces"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)


class JobScalar(Base):
    """A metric's value that a job's program reported."""

    __tablename__ = "job_scalars"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64))
    step: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[float] = mapped_column(Float)
