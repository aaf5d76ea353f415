"""Discussions and questions: lists, and the form for a new one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.knowledge.moment_cursors import from_moment_cursor, to_moment_cursor
from lepton_hub.api.knowledge.thread_routes import ItemName, note_thread
from lepton_hub.api.paging import Cursor
from lepton_hub.api.request_context import State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.cards import TAG
from lepton_hub.catalogue.items import NotVisible, find_item
from lepton_hub.catalogue.names import parse_reference
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.course_places import threads_within
from lepton_hub.knowledge.discussions import AudienceClosed, begin_thread
from lepton_hub.knowledge.document_fields import PLACE, SECTION, NewThread, without_track
from lepton_hub.knowledge.subscriptions import following
from lepton_hub.knowledge.thread_listing import ThreadFilters, list_threads
from lepton_hub.pages.forms import split_tags
from lepton_hub.pages.forms.form_reading import (
    by_field,
    new_form_number,
    read_form,
    take_once,
)
from lepton_hub.pages.forms.offered_choices import offered_items
from lepton_hub.pages.knowledge.rendered_texts import rendered_text
from lepton_hub.pages.knowledge.thread_views import ThreadView, view_of
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Action

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 30
MOST_WITHIN = 200

SectionName = Annotated[str | None, Query(pattern=f"^{SECTION}$")]
Shown = Literal["all", "open", "mine"]
_FIELDS = ("about", "item", "section", "audience", "kind", "title", "text", "tags", "once")


@router.get("/pages/discussions")
def list_discussions(
    request: Request,
    state: State,
    person: Visitor,
    show: Shown = "all",
    item: ItemName = None,
    section: SectionName = None,
    tag: Annotated[str | None, Query(pattern=f"^({TAG})?$")] = None,
    cursor: Cursor = None,
) -> Response:
    """Show discussions and questions, most recently active first.

    show: "open" for questions without an accepted answer, "mine" for the person's own.
    """
    before = from_moment_cursor(cursor)
    with state.reading.begin() as session:
        about = _item(session, person, item)
        filters = ThreadFilters(
            item=about.id if about else None,
            section=section,
            tag=tag or None,
            made_by=person.name if show == "mine" else None,
            answered=False if show == "open" else None,
        )
        found, total = list_threads(session, person, filters, ON_A_PAGE + 1, before)
        page = found[:ON_A_PAGE]
        threads = [view_of(thread) for thread in page]
        followed = following(session, person)
        note(session, person, "thread.list", item or section or "threads", found=total)
    more = len(found) > ON_A_PAGE
    return render(
        request, person, "knowledge/discussions.html",
        threads=threads, total=total, followed=followed,
        show=show, item=about, section=section, tag=tag,
        next=to_moment_cursor(page[-1].changed_at, page[-1].public_id) if more else None,
    )  # fmt: skip


@router.get("/pages/discussions/course/{place:path}")
def list_course_discussions(
    request: Request,
    state: State,
    person: Visitor,
    place: Annotated[str, Path(pattern=f"^{PLACE}$")],
) -> Response:
    """Show the discussions of a module or notebook of the course, by section.

    A section's URL in the course, with its fragment, works here: on a notebook's page, each section
    has its anchor. (On a module's page, two notebooks may have sections of the same name.)
    """
    place = without_track(place)
    with state.reading.begin() as session:
        found, total = threads_within(session, person, place, MOST_WITHIN)
        threads = [view_of(thread) for thread in found]
        note(session, person, "thread.list", place, found=total)
    sections: dict[str, list[ThreadView]] = {}
    for view in threads:
        sections.setdefault(view.thread.section or place, []).append(view)
    return render(
        request, person, "knowledge/course_discussions.html",
        place=place, sections=sections, total=total, shown=len(threads),
    )  # fmt: skip


@router.get("/pages/discussions/new")
def new_discussion(
    request: Request,
    state: State,
    person: Visitor,
    item: ItemName = None,
    section: SectionName = None,
    kind: Literal["discussion", "question"] = "question",
) -> Response:
    """Show the form of a new discussion or question."""
    with state.reading.begin() as session:
        about = _item(session, person, item)
        if about is not None:
            note(session, person, "item.read", about.reference)
    typed = dict.fromkeys(_FIELDS, "")
    typed |= {
        "about": "section" if section else "item",
        "item": about.reference if about else "",
        "section": section or "",
        "audience": "everybody",
        "kind": kind,
        "once": new_form_number(),
    }
    return _new(request, state, person, typed)


@router.post("/pages/discussions/new")
def begin_discussion(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Start a discussion, or preview it."""
    typed = {name: form.get(name, "") for name in _FIELDS}
    if form.get("action") == "preview":
        return _new(request, state, person, typed, preview=rendered_text(state, typed["text"]))
    told, problems = read_form(NewThread, _told(typed))
    if told is None:
        if "" in problems:  # a problem with the whole form concerns its subject
            problems[typed["about"] if typed["about"] == "section" else "item"] = problems.pop("")
        return _new(request, state, person, typed, problems)
    try:
        path = take_once(
            request, person, typed["once"], told, lambda session: _begin(session, person, told)
        )
    except NotVisible:
        with state.sessions.begin() as session:
            note(session, person, "refused", "/pages/discussions/new", method="POST", status=404)
        problem = "There is no such item that you may see."
        return _new(request, state, person, typed, {"item": problem}, 404)
    except AudienceClosed as error:
        problem = f"You cannot address this audience: {error}."
        return _new(request, state, person, typed, {"audience": problem}, 403)
    return see_other(request, path, "Your post is now visible to others, who can answer it.")


def _begin(session: Session, person: Person, told: NewThread) -> str:
    thread = begin_thread(session, person, told)
    note_thread(session, person, "thread.make", thread, title=thread.title)
    return f"/pages/discussions/{thread.public_id}"


def _told(typed: dict[str, str]) -> dict[str, Any]:
    """Return a form's fields for a new thread, about an item or a section."""
    told: dict[str, Any] = {name: typed[name] for name in ("kind", "title", "text")}
    told["tags"] = split_tags(typed["tags"])
    if typed["about"] == "section":
        return {**told, "section": typed["section"].strip(), "audience": typed["audience"]}
    return {**told, "item": typed["item"].strip()}


def _new(
    request: Request,
    state: ServiceState,
    person: Person,
    typed: dict[str, str],
    problems: dict[str, str] | None = None,
    status: int = 422,
    preview: str | None = None,
) -> Response:
    audiences = {"everybody": "Everybody"}
    if person.organisation:
        audiences["organisation"] = f"My organisation, {person.organisation}"
    audiences |= {f"team:{team}": f"My team {team}" for team in sorted(person.teams)}
    with state.reading.begin() as session:
        items = offered_items(session, person)
    modules = [
        (id_.rpartition("/")[2], module.title) for id_, module in state.course.modules.items()
    ]
    return render(
        request, person, "knowledge/new_discussion.html", items=items, modules=modules,
        status=status if problems else 200,
        typed=typed, problems=by_field(problems), preview=preview, audiences=audiences,
    )  # fmt: skip


def _item(session: Session, person: Person, reference: str | None) -> Any:
    if reference is None:
        return None
    found = parse_reference(reference)
    return find_item(session, person, found.space, found.name, Action.VIEW)
