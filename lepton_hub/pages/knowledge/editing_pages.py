"""Edit documents: a form, a preview, and both texts after an edit conflict."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from lepton_hub.api.knowledge.document_routes import RevisionNumber
from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.document_fields import NewRevision
from lepton_hub.knowledge.documents import (
    EditConflict,
    TextExists,
    add_revision,
    find_document,
    find_revision,
)
from lepton_hub.pages.forms.form_reading import by_field, number_in, read_form
from lepton_hub.pages.knowledge.rendered_texts import rendered_text
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Action
from lepton_hub.rendering.difference_rows import difference_rows

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class EditForm:
    """The form's fields. base: the revision the edit is based on, if known."""

    text: str
    note: str = ""
    base: int | None = None


@router.get("/pages/documents/{space}/{name}/edit")
def edit_document(
    request: Request,
    state: State,
    person: Visitor,
    space: Space,
    name: Name,
    revision: RevisionNumber | None = None,
) -> Response:
    """Show the form for editing a document; with `revision`, for restoring an older text."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.EDIT_CARD)
        start = find_revision(session, item, revision)
        newest = find_revision(session, item)
        note(session, person, "document.read", item.reference, revision=start.number)
    older = start.number != newest.number
    message = f"Restore revision {start.number}" if older else ""
    return _form(request, person, item, EditForm(start.text, message, newest.number))


@router.post("/pages/documents/{space}/{name}/edit")
def save_document(
    request: Request, state: State, person: Visitor, form: SentForm, space: Space, name: Name
) -> Response:
    """Add a revision, or preview the text."""
    typed = EditForm(form.get("text", ""), form.get("note", ""), number_in(form.get("base", "")))
    told, problems = read_form(NewRevision, {"text": typed.text, "note": typed.note})
    if told is None or form.get("action") == "preview":
        with state.reading.begin() as session:
            item = find_document(session, person, space, name, Action.EDIT_CARD)
            note(session, person, "document.preview", item.reference)
        preview = None if told is None else rendered_text(state, told.text, item)
        return _form(request, person, item, typed, problems, preview)
    try:
        with state.sessions.begin() as session:
            item = find_document(session, person, space, name, Action.EDIT_CARD)
            try:
                revision = add_revision(session, person, item, told, typed.base)
            except TextExists:
                said = "The text is unchanged, so no revision was added."
            else:
                facts = {"revision": revision.number, "characters": len(told.text)}
                note(session, person, "document.change", item.reference, **facts)
                said = f"Saved as revision {revision.number}."
    except EditConflict as conflict:
        with state.sessions.begin() as session:
            item = find_document(session, person, space, name, Action.EDIT_CARD)
            facts = {"newest": conflict.newest.number}
            note(session, person, "document.conflict", f"{space}/{name}", **facts)
        return _both(request, state, person, item, told, conflict)
    return see_other(request, f"/pages/documents/{item.reference}", said)


def _form(
    request: Request,
    person: Person,
    item: SharedItem,
    typed: EditForm,
    problems: dict[str, str] | None = None,
    preview: str | None = None,
) -> Response:
    return render(
        request, person, "knowledge/edit_document.html",
        status=422 if problems else 200,
        item=item, typed=typed, problems=by_field(problems), preview=preview,
    )  # fmt: skip


def _both(
    request: Request,
    state: ServiceState,
    person: Person,
    item: SharedItem,
    mine: NewRevision,
    conflict: EditConflict,
) -> Response:
    """Show an edit conflict: both texts, their difference, and a merged text."""
    newest = conflict.newest
    base = conflict.base
    merged = state.renderer.merge(base.text, newest.text, mine.text) if base else None
    difference = state.renderer.difference(newest.text, mine.text, ("theirs", "yours"))
    text = mine.text if merged is None else merged
    return render(
        request, person, "knowledge/edit_conflict.html",
        status=409,
        item=item, newest=newest, mine=mine, is_merged=merged is not None,
        typed=EditForm(text, mine.note, newest.number),
        rows=difference_rows(difference),
    )  # fmt: skip
