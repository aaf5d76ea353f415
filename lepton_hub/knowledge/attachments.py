"""Files beside a document's text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.erasure import erase_later
from lepton_hub.catalogue.items import NotVisible
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.catalogue.versions import StoredFile
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.knowledge_tables import Attachment

MOST_ATTACHMENTS = 200


class AttachmentTaken(Exception):
    """The document already has a different attachment with this name."""


class TooManyAttachments(Exception):
    """The document has the maximum number of attachments."""


def list_attachments(session: Session, item: SharedItem) -> Sequence[Attachment]:
    """Return a document's attachments by name."""
    query = select(Attachment).where(Attachment.item_id == item.id).order_by(Attachment.path)
    return session.scalars(query).all()


def find_attachment(session: Session, item: SharedItem, name: str) -> Attachment:
    """Return an attachment. Raises NotVisible."""
    query = select(Attachment).where(Attachment.item_id == item.id, Attachment.path == name)
    found = session.scalars(query).first()
    if found is None:
        raise NotVisible
    return found


def detach(session: Session, item: SharedItem, name: str, by: str) -> str:
    """Delete an attachment; return its content's SHA-256. Raises NotVisible.

    Its content is erased by `erase_unneeded` after the commit. by: the person who deletes it.
    """
    found = find_attachment(session, item, name)
    session.delete(found)
    session.flush()
    erase_later(session, [found.sha256], by)
    return found.sha256


def attach(
    session: Session, person: Person, item: SharedItem, file: StoredFile
) -> tuple[Attachment, bool]:
    """Attach a stored content; return the attachment, and whether it is new.

    item: a document from `find_document`. Raises AttachmentTaken if the name is in use for another
    content, and TooManyAttachments.
    """
    known = [one for one in list_attachments(session, item) if one.path == file.path]
    if known:
        if (known[0].sha256, known[0].media_type) != (file.sha256, file.media_type):
            raise AttachmentTaken(file.path)
        return known[0], False
    count = select(func.count()).select_from(Attachment).where(Attachment.item_id == item.id)
    if (session.scalar(count) or 0) >= MOST_ATTACHMENTS:
        raise TooManyAttachments
    attachment = Attachment(
        item_id=item.id,
        path=file.path,
        sha256=file.sha256,
        size=file.size,
        media_type=file.media_type,
        attached_by=person.name,
    )
    session.add(attachment)
    item.changed_at = now()
    session.flush()
    return attachment, True
