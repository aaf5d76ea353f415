"""Attach files to a document: sent with a form, or uploaded first by uploads.js."""

from __future__ import annotations

from mimetypes import guess_type

from pydantic import BaseModel

from lepton_hub.api.request_context import note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.cards import NewFile
from lepton_hub.catalogue.contents import (
    UploadProblem,
    finish_uploads,
    keep_contents,
    see_contents,
    upload_of,
)
from lepton_hub.catalogue.versions import StoredFile
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.attachments import AttachmentTaken, TooManyAttachments, attach
from lepton_hub.knowledge.document_fields import AttachmentName
from lepton_hub.knowledge.documents import find_document
from lepton_hub.pages.forms import ArrivedFile, SentFile
from lepton_hub.pages.forms.form_reading import read_form
from lepton_hub.permissions import Action
from lepton_hub.storage import HashMismatch, UploadMissing


class NamedFile(BaseModel):
    """The name under which a file is attached."""

    file: AttachmentName


def attach_file(
    state: ServiceState, person: Person, space: str, name: str, file: SentFile | ArrivedFile
) -> str | None:
    """Attach a file to a document; return a message if it cannot be attached.

    Raises NotVisible, NotAllowed.
    """
    path = file.path if isinstance(file, ArrivedFile) else file.name
    used = [file.upload] if isinstance(file, ArrivedFile) else []
    told, problems = read_form(NamedFile, {"file": path})
    if told is None:
        return f"{path}: give the file another name. {problems['file']}"
    try:
        stored = _stored(state, person, file)
        seen = see_contents(state.reading, state.store, [stored])
        with state.sessions.begin() as session:
            item = find_document(session, person, space, name, Action.EDIT_CARD)
            attachment, is_new = attach(session, person, item, stored)
            keep_contents(session, seen, used)
            if is_new:
                facts = {"name": path, "sha256": stored.sha256, "bytes": attachment.size}
                note(session, person, "attachment.add", item.reference, **facts)
    except AttachmentTaken:
        return (
            f"{path}: the document already has a different attachment of this name, and an "
            "attachment never changes. Rename the file, or delete the other one first."
        )
    except TooManyAttachments:
        return f"{path}: the document has the maximum number of attachments."
    except (HashMismatch, UploadMissing, UploadProblem):
        return f"{path}: it did not arrive completely. Choose it again."
    return None


def _stored(state: ServiceState, person: Person, file: SentFile | ArrivedFile) -> StoredFile:
    """Return a file whose content is in the store. Raises what `finish_uploads` does."""
    if isinstance(file, SentFile):
        blob = state.store.write([file.content])
        return StoredFile(file.name, blob.sha256, blob.size, file.media_type)
    with state.reading.begin() as session:
        upload = upload_of(session, person.name, file.upload)
    kind = guess_type(file.path)[0] or "application/octet-stream"
    told = NewFile(path=file.path, upload=file.upload, media_type=kind)
    return finish_uploads(state.uploads, {file.upload: upload} if upload else {}, [told])[0]
