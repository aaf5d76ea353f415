"""Documents: items whose content is a text with immutable revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.cards import ItemKind, NewItem
from lepton_hub.catalogue.items import NotVisible, create_item, find_item
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.moments import now
from lepton_hub.database.numbered import newest_first
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.document_fields import NewDocument, NewRevision
from lepton_hub.knowledge.knowledge_tables import Attachment, DocumentRevision
from lepton_hub.permissions.roles import Action


class TextExists(Exception):
    """The text is identical to the newest revision."""


@dataclass(frozen=True)
class RevisionText:
    """A revision, detached from its transaction."""

    number: int
    text: str
    made_by: str
    made_at: datetime


class EditConflict(Exception):
    """Somebody else changed the document meanwhile. base: the edit's base revision, if known."""

    def __init__(self, newest: RevisionText, base: RevisionText | None) -> None:
        super().__init__(f"The newest revision is {newest.number}")
        self.newest, self.base = newest, base


def create_document(session: Session, person: Person, told: NewDocument) -> SharedItem:
    """Create a document with its first revision. Raises what `create_item` does."""
    card = told.card(person.name)
    new = NewItem.model_construct(
        space=told.space, name=told.name, kind=ItemKind.DOCUMENT, card=card
    )
    item = create_item(session, person, new)
    session.add(
        DocumentRevision(item_id=item.id, number=1, text=told.text, note="", made_by=person.name)
    )
    session.flush()
    return item


def find_document(
    session: Session, person: Person, space: str, name: str, action: Action
) -> SharedItem:
    """Return a document on which a person may do an action. Raises NotVisible, NotAllowed."""
    item = find_item(session, person, space, name, action)
    if item.kind != ItemKind.DOCUMENT:
        raise NotVisible
    return item


def find_revision(
    session: Session, item: SharedItem, number: int | None = None
) -> DocumentRevision:
    """Return a document's revision by number, or for None the newest. Raises NotVisible."""
    query = select(DocumentRevision).where(DocumentRevision.item_id == item.id)
    if number is not None:
        query = query.where(DocumentRevision.number == number)
    found = session.scalars(query.order_by(DocumentRevision.number.desc()).limit(1)).first()
    if found is None:
        raise NotVisible
    return found


def list_revisions(
    session: Session, item: SharedItem, limit: int, before: int | None
) -> tuple[Sequence[DocumentRevision], int]:
    """Return a page of revisions, newest first, and the total.

    before: the number of the last revision on the previous page.
    """
    return newest_first(session, DocumentRevision, item.id, limit, before)


def add_revision(
    session: Session, person: Person, item: SharedItem, told: NewRevision, base: int | None
) -> DocumentRevision:
    """Add a revision based on the revision `base`.

    item: a document from `find_document`. Raises EditConflict if `base` is not the newest, and
    TextExists if nothing changed.
    """
    newest = find_revision(session, item)
    if newest.text == told.text:
        raise TextExists
    if newest.number != base:
        raise EditConflict(_plain(newest), _plain_base(session, item, base))
    revision = DocumentRevision(
        item_id=item.id,
        number=newest.number + 1,
        text=told.text,
        note=told.note,
        made_by=person.name,
    )
    session.add(revision)
    item.changed_at = now()
    session.flush()
    return revision


def delete_revisions(session: Session, item: SharedItem) -> set[str]:
    """Delete a document's text and attachments with it; return the attachments' contents."""
    contents = set(session.scalars(select(Attachment.sha256).where(Attachment.item_id == item.id)))
    for table in (DocumentRevision, Attachment):
        session.execute(delete(table).where(table.item_id == item.id))
    return contents


def newest_text(session: Session, item: SharedItem) -> str:
    """Return a document's current text; "" for other items."""
    query = select(DocumentRevision.text).where(DocumentRevision.item_id == item.id)
    return session.scalars(query.order_by(DocumentRevision.number.desc()).limit(1)).first() or ""


def _plain(revision: DocumentRevision) -> RevisionText:
    return RevisionText(revision.number, revision.text, revision.made_by, revision.made_at)


def _plain_base(session: Session, item: SharedItem, base: int | None) -> RevisionText | None:
    try:
        return None if base is None else _plain(find_revision(session, item, base))
    except NotVisible:
        return None
