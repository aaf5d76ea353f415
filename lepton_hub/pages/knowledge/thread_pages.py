"""A discussion: reading it, replying, and accepting an answer."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.knowledge.thread_routes import ThreadId, note_thread
from lepton_hub.api.paging import Cursor, from_cursor, to_cursor
from lepton_hub.api.request_context import State
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.items import NotVisible
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import (
    NoQuestion,
    ThreadFull,
    accept,
    add_post,
    find_post,
    find_thread,
    list_posts,
    may_moderate,
)
from lepton_hub.knowledge.document_fields import NewPost
from lepton_hub.knowledge.subscriptions import following
from lepton_hub.pages.forms.form_reading import (
    by_field,
    new_form_number,
    read_form,
    take_once,
)
from lepton_hub.pages.knowledge.rendered_texts import rendered_posts, rendered_text
from lepton_hub.pages.knowledge.thread_views import view_of
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 30

ID = r"[A-Za-z0-9_-]{16}"
PostQuery = Annotated[str | None, Query(pattern=f"^{ID}$")]


@router.get("/pages/discussions/{id}")
def read_discussion(
    request: Request,
    state: State,
    person: Visitor,
    id: ThreadId,
    post: PostQuery = None,
    cursor: Cursor = None,
) -> Response:
    """Show a discussion from its beginning, a cursor or a post on."""
    place = from_cursor(cursor, int)
    return _thread(request, state, person, id, after=place[0] if place else 0, post=post)


@router.post("/pages/discussions/{id}")
def reply(
    request: Request, state: State, person: Visitor, form: SentForm, id: ThreadId
) -> Response:
    """Post in a discussion, or preview the post."""
    text = form.get("text", "")
    told, problems = read_form(NewPost, {"text": text})
    if told is None or form.get("action") == "preview":
        return _thread(request, state, person, id, typed=dict(form), problems=problems)

    def work(session: Session) -> str:
        thread = find_thread(session, person, id)
        made = add_post(session, person, thread, told.text)
        note_thread(session, person, "post.add", thread, post=made.public_id)
        return post_path(id, made.public_id)

    try:
        path = take_once(request, person, form.get("once", ""), told, work)
    except ThreadFull:
        problems = {"text": "This discussion is full: start another one."}
        return _thread(request, state, person, id, typed=dict(form), problems=problems)
    return see_other(request, path, "Your answer has been added.")


@router.post("/pages/discussions/{id}/accepted")
def accept_answer(
    request: Request, state: State, person: Visitor, form: SentForm, id: ThreadId
) -> Response:
    """Accept a post as a question's answer; without a post, reopen the question."""
    post = form.get("post", "") or None
    if post is not None and not re.fullmatch(ID, post):
        raise NotVisible
    with state.sessions.begin() as session:
        thread = find_thread(session, person, id)
        try:
            accept(session, person, thread, post)
        except NoQuestion:
            said = "Only a question has an accepted answer: a post other than the question."
        else:
            said = "The answer has been accepted." if post else "The question is open again."
            note_thread(session, person, "thread.accept", thread, post=post)
    return see_other(request, post_path(id, post) if post else f"/pages/discussions/{id}", said)


def post_path(thread: str, post: str) -> str:
    """Return the path of the discussion page that contains a post, anchored at it."""
    return f"/pages/discussions/{thread}?post={post}#post-{post}"


def _thread(
    request: Request,
    state: ServiceState,
    person: Person,
    id_: str,
    *,
    after: int = 0,
    post: str | None = None,
    typed: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    """Show a thread. typed: the reply form's text, to preview or correct."""
    with state.reading.begin() as session:
        thread = find_thread(session, person, id_)
        if post is not None:
            wanted = find_post(session, person, post)
            after = wanted.number - 1 if wanted.thread_id == thread.id else 0
        found, total = list_posts(session, thread, ON_A_PAGE + 1, after)
        moderates = may_moderate(session, person, thread)
        context = {
            "view": view_of(thread),
            "posts": found[:ON_A_PAGE],
            "total": total,
            "from_start": after == 0,
            "moderates": moderates,
            "decides": thread.kind == "question" and (moderates or thread.made_by == person.name),
            "followed": following(session, person),
        }
        note_thread(session, person, "thread.read", thread)
    page = context["posts"]
    text = (typed or {}).get("text", "")
    is_preview = bool(typed) and not problems
    return render(
        request, person, "knowledge/discussion.html",
        status=422 if problems else 200,
        html=rendered_posts(state, [one.text for one in page]),
        preview=rendered_text(state, text) if is_preview else None,
        next=to_cursor([page[-1].number]) if len(found) > ON_A_PAGE else None,
        text=text, once=(typed or {}).get("once") or new_form_number(), problems=by_field(problems),
        **context,
    )  # fmt: skip
