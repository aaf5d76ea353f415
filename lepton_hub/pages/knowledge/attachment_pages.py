"""Files beside a document's text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Path, Request, Response
from pydantic import BaseModel

from lepton_hub.api.asking import Name, Space, State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.contents import UploadProblem, keep_contents
from lepton_hub.catalogue.items import actions_of
from lepton_hub.catalogue.names import PATH
from lepton_hub.catalogue.versions import StoredFile
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.attachments import (
    AttachmentTaken,
    TooManyAttachments,
    attach,
    find_attachment,
    list_attachments,
)
from lepton_hub.knowledge.document_fields import AttachmentName
from lepton_hub.knowledge.documents import find_document
from lepton_hub.pages.forms import SentFile
from lepton_hub.pages.knowledge.form_reading import read_form
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Action

router = APIRouter(include_in_schema=False)

MOST_BYTES = 2_000_000
"""About how much a form brings at once: `Guards` refuses larger requests."""
FileName = Annotated[str, Path(max_length=PATH)]


class NamedFile(BaseModel):
    """The name under which a file is attached."""

    name: AttachmentName


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
    """Attach the files that were chosen; those that can be, even where another one cannot."""
    with state.sessions.begin() as session:
        find_document(session, person, space, name, Action.EDIT_CARD)
    problems = []
    added = 0
    chosen = form.files("files")
    for file in chosen:
        problem = _attach(state, person, space, name, file)
        added += problem is None
        problems += [problem] if problem else []
    if not chosen:
        problems = ["Choose a file first."]
    if problems:
        return _list(request, state, person, space, name, problems)
    said = "The file is attached." if added == 1 else f"{added} files are attached."
    return see_other(request, f"/pages/documents/{space}/{name}/attachments", said)


@router.get("/pages/documents/{space}/{name}/attachments/{file}/delete")
def confirm_delete(
    request: Request, state: State, person: Visitor, space: Space, name: Name, file: FileName
) -> Response:
    """Ask whether an attachment shall really be deleted."""
    with state.sessions.begin() as session:
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
    """Delete an attachment; its content is erased unless something else holds it."""
    with state.sessions.begin() as session:
        item = find_document(session, person, space, name, Action.EDIT_CARD)
        found = find_attachment(session, item, file)
        sha256 = found.sha256
        session.delete(found)
        session.flush()
        note(session, person, "attachment.delete", item.reference, name=file, sha256=sha256)
    afterwards.add_task(state.erase, {sha256}, person.name)
    answer = see_other(
        request, f"/pages/documents/{space}/{name}/attachments", f"{file} is deleted."
    )
    answer.background = afterwards
    return answer


def _attach(
    state: ServiceState, person: Person, space: str, name: str, file: SentFile
) -> str | None:
    """Attach a file; return what is wrong with it where it cannot be."""
    told, problems = read_form(NamedFile, {"name": file.name})
    if told is None:
        return f"{file.name}: give the file another name. {problems['name']}"
    blob = state.store.write([file.content])
    stored = StoredFile(told.name, blob.sha256, blob.size, file.media_type)
    try:
        with state.sessions.begin() as session:
            item = find_document(session, person, space, name, Action.EDIT_CARD)
            attachment, is_new = attach(session, person, item, stored)
            keep_contents(session, state.store, [stored], [])
            if is_new:
                facts = {"name": told.name, "sha256": blob.sha256, "bytes": attachment.size}
                note(session, person, "attachment.add", item.reference, **facts)
    except AttachmentTaken:
        return (
            f"{file.name}: the document has another attachment of this name, and an attachment "
            "never changes. Rename the file, or delete the other one first."
        )
    except TooManyAttachments:
        return f"{file.name}: the document has as many attachments as it may have."
    except UploadProblem as error:
        return str(error)
    return None


def _list(
    request: Request,
    state: ServiceState,
    person: Person,
    space: str,
    name: str,
    problems: list[str] | None = None,
) -> Response:
    with state.sessions.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        found = list_attachments(session, item)
        actions = actions_of(session, person, item)
        note(session, person, "attachment.list", item.reference)
    return render(
        request, person, "knowledge/attachments.html",
        status=422 if problems else 200,
        item=item, attachments=found, actions=actions, problems=problems or [], most=MOST_BYTES,
    )  # fmt: skip
