"""Response schemas for jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.jobs.fairness import PoolLoad
from lepton_hub.jobs.job_access import seen_names
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.job_tables import ComputeJob
from lepton_hub.jobs.job_types import RANKS, JobPriority, JobState
from lepton_hub.jobs.pool_queries import quota_load, why_it_waits

PRIORITIES = {rank: name for name, rank in RANKS.items()}


class GivenLimits(BaseModel):
    """What a job may use. memory: in bytes."""

    processors: int
    memory: int
    seconds: int


class JobAnswer(BaseModel):
    """A job. program, inputs, result: only what you may see now.

    share: whose processor time is charged. attempts: how often it was started. detail: why it is
    waiting, or what went wrong. processor_seconds, peak_memory (bytes): used so far.
    """

    id: str
    state: JobState
    detail: str
    asked_by: str
    share: str
    priority: JobPriority
    program: str | None
    path: str
    inputs: list[str]
    parameters: dict[str, Any]
    result: str | None
    limits: GivenLimits
    attempts: int
    processor_seconds: float
    peak_memory: int
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class JobPage(BaseModel):
    """A page of jobs, most recently submitted first."""

    jobs: list[JobAnswer]
    total: int
    next: str | None


class LogAnswer(BaseModel):
    """A part of a job's log. next: `after` for the next part; ended: no more will follow."""

    text: str
    next: int
    ended: bool


class ScalarSeries(BaseModel):
    """A metric that a job's program reported, by its own step count."""

    name: str
    steps: list[int]
    values: list[float]


class MetricsAnswer(BaseModel):
    """A job's resource usage and its program's metrics."""

    processor_seconds: float
    peak_memory: int
    series: list[ScalarSeries]


def job_answer(
    session: Session, person: Person, job: ComputeJob, settings: JobSettings
) -> JobAnswer:
    """Return a job as a person may see it."""
    return job_answers(session, person, [job], settings)[0]


def job_answers(
    session: Session, person: Person, jobs: Sequence[ComputeJob], settings: JobSettings
) -> list[JobAnswer]:
    """Return jobs as a person may see them."""
    moment = now()
    waiting = {job.account for job in jobs if job.state == JobState.QUEUED}
    load = quota_load(session, waiting, moment) if waiting else PoolLoad()
    items = [item for job in jobs for item in (job.program_id, job.result_id)]
    items += [one.item_id for job in jobs for one in job.inputs]
    names = seen_names(session, person, items)

    def detail(job: ComputeJob) -> str:
        queued = job.state == JobState.QUEUED
        return why_it_waits(job, load, settings, moment) if queued else job.problem

    return [_answer(job, names, detail(job)) for job in jobs]


def _answer(job: ComputeJob, names: Mapping[int, str], detail: str) -> JobAnswer:
    """names: of the visible items, by id."""

    def named(item: int, version: int | None) -> str | None:
        name = names.get(item)
        return f"{name}@{version}" if name and version else name

    same = ("asked_by", "share", "path", "parameters", "processor_seconds", "peak_memory")
    moments = ("asked_at", "started_at", "ended_at")
    inputs = [named(one.item_id, one.version) for one in job.inputs]
    return JobAnswer(
        **{name: getattr(job, name) for name in (*same, *moments)},
        id=job.public_id,
        state=JobState(job.state),
        detail=detail,
        priority=PRIORITIES[job.priority],
        program=named(job.program_id, job.program_version),
        inputs=[name for name in inputs if name],
        result=named(job.result_id, job.result_version),
        limits=GivenLimits(processors=job.processors, memory=job.memory_bytes, seconds=job.seconds),
        attempts=job.attempt,
    )
