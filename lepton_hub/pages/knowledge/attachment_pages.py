"""Files beside a document's text."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Request, Response

from lepton_hub.api.knowledge.attachment_routes import FileName
from lepton_hub.api.middleware.guards import LARGEST_BODY
from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.items import actions_of
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.attachments import detach, find_attachment, list_attachments
from lepton_hub.knowledge.documents import find_document
from lepton_hub.pages.forms import arrived_files
from lepton_hub.pages.knowledge.attached_files import attach_file
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Action

router = APIRouter(include_in_schema=False)


@router.get("/pages/documents/{space}/{name}/attachments")
def show_attachments(
    request: Request, state: State, person: Visitor, space: Space, name: Name
) -> Response:
    """Show a document's attachments, and a form for more."""
    return _list(request, state, person, space, name)


@router.post("/pages/documents/{space}/{name}/attachments")
def add_attachments(
    request: Request, state: State, person: Visitor, form: SentForm, space: Space, name: Name
) -> Response:
    """Attach the chosen files; one failure does not stop the others."""
    with state.reading.begin() as session:
        find_document(session, person, space, name, Action.EDIT_CARD)
    chosen = [*form.files("files"), *arrived_files(form.all("upload"))]
    found = [attach_file(state, person, space, name, file) for file in chosen]
    problems = [problem for problem in found if problem] if chosen else ["Choose a file first."]
    if problems:
        return _list(request, state, person, space, name, problems)
    said = (
        "The file has been attached."
        if len(chosen) == 1
        else f"{len(chosen)} files have been attached."
    )
    return see_other(request, f"/pages/documents/{space}/{name}/attachments", said)


@router.get("/pages/documents/{space}/{name}/attachments/{file}/delete")
def confirm_delete(
    request: Request, state: State, person: Visitor, space: Space, name: Name, file: FileName
) -> Response:
    """Ask for confirmation before deleting an attachment."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.EDIT_CARD)
        found = find_attachment(session, item, file)
        note(session, person, "attachment.list", item.reference)
    return render(request, person, "knowledge/delete_attachment.html", item=item, attachment=found)


@router.post("/pages/documents/{space}/{name}/attachments/{file}/delete")
def delete_attachment(
    request: Request,
    state: State,
    person: Visitor,
    form: SentForm,
    space: Space,
    name: Name,
    file: FileName,
    afterwards: BackgroundTasks,
) -> Response:
    """Delete an attachment; its content is erased unless something else refers to it."""
    with state.sessions.begin() as session:
        item = find_document(session, person, space, name, Action.EDIT_CARD)
        sha256 = detach(session, item, file, person.name)
        note(session, person, "attachment.delete", item.reference, name=file, sha256=sha256)
    afterwards.add_task(state.erase)
    answer = see_other(
        request, f"/pages/documents/{space}/{name}/attachments", f"{file} has been deleted."
    )
    answer.background = afterwards
    return answer


def _list(
    request: Request,
    state: ServiceState,
    person: Person,
    space: str,
    name: str,
    problems: list[str] | None = None,
) -> Response:
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        found = list_attachments(session, item)
        actions = actions_of(session, person, item)
        note(session, person, "attachment.list", item.reference)
    return render(
        request, person, "knowledge/attachments.html",
        status=422 if problems else 200,
        item=item, attachments=found, actions=actions, problems=problems or [],
        largest_form=LARGEST_BODY, largest=state.settings.largest_upload,
    )  # fmt: skip
