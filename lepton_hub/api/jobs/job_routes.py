"""Jobs: submit, list, read logs and metrics, cancel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.conditional import tagged
from lepton_hub.api.idempotency import IdempotencyKey, KeptAnswer, once
from lepton_hub.api.jobs.job_answers import (
    JobAnswer,
    JobPage,
    LogAnswer,
    MetricsAnswer,
    ScalarSeries,
    job_answer,
    job_answers,
)
from lepton_hub.api.knowledge.moment_cursors import from_moment_cursor, to_moment_cursor
from lepton_hub.api.paging import Cursor, Limit
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_access import find_job, list_jobs
from lepton_hub.jobs.job_asking import JobRefused, TooManyJobs, ask_for_job
from lepton_hub.jobs.job_log import read_log
from lepton_hub.jobs.job_metrics import read_metrics
from lepton_hub.jobs.job_queue import cancel_job
from lepton_hub.jobs.job_tables import ComputeJob
from lepton_hub.jobs.job_types import ENDED, JobState, NewJob
from lepton_hub.jobs.running.program_process import NoWalls, walls_here

router = APIRouter(tags=["jobs"])

JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


@router.post(
    "/train", status_code=202, response_model=JobAnswer, responses=described(403, 404, 409)
)
def train(
    request: Request, state: State, person: Asker, told: NewJob, key: IdempotencyKey = None
) -> Response:
    """Submit a job that runs a notebook or a Python file of a version.

    It runs when it is its team's turn, without a network, and reads the inputs you name. The files
    it writes to its folder `results` become a new version of the item you name. Administrator
    rights do not apply here.
    """
    check_walls(state)

    def work() -> KeptAnswer:
        try:
            job = ask_for_job(session, person, told, state.settings.jobs)
        except JobRefused as error:
            raise Problem(422, str(error)) from error
        except TooManyJobs as error:
            detail = (
                f"{state.settings.jobs.waiting} of your jobs are queued already: wait until some "
                "have ended."
            )
            raise Problem(409, detail) from error
        answer = job_answer(session, person, job, state.settings.jobs)
        facts = {"program": told.program, "inputs": told.inputs, "result": told.result}
        note(session, person, "job.ask", job.public_id, **facts)
        return KeptAnswer(202, answer, f"{state.settings.prefix}/jobs/{job.public_id}")

    with state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get("/jobs", response_model=JobPage, responses=described(400))
def list_them(
    request: Request,
    state: State,
    person: Asker,
    of: Annotated[JobState | None, Query(alias="state")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List your jobs, most recently submitted first. Administrators see everybody's."""
    before = from_moment_cursor(cursor)
    with state.reading.begin() as session:
        found, total = list_jobs(session, person, of, limit + 1, before)
        page = found[:limit]
        last = page[-1] if len(found) > limit else None
        answer = JobPage(
            jobs=job_answers(session, person, page, state.settings.jobs),
            total=total,
            next=to_moment_cursor(last.asked_at, last.public_id) if last else None,
        )
        note(session, person, "job.list", "jobs", found=total)
    return tagged(request, answer)


@router.get("/jobs/{id}", response_model=JobAnswer, responses=described(404))
def read(request: Request, state: State, person: Asker, id: JobId) -> Response:
    """Return a job."""
    with state.reading.begin() as session:
        job = find_job(session, person, id)
        answer = job_answer(session, person, job, state.settings.jobs)
        note_look(session, person, "job.read", job)
    return tagged(request, answer)


@router.delete("/jobs/{id}", response_model=JobAnswer, responses=described(404))
def cancel(state: State, person: Asker, id: JobId) -> JobAnswer:
    """Cancel a job; no-op if it has ended."""
    with state.sessions.begin() as session:
        found = find_job(session, person, id)
        job = cancel_job(session, found.id, person.name, f"Cancelled by {person.name}.", now())
        answer = job_answer(session, person, job, state.settings.jobs)
        note(session, person, "job.cancel", job.public_id)
    return answer


@router.get("/jobs/{id}/log", response_model=LogAnswer, responses=described(404))
def log(
    request: Request,
    state: State,
    person: Asker,
    id: JobId,
    after: Annotated[
        int, Query(ge=0, le=2**31 - 1, description="`next` of the previous part.")
    ] = 0,
) -> Response:
    """Return a job's log from a given place on. Poll until `ended`."""
    with state.reading.begin() as session:
        job = find_job(session, person, id)
        text, place = read_log(session, job, after)
        ended = job.state in ENDED and place >= job.log_bytes
        note_look(session, person, "job.log", job)
    return tagged(request, LogAnswer(text=text, next=place, ended=ended))


@router.get("/jobs/{id}/metrics", response_model=MetricsAnswer, responses=described(404))
def metrics(request: Request, state: State, person: Asker, id: JobId) -> Response:
    """Return a job's resource usage, and the metrics its program wrote to `metrics.jsonl`."""
    with state.reading.begin() as session:
        job = find_job(session, person, id)
        found = read_metrics(session, job)
        answer = MetricsAnswer(
            processor_seconds=job.processor_seconds,
            peak_memory=job.peak_memory,
            series=[
                ScalarSeries(
                    name=name,
                    steps=[step for step, _ in points],
                    values=[value for _, value in points],
                )
                for name, points in found.items()
            ],
        )
        note_look(session, person, "job.metrics", job)
    return tagged(request, answer)


def note_look(session: Session, person: Person, action: str, job: ComputeJob) -> None:
    """Record in the audit log that somebody viewed a job.

    Its submitter polls a running job every second; those views are not recorded.
    """
    if job.state in ENDED or job.asked_by != person.name:
        note(session, person, action, job.public_id)


def check_walls(state: ServiceState) -> None:
    """Raise Problem if this machine cannot sandbox jobs.

    If the hub starts no workers, those on other machines check for themselves.
    """
    jobs = state.settings.jobs
    if jobs.walls == "none" or not jobs.workers:
        return
    try:
        walls_here()
    except NoWalls as error:
        raise Problem(503, f"No jobs run here. {error}") from error
