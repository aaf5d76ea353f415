"""The job queue: claim a job, renew its lease, end it, each within the caller's transaction.

A worker holds a job by a **lease** that it renews. Each lease of a job has a number, and only the
newest may end the job or write to it (a fencing token): a worker that was presumed dead and comes
back can no longer change anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from lepton_hub.audit import append
from lepton_hub.jobs.fairness import next_job
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.job_tables import ComputeJob, JobAttempt
from lepton_hub.jobs.job_types import ENDED, JobState
from lepton_hub.jobs.pool_queries import Capacity, first_waiting, pool_load, quota_of

_LOCK = 0x1E971
HUB = "hub"
"""The audit log's actor for actions of the pool itself."""


class LeaseLost(Exception):
    """The worker has lost its lease: the job was cancelled, or claimed by another worker."""


@dataclass(frozen=True)
class JobLease:
    """A worker's lease on a job. attempt: the lease's number."""

    job_id: int
    public_id: str
    attempt: int


@dataclass(frozen=True)
class UsedResources:
    """A program's usage so far: processor time in seconds, and peak memory in bytes."""

    processor_seconds: float = 0.0
    memory_bytes: int = 0


def claim_job(
    session: Session, worker: str, capacity: Capacity, settings: JobSettings, moment: datetime
) -> JobLease | None:
    """Claim the next job, if one may start; call `take_back_lost` first."""
    _one_at_a_time(session)
    waiting = first_waiting(session, capacity, moment)
    chosen = next_job(waiting, pool_load(session, moment), quota_of(settings))
    found = _locked_if_free(session, [chosen.id]) if chosen else []
    if not found or found[0].state != JobState.QUEUED:
        return None  # it is being cancelled
    job = found[0]
    job.state = JobState.RUNNING
    job.problem = ""
    job.attempt += 1
    job.started_at = moment
    session.add(
        JobAttempt(
            job_id=job.id,
            number=job.attempt,
            worker=worker[:200],
            share=job.share,
            account=job.account,
            begun_at=moment,
            measured_at=moment,
            lease_until=moment + timedelta(seconds=settings.lease),
        )
    )
    session.flush()
    append(
        session,
        actor=HUB,
        action="job.start",
        subject=job.public_id,
        detail={"attempt": job.attempt, "worker": worker[:200]},
    )
    return JobLease(job.id, job.public_id, job.attempt)


def held_job(session: Session, lease: JobLease) -> ComputeJob:
    """Return a job, locked, if the lease is still valid. Raises LeaseLost."""
    job = _locked(session, lease.job_id)
    if job.state != JobState.RUNNING or job.attempt != lease.attempt:
        raise LeaseLost(lease.public_id)
    return job


def renew_lease(
    session: Session, lease: JobLease, settings: JobSettings, moment: datetime
) -> ComputeJob:
    """Renew a lease, and return the job, locked. Raises LeaseLost."""
    job = held_job(session, lease)
    until = moment + timedelta(seconds=settings.lease)
    session.execute(update(JobAttempt).where(*_of(lease)).values(lease_until=until))
    return job


def record_use(session: Session, lease: JobLease, used: UsedResources, moment: datetime) -> None:
    """Record an attempt's usage so far, whatever became of the job."""
    _locked(session, lease.job_id)
    session.execute(
        update(JobAttempt)
        .where(*_of(lease))
        .values(processor_seconds=used.processor_seconds, measured_at=moment)
    )
    spent = select(func.sum(JobAttempt.processor_seconds)).where(JobAttempt.job_id == lease.job_id)
    session.execute(
        update(ComputeJob)
        .where(ComputeJob.id == lease.job_id)
        .values(processor_seconds=spent.scalar_subquery())
    )
    session.execute(
        update(ComputeJob)
        .where(ComputeJob.id == lease.job_id, ComputeJob.peak_memory < used.memory_bytes)
        .values(peak_memory=used.memory_bytes)
    )


def finish_job(
    session: Session, lease: JobLease, state: JobState, problem: str, moment: datetime
) -> ComputeJob:
    """End a job held by a lease. Raises LeaseLost."""
    job = held_job(session, lease)
    end_attempt(session, lease, state, moment)
    _end(session, job, state, problem, moment)
    return job


def give_back(
    session: Session,
    lease: JobLease,
    settings: JobSettings,
    why: str,
    moment: datetime,
    counts: bool = True,
    pause: float = 0.0,
) -> None:
    """Requeue a job that its worker cannot finish. Raises LeaseLost.

    counts: whether to count it as a lost attempt. pause: if not, seconds until the next attempt.
    """
    job = held_job(session, lease)
    end_attempt(session, lease, "given back", moment)
    _queue_again(session, job, settings, why, moment, counts, pause)


def end_attempt(session: Session, lease: JobLease, how: str, moment: datetime) -> None:
    """End an attempt, whatever became of the job; no-op if it has ended."""
    going_on = (*_of(lease), JobAttempt.ended_at.is_(None))
    session.execute(update(JobAttempt).where(*going_on).values(ended_at=moment, ended_how=how))


def cancel_job(session: Session, job_id: int, by: str, why: str, moment: datetime) -> ComputeJob:
    """Cancel a job unless it has ended; its worker kills the program a moment later."""
    job = _locked(session, job_id)
    if job.state not in ENDED:
        _end(session, job, JobState.CANCELLED, why, moment, by)
    return job


def take_back_lost(session: Session, settings: JobSettings, moment: datetime) -> None:
    """Requeue jobs whose leases have expired.

    All are locked before the first append to the audit log: waiting for a job while holding the
    log's lock would block everybody. Jobs locked by others are left for the next time.
    """
    silent = (JobAttempt.ended_at.is_(None), JobAttempt.lease_until < moment)
    lost = session.scalars(select(JobAttempt.job_id).where(*silent)).all()
    for job in _locked_if_free(session, lost) if lost else []:
        numbers = select(JobAttempt.number).where(JobAttempt.job_id == job.id, *silent)
        for number in session.scalars(numbers).all():
            end_attempt(session, JobLease(job.id, job.public_id, number), "lost", moment)
            if job.state == JobState.RUNNING and job.attempt == number:
                why = "The worker that ran it no longer responds."
                _queue_again(session, job, settings, why, moment, counts=True)


def cancel_jobs(session: Session, ids: Sequence[int], why: str, moment: datetime) -> None:
    """Cancel several jobs, except those that have ended."""
    query = select(ComputeJob).where(ComputeJob.id.in_(ids)).order_by(ComputeJob.id)
    for job in session.scalars(query.with_for_update()).all():
        if job.state not in ENDED:
            _end(session, job, JobState.CANCELLED, why, moment)


def _queue_again(
    session: Session,
    job: ComputeJob,
    settings: JobSettings,
    why: str,
    moment: datetime,
    counts: bool,
    pause: float = 0.0,
) -> None:
    job.lost += counts
    if job.lost >= settings.attempts:
        _end(session, job, JobState.GAVE_UP, f"Given up after {job.lost} attempts: {why}", moment)
        return
    job.state = JobState.QUEUED
    job.problem = why[:1000]
    seconds = settings.back_off * job.lost if counts else pause
    job.not_before = moment + timedelta(seconds=seconds)
    session.flush()
    detail = {"attempt": job.attempt, "why": why}
    append(session, actor=HUB, action="job.again", subject=job.public_id, detail=detail)


def _end(
    session: Session,
    job: ComputeJob,
    state: JobState,
    problem: str,
    moment: datetime,
    by: str = HUB,
) -> None:
    job.state = state
    job.problem = problem[:1000]
    job.ended_at = moment
    session.flush()
    detail = {"state": state.value, "attempt": job.attempt}
    append(session, actor=by, action="job.end", subject=job.public_id, detail=detail)


def _of(lease: JobLease) -> tuple[object, ...]:
    return JobAttempt.job_id == lease.job_id, JobAttempt.number == lease.attempt


def _locked(session: Session, job_id: int) -> ComputeJob:
    query = select(ComputeJob).where(ComputeJob.id == job_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _locked_if_free(session: Session, ids: Sequence[int]) -> Sequence[ComputeJob]:
    """Lock and return those jobs that nobody else has locked (SKIP LOCKED)."""
    query = select(ComputeJob).where(ComputeJob.id.in_(ids)).order_by(ComputeJob.id)
    locked = query.with_for_update(skip_locked=True)
    return session.scalars(locked.execution_options(populate_existing=True)).all()


def _one_at_a_time(session: Session) -> None:
    """Serialise claims, so that quotas are exact.

    SQLite's writers are serialised anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
