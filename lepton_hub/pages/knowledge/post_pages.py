"""Edit or delete a post."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lepton_hub.api.knowledge.knowledge_answers import thread_answer
from lepton_hub.api.knowledge.post_routes import PostId
from lepton_hub.api.knowledge.thread_routes import note_thread
from lepton_hub.api.request_context import State
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.items import NotAllowed
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import (
    delete_post,
    find_post,
    list_posts,
    may_moderate,
    own_post,
    reword,
)
from lepton_hub.knowledge.document_fields import NewPost
from lepton_hub.pages.forms.form_reading import by_field, number_in, read_form
from lepton_hub.pages.knowledge.rendered_texts import rendered_text
from lepton_hub.pages.knowledge.thread_pages import post_path
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/pages/posts/{id}/edit")
def edit_post(request: Request, state: State, person: Visitor, id: PostId) -> Response:
    """Show the form for editing the person's own post."""
    with state.reading.begin() as session:
        post = own_post(session, person, id)
        note_thread(session, person, "post.read", post.thread, post=id)
        text = post.text
        revision = post.revision
    return _form(request, state, person, id, text, revision)


@router.post("/pages/posts/{id}/edit")
def save_post(
    request: Request, state: State, person: Visitor, form: SentForm, id: PostId
) -> Response:
    """Save a post's new wording, or preview it."""
    text = form.get("text", "")
    base = number_in(form.get("revision", ""))
    told, problems = read_form(NewPost, {"text": text})
    if told is None or form.get("action") == "preview":
        preview = None if told is None else rendered_text(state, text)
        return _form(request, state, person, id, text, base, problems=problems, preview=preview)
    with state.sessions.begin() as session:
        post = own_post(session, person, id)
        thread = post.thread.public_id
        if post.revision == base and post.text != told.text:
            reword(session, post, told.text)
            facts = {"post": id, "revision": post.revision}
            note_thread(session, person, "post.change", post.thread, **facts)
        other = post.text if post.text != told.text else None
        newest = post.revision
    if other is not None:
        return _form(request, state, person, id, text, newest, other=other)
    return see_other(request, post_path(thread, id), "Saved.")


@router.get("/pages/posts/{id}/delete")
def confirm_delete(request: Request, state: State, person: Visitor, id: PostId) -> Response:
    """Ask for confirmation before deleting a post, listing what goes with it."""
    with state.reading.begin() as session:
        post = find_post(session, person, id)
        if post.made_by != person.name and not may_moderate(session, person, post.thread):
            raise NotAllowed
        thread = thread_answer(post.thread)
        _, total = list_posts(session, post.thread, 1, None)
        note_thread(session, person, "post.read", post.thread, post=id)
    html = rendered_text(state, post.text)
    return render(
        request, person, "knowledge/delete_post.html",
        post=post, thread=thread, total=total, html=html,
    )  # fmt: skip


@router.post("/pages/posts/{id}/delete")
def remove_post(
    request: Request, state: State, person: Visitor, form: SentForm, id: PostId
) -> Response:
    """Delete a post; with the first one, the whole discussion."""
    with state.sessions.begin() as session:
        post = find_post(session, person, id)
        thread = post.thread
        by = post.made_by
        number = post.number
        delete_post(session, person, post)
        note_thread(session, person, "post.delete", thread, post=id, number=number, by=by)
        public_id = thread.public_id
    if number == 1:
        return see_other(request, "/pages/discussions", "The discussion has been deleted.")
    return see_other(request, f"/pages/discussions/{public_id}", "The post has been deleted.")


def _form(
    request: Request,
    state: ServiceState,
    person: Person,
    id_: str,
    text: str,
    revision: int | None,
    *,
    problems: dict[str, str] | None = None,
    preview: str | None = None,
    other: str | None = None,
) -> Response:
    """Show the form. other: a wording the same person has saved elsewhere meanwhile."""
    with state.reading.begin() as session:
        post = own_post(session, person, id_)
        thread = thread_answer(post.thread)
    status = 409 if other is not None else 422 if problems else 200
    return render(
        request, person, "knowledge/edit_post.html",
        status=status, post=post, thread=thread, text=text, revision=revision,
        problems=by_field(problems), preview=preview, other=other,
    )  # fmt: skip
