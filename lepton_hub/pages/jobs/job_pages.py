"""Jobs: the list, the submission form, and a job's page with its live log."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.jobs.job_answers import job_answer, job_answers
from lepton_hub.api.jobs.job_routes import JobId, check_walls, note_look
from lepton_hub.api.knowledge.moment_cursors import from_moment_cursor, to_moment_cursor
from lepton_hub.api.problems import Problem
from lepton_hub.api.request_context import State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.cards import ItemKind, VersionedKind
from lepton_hub.catalogue.items import NotAllowed, NotVisible
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_access import find_job, list_jobs
from lepton_hub.jobs.job_asking import JobRefused, TooManyJobs, ask_for_job
from lepton_hub.jobs.job_log import ANSWER, read_log
from lepton_hub.jobs.job_metrics import read_metrics
from lepton_hub.jobs.job_queue import cancel_job
from lepton_hub.jobs.job_types import ENDED, JobPriority, JobState, NewJob
from lepton_hub.pages.forms.form_reading import new_form_number, take_once
from lepton_hub.pages.forms.offered_choices import offered_items, offered_versions
from lepton_hub.pages.jobs.job_forms import FIELDS, blank_job, read_job, typed_again
from lepton_hub.pages.jobs.metric_charts import chart_of
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor

router = APIRouter(include_in_schema=False)

PAGE = 30
SHOWN_LOG = 128 * 1024
"""Bytes of a log's end to show."""
NOT_THERE = (
    "The program, one of its inputs or the item for the result does not exist, or you may not see "
    "it. An administrator's rights do not count for jobs."
)
NOT_YOURS = "You may not add versions to this item: ask its owner for the role contribute."
Cursor = Annotated[str | None, Query(max_length=800)]
AskedBefore = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{16}$")]
Shown = Annotated[JobState | Literal[""], Query(alias="state")]


@router.get("/pages/jobs")
def show_jobs(
    request: Request, state: State, person: Visitor, of: Shown = "", cursor: Cursor = None
) -> Response:
    """Show a person's jobs, or everybody's to administrators."""
    before = from_moment_cursor(cursor)
    with state.reading.begin() as session:
        found, total = list_jobs(session, person, JobState(of) if of else None, PAGE + 1, before)
        page = found[:PAGE]
        jobs = job_answers(session, person, page, state.settings.jobs)
        note(session, person, "job.list", "jobs", found=total)
    more = len(found) > PAGE
    return render(
        request, person, "jobs/jobs.html",
        jobs=jobs, total=total, chosen=str(of), states=list(JobState),
        next=to_moment_cursor(page[-1].asked_at, page[-1].public_id) if more else None,
    )  # fmt: skip


@router.get("/pages/jobs/new")
def new_job(request: Request, state: State, person: Visitor, again: AskedBefore = None) -> Response:
    """Show the form for submitting a job, prefilled from the query.

    again: the person's own job to prefill the form from, since a URL has no room for everything.
    """
    told = {name: value[:1000] for name, value in request.query_params.items() if name in FIELDS}
    if again is not None:
        with state.reading.begin() as session:
            job = find_job(session, person, again)
            if job.asked_by != person.name:
                raise NotVisible
            told = typed_again(job_answer(session, person, job, state.settings.jobs), person)
            note_look(session, person, "job.read", job)
    return _form(request, state, person, blank_job(person, told), {})


@router.post("/pages/jobs/new")
def ask(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Queue a job."""
    told, problems = read_job(form)
    if told is not None:
        try:
            check_walls(state)
            path = take_once(
                request, person, form.get("once", ""), told,
                lambda session: _ask(session, state, person, told),
            )  # fmt: skip
            return see_other(request, path, "The job has been queued.")
        except Problem as problem:  # this machine cannot sandbox jobs
            problems = {"": problem.detail}
        except JobRefused as refused:
            problems = {refused.field: str(refused)}
        except TooManyJobs:
            waiting = state.settings.jobs.waiting
            problems = {
                "": f"{waiting} of your jobs are queued already: wait until some have ended."
            }
        except (NotVisible, NotAllowed) as refused:
            hidden = isinstance(refused, NotVisible)
            problems = {"": NOT_THERE} if hidden else {"result": NOT_YOURS}
            with state.sessions.begin() as session:
                note(session, person, "refused", "/pages/jobs/new", status=404 if hidden else 403)
    typed = {name: form.get(name, "") for name in (*FIELDS, "once")}
    return _form(request, state, person, typed, problems)


@router.get("/pages/jobs/{id}")
def show_job(request: Request, state: State, person: Visitor, id: JobId) -> Response:
    """Show a job: its state, the end of its log, and its metrics."""
    with state.reading.begin() as session:
        job = find_job(session, person, id)
        answer = job_answer(session, person, job, state.settings.jobs)
        cut = max(0, job.log_bytes - SHOWN_LOG)
        text, place = read_log(session, job, cut)
        charts = [chart_of(*one) for one in sorted(read_metrics(session, job).items())]
        note_look(session, person, "job.read", job)
    return render(
        request, person, "jobs/job.html", job=answer, text=text, place=place, cut=cut,
        charts=charts, ended=answer.state in ENDED,
        may_repeat=answer.asked_by == person.name and answer.program is not None,
    )  # fmt: skip


@router.get("/pages/jobs/{id}/log")
def whole_log(request: Request, state: State, person: Visitor, id: JobId) -> Response:
    """Return a job's full log as text."""
    parts: list[str] = []
    place = 0
    with state.reading.begin() as session:
        job = find_job(session, person, id)
        while place < job.log_bytes:
            text, place = read_log(session, job, place, ANSWER)
            if not text:
                break
            parts.append(text)
        note(session, person, "job.log", job.public_id)
    headers = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}
    return Response("".join(parts), headers=headers, media_type="text/plain; charset=utf-8")


@router.post("/pages/jobs/{id}/cancel")
def cancel(request: Request, state: State, person: Visitor, form: SentForm, id: JobId) -> Response:
    """Cancel a job, unless it has ended."""
    with state.sessions.begin() as session:
        found = find_job(session, person, id)
        before = found.state
        job = cancel_job(session, found.id, person.name, f"Cancelled by {person.name}.", now())
        note(session, person, "job.cancel", job.public_id)
    said = "It had already ended." if before in ENDED else "The job has been cancelled."
    return see_other(request, f"/pages/jobs/{job.public_id}", said)


def _ask(session: Session, state: ServiceState, person: Person, told: NewJob) -> str:
    """Queue a job; return the path of its page."""
    job = ask_for_job(session, person, told, state.settings.jobs)
    facts = {"program": told.program, "inputs": told.inputs, "result": told.result}
    note(session, person, "job.ask", job.public_id, **facts)
    return f"/pages/jobs/{job.public_id}"


def _form(
    request: Request,
    state: State,
    person: Person,
    typed: dict[str, str],
    problems: dict[str, str],
) -> Response:
    if "team" in problems and len(person.teams) < 2:  # the form then lacks this field
        problems = {"": problems["team"], **problems}
    with state.reading.begin() as session:
        programs = offered_versions(session, person, (ItemKind.NOTEBOOK, ItemKind.CODE))
        results = offered_items(session, person, get_args(VersionedKind), own=True)
    return render(
        request, person, "jobs/new_job.html", status=422 if problems else 200,
        programs=programs, results=results,
        typed=typed, once=typed.get("once") or new_form_number(),
        problems={name: problems.get(name, "") for name in ("", *FIELDS)},
        wrong=bool(problems), settings=state.settings.jobs, teams=sorted(person.teams),
        team_choices=[(team, team) for team in sorted(person.teams)],
        priorities=[(one.value, one.value) for one in JobPriority],
    )  # fmt: skip
