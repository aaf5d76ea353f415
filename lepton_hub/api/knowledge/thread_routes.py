"""Threads: discussions and questions about items and sections of the course."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.conditional import tagged
from lepton_hub.api.idempotency import IdempotencyKey, KeptAnswer, once
from lepton_hub.api.knowledge.knowledge_answers import (
    StartedThread,
    ThreadAnswer,
    ThreadPage,
    post_answer,
    thread_answer,
)
from lepton_hub.api.knowledge.moment_cursors import from_moment_cursor, to_moment_cursor
from lepton_hub.api.paging import Cursor, Limit
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, begin_writing, note
from lepton_hub.catalogue.cards import TAG
from lepton_hub.catalogue.items import find_item
from lepton_hub.catalogue.names import ITEM, SPACE, parse_reference
from lepton_hub.identity.person import PERSON, Person
from lepton_hub.knowledge import DiscussionThread
from lepton_hub.knowledge.discussions import (
    AudienceClosed,
    NoQuestion,
    accept,
    begin_thread,
    find_thread,
    list_posts,
)
from lepton_hub.knowledge.document_fields import SECTION, AcceptedAnswer, NewThread
from lepton_hub.knowledge.thread_listing import ThreadFilters, list_threads
from lepton_hub.permissions import Action
from lepton_hub.recommendations.usage_keeping import DISCUSSES, keep_module_use

router = APIRouter(tags=["discussions"])

ThreadId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{16}$")]
ItemName = Annotated[str | None, Query(pattern=f"^{SPACE}/{ITEM}$")]


@router.post(
    "/threads", status_code=201, response_model=StartedThread, responses=described(403, 404)
)
def begin(
    request: Request, state: State, person: Asker, told: NewThread, key: IdempotencyKey = None
) -> Response:
    """Start a discussion or ask a question about an item or a section of the course."""

    def work() -> KeptAnswer:
        try:
            thread = begin_thread(session, person, told)
        except AudienceClosed as error:
            raise Problem(403, f"You cannot address this audience: {error}.") from error
        first = list_posts(session, thread, 1, None)[0][0]
        answer = StartedThread(
            **thread_answer(thread).model_dump(), first=post_answer(first, thread)
        )
        note_thread(session, person, "thread.make", thread, title=thread.title)
        return KeptAnswer(201, answer, f"{state.settings.prefix}/threads/{thread.public_id}")

    with state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get("/threads", response_model=ThreadPage, responses=described(400, 404))
def list_them(
    request: Request,
    state: State,
    person: Asker,
    item: ItemName = None,
    section: Annotated[str | None, Query(pattern=f"^{SECTION}$")] = None,
    kind: Literal["discussion", "question"] | None = None,
    tag: Annotated[str | None, Query(pattern=f"^{TAG}$")] = None,
    by: Annotated[str | None, Query(pattern=f"^{PERSON}$")] = None,
    answered: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List the threads you may see, most recently active first.

    answered: only questions with, or only those without, an accepted answer.
    """
    before = from_moment_cursor(cursor)
    with state.reading.begin() as session:
        number = _item_number(session, person, item)
        filters = ThreadFilters(number, section, kind, tag, by, answered)
        found, total = list_threads(session, person, filters, limit + 1, before)
        page = found[:limit]
        more = len(found) > limit
        answer = ThreadPage(
            threads=[thread_answer(thread) for thread in page],
            total=total,
            next=to_moment_cursor(page[-1].changed_at, page[-1].public_id) if more else None,
        )
        note(session, person, "thread.list", item or section or "threads", found=total)
    return tagged(request, answer)


@router.get("/threads/{id}", response_model=ThreadAnswer, responses=described(404))
def read(request: Request, state: State, person: Asker, id: ThreadId) -> Response:
    """Return a thread; /threads/ID/posts has what was said."""
    with state.reading.begin() as session:
        thread = find_thread(session, person, id)
        answer = thread_answer(thread)
        note_thread(session, person, "thread.read", thread)
    return tagged(request, answer)


@router.put(
    "/threads/{id}/accepted", response_model=ThreadAnswer, responses=described(403, 404, 409)
)
def accept_answer(state: State, person: Asker, id: ThreadId, told: AcceptedAnswer) -> ThreadAnswer:
    """Accept a post as the answer; for the person who asked and those who manage the item."""
    return _accept(state, person, id, told.post)


@router.delete(
    "/threads/{id}/accepted", response_model=ThreadAnswer, responses=described(403, 404, 409)
)
def accept_none(state: State, person: Asker, id: ThreadId) -> ThreadAnswer:
    """Withdraw acceptance: the question is open again."""
    return _accept(state, person, id, None)


def note_thread(
    session: Session, person: Person, action: str, thread: DiscussionThread, **detail: Any
) -> None:
    """Record in the audit log what somebody does with a thread."""
    about = thread.item.reference if thread.item else thread.section
    if thread.section and action in DISCUSSES:
        begin_writing(session)
        keep_module_use(session, person.name, thread.section)
    note(session, person, action, f"thread {thread.public_id}", about=about, **detail)


def _accept(state: State, person: Person, id_: str, post: str | None) -> ThreadAnswer:
    with state.sessions.begin() as session:
        thread = find_thread(session, person, id_)
        try:
            accept(session, person, thread, post)
        except NoQuestion as error:
            detail = (
                "Only a question can have an accepted answer, and it must be one of the replies."
            )
            raise Problem(409, detail) from error
        note_thread(session, person, "thread.accept", thread, post=post)
        return thread_answer(thread)


def _item_number(session: Session, person: Person, item: str | None) -> int | None:
    if item is None:
        return None
    reference = parse_reference(item)
    return find_item(session, person, reference.space, reference.name, Action.VIEW).id
