"""Submit a job, cancel it, and erase a deleted item's traces in jobs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.dependents import ON_DELETED
from lepton_hub.catalogue.items import NotVisible, find_item
from lepton_hub.catalogue.names import own_space, parse_reference, team_of
from lepton_hub.catalogue.tables import SharedItem, Version
from lepton_hub.catalogue.versions import find_version
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_access import without_rights
from lepton_hub.jobs.job_queue import cancel_jobs
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.job_tables import ComputeJob, JobInput, JobLogPiece, JobScalar
from lepton_hub.jobs.job_types import RANKS, JobState, NewJob
from lepton_hub.permissions import Action

PROGRAMS = (".ipynb", ".py")
_FIELDS = {"seconds": "minutes"}
LOGS_LAST = timedelta(days=90)


class JobRefused(Exception):
    """A job cannot run as submitted; the message says what to change.

    field: the form field concerned.
    """

    def __init__(self, why: str, field: str) -> None:
        super().__init__(why)
        self.field = field


class TooManyJobs(Exception):
    """Somebody has the maximum number of queued jobs."""


def ask_for_job(
    session: Session, person: Person, told: NewJob, settings: JobSettings
) -> ComputeJob:
    """Queue a job. Administrator rights do not apply.

    Raises NotVisible, NotAllowed for the result's item, JobRefused, TooManyJobs.
    """
    asker = without_rights(person)
    program = _version(session, asker, told.program)
    inputs = [_version(session, asker, name) for name in dict.fromkeys(told.inputs)]
    space, _, name = told.result.partition("/")
    result = find_item(session, asker, space, name, Action.ADD_VERSION)
    if result.kind == "document":
        raise NotVisible
    mine = (ComputeJob.asked_by == person.name, ComputeJob.state == JobState.QUEUED)
    if (session.scalar(select(func.count(ComputeJob.id)).where(*mine)) or 0) >= settings.waiting:
        raise TooManyJobs
    limits = told.limits
    memory = limits.memory or min(settings.usual_memory, settings.memory)
    seconds = limits.seconds or min(settings.usual_seconds, settings.seconds)
    _check_limits(settings, limits.processors, memory, seconds)
    share = _share(asker, told.team, team_of(space))
    job = ComputeJob(
        asked_by=person.name,
        teams=sorted(asker.teams),
        organisation=asker.organisation,
        share=share,
        account=f"organisation {asker.organisation}" if asker.organisation else share,
        state=JobState.QUEUED,
        priority=RANKS[told.priority],
        program_id=program.item_id,
        program_version=program.number,
        path=_program_path(program, told.path),
        parameters=dict(told.parameters),
        result_id=result.id,
        processors=limits.processors,
        memory_bytes=memory,
        seconds=seconds,
        inputs=[
            JobInput(number=number, item_id=version.item_id, version=version.number)
            for number, version in enumerate(inputs)
        ],
    )
    session.add(job)
    session.flush()
    return job


def erase_traces(session: Session, item: SharedItem) -> None:
    """Cancel the jobs that need an item being deleted, and erase the logs that may quote it.

    All lock the item before its jobs: see `ending_job`.
    """
    reads = select(JobInput.job_id).where(JobInput.item_id == item.id)
    using = select(ComputeJob.id).where(
        or_(ComputeJob.program_id == item.id, ComputeJob.id.in_(reads))
    )
    found = list(session.scalars(using))
    writes = select(ComputeJob.id).where(ComputeJob.result_id == item.id)
    needing = [*found, *session.scalars(writes).all()]
    cancel_jobs(session, needing, "An item it needs was deleted.", now())
    erase_logs(session, found)


def forget_old_logs(session: Session) -> None:
    """Erase the logs and metrics of jobs that ended long ago; keep the record that they ran."""
    old = select(ComputeJob.id).where(
        ComputeJob.ended_at < now() - LOGS_LAST, ComputeJob.log_bytes + ComputeJob.metric_points > 0
    )
    erase_logs(session, list(session.scalars(old.limit(1000))))


def erase_logs(session: Session, jobs: list[int]) -> None:
    """Erase the logs and metrics of jobs."""
    for table in (JobLogPiece, JobScalar):
        session.execute(delete(table).where(table.job_id.in_(jobs)))
    for job in session.scalars(select(ComputeJob).where(ComputeJob.id.in_(jobs))):
        job.log_bytes = job.metric_points = 0
        job.parameters = {}
    session.flush()


def _version(session: Session, person: Person, name: str) -> Version:
    reference = parse_reference(name)
    item = find_item(session, person, reference.space, reference.name, Action.VIEW)
    return find_version(session, item, reference.version)


def _program_path(version: Version, path: str | None) -> str:
    """Return the file of a version to run. Raises JobRefused, NotVisible."""
    programs = [file.path for file in version.files if file.path.lower().endswith(PROGRAMS)]
    if path is None:
        if len(programs) == 1:
            return programs[0]
        raise JobRefused("Name the file to run in `path`: a notebook or a Python file.", "path")
    if path not in [file.path for file in version.files]:
        raise NotVisible
    if path not in programs:
        raise JobRefused("A job runs a notebook (.ipynb) or a Python file (.py).", "path")
    return path


def _share(person: Person, asked: str | None, team: str | None) -> str:
    """Return the share that is charged. team: the team whose space receives the result."""
    if asked is not None:
        if asked not in person.teams:
            raise JobRefused("`team` must be one of your teams.", "team")
        return asked
    if team in person.teams:
        return str(team)
    if len(person.teams) > 1:
        teams = ", ".join(sorted(person.teams))
        raise JobRefused(f"Name the team this job is for in `team`: {teams}.", "team")
    return next(iter(person.teams), own_space(person))


def _check_limits(settings: JobSettings, processors: int, memory: int, seconds: int) -> None:
    asked = {"processors": processors, "memory": memory, "seconds": seconds}
    for name, value in asked.items():
        most = getattr(settings, name)
        if value > most:
            raise JobRefused(f"limits.{name} is at most {most} here.", _FIELDS.get(name, name))


ON_DELETED.append(erase_traces)
