"""What the API says of jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_access import shown_references
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.job_tables import ComputeJob
from lepton_hub.jobs.job_types import RANKS, JobPriority, JobState
from lepton_hub.jobs.pool_queries import why_it_waits


class GivenLimits(BaseModel):
    """What a job may use. memory: in bytes."""

    processors: int
    memory: int
    seconds: int


class JobAnswer(BaseModel):
    """A job. program, inputs, result: as far as you may see them now.

    share: whose processor time counts. attempts: how often it was begun. detail: why it waits, or
    what went wrong. processor_seconds, peak_memory (bytes): used so far.
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
    """A page of jobs, those asked for last first."""

    jobs: list[JobAnswer]
    total: int
    next: str | None


class LogAnswer(BaseModel):
    """A part of what a job printed. next: `after` of what follows; ended: nothing will follow."""

    text: str
    next: int
    ended: bool


class ScalarSeries(BaseModel):
    """A number that a job's program measured, by its own count of steps."""

    name: str
    steps: list[int]
    values: list[float]


class MetricsAnswer(BaseModel):
    """What a job has used, and what its program measured."""

    processor_seconds: float
    peak_memory: int
    series: list[ScalarSeries]


def job_answer(
    session: Session, person: Person, job: ComputeJob, settings: JobSettings
) -> JobAnswer:
    """Return a job as a person may see it."""
    versions = [(job.program_id, job.program_version), (job.result_id, job.result_version)]
    versions += [(one.item_id, one.version) for one in job.inputs]
    program, result, *inputs = shown_references(session, person, versions)
    waits = job.state == JobState.QUEUED
    names = ("asked_by", "share", "path", "parameters", "processor_seconds", "peak_memory")
    moments = ("asked_at", "started_at", "ended_at")
    return JobAnswer(
        **{name: getattr(job, name) for name in (*names, *moments)},
        id=job.public_id,
        state=JobState(job.state),
        detail=why_it_waits(session, job, settings, now()) if waits else job.problem,
        priority={rank: name for name, rank in RANKS.items()}[job.priority],
        program=program,
        inputs=[one for one in inputs if one is not None],
        result=result,
        limits=GivenLimits(processors=job.processors, memory=job.memory_bytes, seconds=job.seconds),
        attempts=job.attempt,
    )
