"""Attachments of documents, and notebooks rendered for reading."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Path, Query, Request, Response

from lepton_hub.api.byte_ranges import content_response
from lepton_hub.api.conditional import tagged
from lepton_hub.api.idempotency import (
    KEY_EXPIRED,
    IdempotencyKey,
    KeptAnswer,
    is_known,
    once,
)
from lepton_hub.api.knowledge.document_routes import HTML
from lepton_hub.api.knowledge.knowledge_answers import (
    AttachmentAnswer,
    AttachmentList,
    attachment_answer,
)
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, Name, Number, Space, State, note, version_number
from lepton_hub.api.routes.version_routes import CONTENT
from lepton_hub.catalogue.cards import NewFile, Text
from lepton_hub.catalogue.contents import (
    UploadProblem,
    finish_uploads,
    keep_contents,
    see_contents,
    upload_of,
)
from lepton_hub.catalogue.items import find_item
from lepton_hub.catalogue.names import PATH
from lepton_hub.catalogue.versions import find_file, find_version
from lepton_hub.knowledge.attachments import (
    AttachmentTaken,
    TooManyAttachments,
    attach,
    detach,
    find_attachment,
    list_attachments,
)
from lepton_hub.knowledge.document_fields import NewAttachment
from lepton_hub.knowledge.documents import find_document
from lepton_hub.permissions import Action
from lepton_hub.rendering.notebook_reading import NotANotebook
from lepton_hub.storage import HashMismatch, UploadMissing

router = APIRouter(tags=["documents"])

LARGEST_NOTEBOOK = 8 * 1024 * 1024
FileName = Annotated[Text, Path(max_length=PATH)]


@router.get(
    "/documents/{space}/{name}/attachments", response_model=AttachmentList, responses=described(404)
)
def list_them(request: Request, state: State, person: Asker, space: Space, name: Name) -> Response:
    """List a document's attachments by name."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        found = [attachment_answer(one) for one in list_attachments(session, item)]
        note(session, person, "attachment.list", item.reference)
    return tagged(request, AttachmentList(attachments=found))


@router.post(
    "/documents/{space}/{name}/attachments",
    status_code=201,
    response_model=AttachmentAnswer,
    responses=described(403, 404, 409),
)
def add(
    request: Request,
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    told: NewAttachment,
    key: IdempotencyKey = None,
) -> Response:
    """Attach a completed upload. An attachment's content never changes: use a new name instead."""
    with state.reading.begin() as session:
        find_document(session, person, space, name, Action.EDIT_CARD)
        replayed = is_known(session, person.name, key)
        upload = upload_of(session, person.name, told.upload)
    file = NewFile(path=told.name, upload=told.upload, media_type=told.media_type)
    pending = {told.upload: upload} if upload else {}
    files = []
    try:
        if not replayed:
            files = finish_uploads(state.uploads, pending, [file])
        seen = see_contents(state.reading, state.store, files)
    except HashMismatch as error:
        raise Problem(422, f"{error}. Upload it again.") from error
    except (UploadProblem, UploadMissing) as error:
        raise Problem(409, str(error)) from error

    def work() -> KeptAnswer:
        if replayed:
            raise Problem(409, KEY_EXPIRED)
        item = find_document(session, person, space, name, Action.EDIT_CARD)
        try:
            attachment, is_new = attach(session, person, item, files[0])
            keep_contents(session, seen, [told.upload])
        except AttachmentTaken as error:
            detail = (
                f"The document already has a different attachment {error}: choose another name."
            )
            raise Problem(409, detail) from error
        except TooManyAttachments as error:
            raise Problem(409, "The document has too many attachments.") from error
        except UploadProblem as error:
            raise Problem(409, str(error)) from error
        if is_new:
            facts = {"name": told.name, "sha256": attachment.sha256, "bytes": attachment.size}
            note(session, person, "attachment.add", item.reference, **facts)
        return KeptAnswer(201 if is_new else 200, attachment_answer(attachment))

    with state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get(
    "/documents/{space}/{name}/attachments/{file}", responses={**described(404, 416), **CONTENT}
)
@router.head("/documents/{space}/{name}/attachments/{file}", include_in_schema=False)
def download(
    request: Request, state: State, person: Asker, space: Space, name: Name, file: FileName
) -> Response:
    """Return an attachment, or the part requested by Range."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        attachment = find_attachment(session, item, file)
        note(session, person, "attachment.download", item.reference, name=attachment.path)
    return content_response(request, state.store, attachment)


@router.delete(
    "/documents/{space}/{name}/attachments/{file}", status_code=204, responses=described(403, 404)
)
def remove(
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    file: FileName,
    afterwards: BackgroundTasks,
) -> None:
    """Delete an attachment; its content is erased unless something else refers to it."""
    with state.sessions.begin() as session:
        item = find_document(session, person, space, name, Action.EDIT_CARD)
        sha256 = detach(session, item, file, person.name)
        note(session, person, "attachment.delete", item.reference, name=file, sha256=sha256)
    afterwards.add_task(state.erase)


@router.get(
    "/items/{space}/{name}/versions/{number}/notebook",
    tags=["versions"],
    response_class=Response,
    responses={**HTML, **described(404, 415)},
)
def read_notebook(
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    number: Number,
    path: Annotated[str | None, Query(max_length=PATH)] = None,
) -> Response:
    """Return a notebook as HTML: prose, code, and outputs as text. Nothing in it runs.

    path: the file; optional if the version has only one.
    """
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.VIEW)
        version = find_version(session, item, version_number(number))
        found = find_file(version, path)
        reference = f"{item.reference}@{version.number}"
        note(session, person, "file.preview", reference, path=found.path)
    if found.size > LARGEST_NOTEBOOK:
        raise Problem(415, f"A notebook of more than {LARGEST_NOTEBOOK} bytes cannot be shown.")
    try:
        content = b"".join(state.store.read(found.sha256)).decode("utf-8")
        return Response(state.renderer.notebook(content), media_type="text/html")
    except (NotANotebook, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, NotANotebook) else "it is not text"
        raise Problem(415, f"{found.path} cannot be shown as a notebook: {why}.") from error
