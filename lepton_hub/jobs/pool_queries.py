"""Database queries for fair scheduling: queued and running jobs, and past usage."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import Session

from lepton_hub.database.unindexed import Unindexed
from lepton_hub.jobs.fairness import PoolLoad, Quota, WaitingJob
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.job_tables import ComputeJob, JobAttempt
from lepton_hub.jobs.job_types import JobState

LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Capacity:
    """The largest job a worker can take. memory: in bytes."""

    processors: int
    memory: int


def quota_of(settings: JobSettings) -> Quota:
    """Return an organisation's quota."""
    return Quota(settings.running, settings.processor_hours * 3600.0)


def pool_load(session: Session, moment: datetime) -> PoolLoad:
    """Return the running jobs, and the usage of the last 24 hours."""
    recent = JobAttempt.measured_at > moment - LATELY
    going_on = JobAttempt.ended_at.is_(None)

    def by(column: str, value: object, *conditions: object) -> dict[str, float]:
        key = getattr(JobAttempt, column)
        query = select(key, value).where(*conditions).group_by(key)
        return dict(session.execute(query).tuples().all())

    seconds = func.sum(JobAttempt.processor_seconds)
    return PoolLoad(
        seconds=by("share", seconds, recent),
        running=by("share", func.count(), going_on),
        account_seconds=by("account", seconds, recent),
        account_running=by("account", func.count(), going_on),
    )


def quota_load(session: Session, accounts: Collection[str], moment: datetime) -> PoolLoad:
    """Return some accounts' running jobs and usage of the last 24 hours, to enforce their quotas.

    Other accounts' attempts are not read.
    """
    key = JobAttempt.account
    lately = and_(key.in_(sorted(accounts)), JobAttempt.measured_at > moment - LATELY)
    going_on = and_(key.in_(sorted(accounts)), Unindexed(JobAttempt.ended_at).is_(None))
    seconds = select(key, func.sum(JobAttempt.processor_seconds)).where(lately).group_by(key)
    running = select(key, func.count()).where(going_on).group_by(key)
    return PoolLoad(
        account_seconds=dict(session.execute(seconds).tuples().all()),
        account_running=dict(session.execute(running).tuples().all()),
    )


def why_it_waits(job: ComputeJob, load: PoolLoad, settings: JobSettings, moment: datetime) -> str:
    """Return why a queued job is waiting, without revealing what other teams do."""
    if job.not_before > moment:
        return f"{job.problem} It will be retried soon."
    quota = quota_of(settings)
    if quota.has_room(load, job.account):
        return "It is waiting for its turn."
    if load.account_running.get(job.account, 0) >= quota.running:
        return (
            "It is waiting: your organisation is running all the jobs its quota allows "
            f"({quota.running})."
        )
    return (
        f"It is waiting: your organisation has used its quota of {settings.processor_hours} "
        "processor-hours in the last 24 hours."
    )


def anything_waits(session: Session, moment: datetime) -> bool:
    """Return whether any job is queued."""
    queued = (ComputeJob.state == JobState.QUEUED, ComputeJob.not_before <= moment)
    return session.scalar(select(ComputeJob.id).where(*queued).limit(1)) is not None


def first_waiting(session: Session, capacity: Capacity, moment: datetime) -> Iterator[WaitingJob]:
    """Yield, for each share and account, the first job that a worker can take."""
    place = func.row_number().over(
        partition_by=(ComputeJob.share, ComputeJob.account),
        order_by=(ComputeJob.priority.desc(), ComputeJob.id),
    )
    columns = (ComputeJob.id, ComputeJob.share, ComputeJob.account, ComputeJob.priority)
    query: Select[tuple[int, str, str, int, int]] = select(*columns, place.label("place")).where(
        ComputeJob.state == JobState.QUEUED,
        ComputeJob.not_before <= moment,
        ComputeJob.processors <= capacity.processors,
        ComputeJob.memory_bytes <= capacity.memory,
    )
    ranked = query.subquery()
    first: list[Row[tuple[int, str, str, int, int]]] = list(
        session.execute(select(ranked).where(ranked.c.place == 1))
    )
    for row in first:
        yield WaitingJob(row.id, row.share, row.account, row.priority)
