"""For administrators: the audit log and its verification, current settings, storage."""

from __future__ import annotations

from threading import Lock
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from lepton_hub.api.request_context import State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.audit import append, entries, verify
from lepton_hub.catalogue.cards import Text
from lepton_hub.database.engine import reading
from lepton_hub.identity.person import Person
from lepton_hub.pages.overview.action_words import ACTION_WORDS
from lepton_hub.pages.overview.hub_facts import settings_shown, sizes_of
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 50
VERIFIED = "audit.verify"
_turn = Lock()


def administrator(person: Visitor) -> Person:
    """Return the visitor if they are an administrator; others get a 404."""
    if not person.admin:
        raise HTTPException(404)
    return person


Administrator = Annotated[Person, Depends(administrator)]
Filter = Annotated[Text, Query(max_length=300)]


@router.get("/pages/administration")
def administration(request: Request, state: State, person: Administrator) -> Response:
    """Show the hub's state."""
    with state.reading.begin() as session:
        last = next(iter(entries(session, action=VERIFIED, limit=1)), None)
        sizes = sizes_of(session)
        note(session, person, "administration.read", "hub")
    return render(
        request, person, "overview/administration.html",
        last=last, sizes=sizes, settings=settings_shown(state),
    )  # fmt: skip


@router.get("/pages/administration/log")
def show_log(
    request: Request,
    state: State,
    person: Administrator,
    actor: Filter = "",
    subject: Filter = "",
    action: Filter = "",
    before: Annotated[int | None, Query(ge=1, lt=2**53)] = None,
) -> Response:
    """Show the audit log, newest entries first."""
    chosen = {"actor": actor.strip(), "subject": subject.strip(), "action": action.strip()}
    which = {name: value for name, value in chosen.items() if value}
    with state.reading.begin() as session:
        found = entries(session, **which, before=before, limit=ON_A_PAGE + 1)
        note(session, person, "audit.read", "audit log", **which)
    page = found[:ON_A_PAGE]
    return render(
        request, person, "overview/audit_log.html",
        entries=page, chosen=which, before=page[-1].number if len(found) > ON_A_PAGE else None,
        words=ACTION_WORDS,
    )  # fmt: skip


@router.post("/pages/administration/log/check")
def check_log(
    request: Request,
    state: State,
    person: Administrator,
    form: SentForm,
    afterwards: BackgroundTasks,
) -> Response:
    """Start verifying the audit log."""
    said = (
        "Verification has started. It takes about six seconds per 100,000 entries; then reload "
        "this page."
    )
    answer = see_other(request, "/pages/administration", said)
    afterwards.add_task(_check, state, person.name)
    answer.background = afterwards
    return answer


def _check(state: ServiceState, by: str) -> None:
    """Verify the audit log and record the verdict in it; one verification at a time."""
    if not _turn.acquire(blocking=False):
        return
    try:
        with Session(reading(state.engine)) as session:
            verdict = verify(session)
        detail = {"whole": verdict.whole, "entries": verdict.entries, "verdict": str(verdict)}
        with state.sessions.begin() as session:
            append(session, actor=by, action=VERIFIED, subject="audit log", detail=detail)
    finally:
        _turn.release()
