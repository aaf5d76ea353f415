"""Documents: find, read, create, delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.knowledge.document_routes import RevisionNumber
from lepton_hub.api.paging import Cursor, from_cursor, to_cursor
from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.catalogue.cards import TAG, ItemKind, Text
from lepton_hub.catalogue.item_lists import Filters, list_items
from lepton_hub.catalogue.items import (
    NameTaken,
    SpaceClosed,
    actions_of,
    delete_item,
)
from lepton_hub.catalogue.names import SPACE, own_space
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.attachments import list_attachments
from lepton_hub.knowledge.document_fields import NewDocument
from lepton_hub.knowledge.documents import create_document, find_document, find_revision
from lepton_hub.knowledge.subscriptions import following
from lepton_hub.knowledge.thread_listing import ThreadFilters, list_threads
from lepton_hub.pages.forms import split_tags
from lepton_hub.pages.forms.form_reading import (
    by_field,
    name_from,
    new_form_number,
    read_form,
    take_once,
)
from lepton_hub.pages.forms.offered_choices import PERSONAL_DATA, spaces_of
from lepton_hub.pages.knowledge.rendered_texts import rendered_text
from lepton_hub.pages.knowledge.suggested_labels import SUGGEST, labels_for, with_chosen
from lepton_hub.pages.knowledge.thread_views import view_of
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Action
from lepton_hub.recommendations import UsageBasis, also_needed
from lepton_hub.suggestions.suggestion_corpus import SuggestedLabels

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 50
MOST_WORDS = 8
LATEST_THREADS = 5
MOST_RECOMMENDED = 4
_EMPTY = {
    **dict.fromkeys(("title", "name", "space", "text", "tags", "once"), ""),
    "personal_data": "none",
}


@router.get("/pages/documents")
def list_documents(
    request: Request,
    state: State,
    person: Visitor,
    q: Annotated[Text, Query(max_length=200)] = "",
    tag: Annotated[str | None, Query(pattern=f"^({TAG})?$")] = None,
    space: Annotated[str | None, Query(pattern=f"^({SPACE})?$")] = None,
    cursor: Cursor = None,
) -> Response:
    """Show the documents a person may see."""
    words = " ".join(q.split()[:MOST_WORDS])
    filters = Filters(words, ItemKind.DOCUMENT, tag or None, space=space or None)
    place = from_cursor(cursor, str, str)
    after = (place[0], place[1]) if place else None
    with state.reading.begin() as session:
        found = list_items(session, person, filters, ON_A_PAGE, after)
        note(session, person, "document.list", "documents", found=found.total)
    return render(
        request, person, "knowledge/documents.html",
        documents=found.items, total=found.total, tags=found.facets["tag"], filters=filters,
        next=to_cursor([*found.next]) if found.next else None,
    )  # fmt: skip


@router.get("/pages/documents/new")
def new_document(
    request: Request,
    person: Visitor,
    space: Annotated[str | None, Query(pattern=f"^{SPACE}$")] = None,
) -> Response:
    """Show the form of a new document."""
    typed = {"space": space or own_space(person), "once": new_form_number()}
    return _new(request, person, typed)


@router.post("/pages/documents/new")
def make_document(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Create a document, or preview it."""
    chosen = with_chosen(form)
    typed = {name: chosen.get(name, value) for name, value in _EMPTY.items()}
    name = typed["name"].strip() or name_from(typed["title"])
    fields = {key: value for key, value in typed.items() if key != "once"}
    told, problems = read_form(
        NewDocument, {**fields, "name": name, "tags": split_tags(typed["tags"])}
    )
    if form.get("action") == "preview":
        return _new(request, person, typed, preview=rendered_text(state, typed["text"]))
    if form.get("action") == SUGGEST:
        return _new(request, person, typed, suggested=labels_for(state, person, typed))
    if told is None:
        return _new(request, person, typed, problems)

    def work(session: Session) -> str:
        item = create_document(session, person, told)
        note(session, person, "document.make", item.reference, title=told.title)
        return f"/pages/documents/{item.reference}"

    try:
        path = take_once(request, person, typed["once"], told, work)
    except SpaceClosed:
        return _new(request, person, typed, {"space": "Choose one of your spaces."}, 403)
    except NameTaken:
        problem = f"{told.space} has, or had, an item {told.name}: choose another name."
        return _new(request, person, typed, {"name": problem}, 409)
    return see_other(request, path, "The document has been created.")


@router.get("/pages/documents/{space}/{name}")
def read_document(
    request: Request,
    state: State,
    person: Visitor,
    space: Space,
    name: Name,
    revision: RevisionNumber | None = None,
) -> Response:
    """Show a document, or one of its revisions."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        shown = find_revision(session, item, revision)
        newest = find_revision(session, item)
        about = ThreadFilters(item=item.id)
        threads, thread_count = list_threads(session, person, about, LATEST_THREADS, None)
        context = {
            "item": item,
            "shown": shown,
            "newest": newest.number,
            "actions": actions_of(session, person, item),
            "attachments": list_attachments(session, item),
            "threads": [view_of(thread) for thread in threads],
            "thread_count": thread_count,
            "followed": following(session, person),
            "also": also_needed(session, person, UsageBasis(item=item), MOST_RECOMMENDED),
        }
        note(session, person, "document.read", item.reference, revision=shown.number)
    html = rendered_text(state, shown.text, item)
    return render(request, person, "knowledge/document.html", html=html, **context)


@router.get("/pages/documents/{space}/{name}/delete")
def confirm_delete(
    request: Request, state: State, person: Visitor, space: Space, name: Name
) -> Response:
    """Ask for confirmation before deleting a document, listing what goes with it."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.DELETE)
        context = _what_goes(session, person, item)
        note(session, person, "document.read", item.reference)
    return render(request, person, "knowledge/delete_document.html", item=item, **context)


@router.post("/pages/documents/{space}/{name}/delete")
def delete_document(
    request: Request,
    state: State,
    person: Visitor,
    form: SentForm,
    space: Space,
    name: Name,
    afterwards: BackgroundTasks,
) -> Response:
    """Delete a document permanently."""
    with state.sessions.begin() as session:
        item = find_document(session, person, space, name, Action.DELETE)
        delete_item(session, item, person.name)
        note(session, person, "item.delete", item.reference, versions=[])
    afterwards.add_task(state.erase)
    answer = see_other(request, "/pages/documents", f"{space}/{name} has been deleted.")
    answer.background = afterwards
    return answer


def _new(
    request: Request,
    person: Person,
    typed: dict[str, str],
    problems: dict[str, str] | None = None,
    status: int = 422,
    preview: str | None = None,
    suggested: SuggestedLabels | None = None,
) -> Response:
    typed = {**_EMPTY, **typed}
    return render(
        request, person, "knowledge/new_document.html",
        status=status if problems else 200,
        typed=typed, problems=by_field(problems), preview=preview, suggested=suggested,
        spaces=spaces_of(person), personal_data=PERSONAL_DATA,
    )  # fmt: skip


def _what_goes(session: Session, person: Person, item: object) -> dict[str, int]:
    """Return the counts of what is deleted with a document."""
    _, threads = list_threads(session, person, ThreadFilters(item=item.id), 1, None)
    return {
        "revisions": find_revision(session, item).number,
        "attachments": len(list_attachments(session, item)),
        "threads": threads,
    }
