"""Response schemas of the API."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy.orm import Session

from lepton_hub.catalogue.cards import Card, ItemKind, TableColumn
from lepton_hub.catalogue.items import actions_of, card_of
from lepton_hub.catalogue.tables import SharedItem, Version
from lepton_hub.catalogue.versions import newest_version, sources_of
from lepton_hub.identity.person import Person
from lepton_hub.permissions import Action, Role, Subject


class SharedSummary(BaseModel):
    """An item in a list."""

    id: str
    reference: str
    kind: ItemKind
    owner: str
    title: str
    category: str
    tags: list[str]
    licence: str
    personal_data: str
    created_at: datetime
    changed_at: datetime


class ItemAnswer(SharedSummary):
    """An item. newest: the number of its newest version; actions: what you may do with it."""

    card: Card
    newest: int | None
    actions: list[Action]


class ItemPage(BaseModel):
    """A page of items. total: over all pages; facets: the number of items by kind and by tag."""

    items: list[SharedSummary]
    total: int
    facets: dict[str, dict[str, int]]
    next: str | None


class FileAnswer(BaseModel):
    """A file of a version."""

    path: str
    sha256: str
    size: int
    media_type: str


class VersionAnswer(BaseModel):
    """A version. made_from: the versions it was made from that you may see."""

    reference: str
    number: int
    digest: str
    note: str
    made_by: str
    made_with: str
    made_at: datetime
    columns: list[TableColumn]
    files: list[FileAnswer]
    made_from: list[str]


class VersionPage(BaseModel):
    """A page of versions, the newest first."""

    versions: list[VersionAnswer]
    total: int
    next: str | None


class LineageAnswer(BaseModel):
    """A version's lineage, both ways: the versions that you may see."""

    made_from: list[str]
    used_by: list[str]


class TableAnswer(BaseModel):
    """The first rows of a table; cut: whether there are more."""

    columns: list[str]
    rows: list[list[str]]
    cut: bool


class UploadAnswer(BaseModel):
    """An upload. offset: how many bytes have arrived."""

    id: str
    size: int
    offset: int
    sha256: str


class GrantAnswer(BaseModel):
    """A role that somebody has on an item."""

    subject: Subject
    name: str
    role: Role
    granted_by: str
    granted_at: datetime


class GrantList(BaseModel):
    """All grants of an item."""

    grants: list[GrantAnswer]


class RequestAnswer(BaseModel):
    """A request for access."""

    id: str
    item: str
    person: str
    role: Role
    message: str
    asked_at: datetime
    answer: str


class RequestList(BaseModel):
    """Requests for access."""

    requests: list[RequestAnswer]


class LinkAnswer(BaseModel):
    """A link. path: where it leads; returned only when the link is created."""

    id: str
    version: int | None
    made_by: str
    made_at: datetime
    expires_at: datetime
    path: str | None = None


class LinkList(BaseModel):
    """The links to an item."""

    links: list[LinkAnswer]


class LinkedItem(BaseModel):
    """The item that a link shows."""

    reference: str
    kind: ItemKind
    owner: str
    card: Card
    versions: list[VersionAnswer]
    expires_at: datetime


class PersonAnswer(BaseModel):
    """You, as the hub knows you. spaces: where you may create items; sign_in: a warning."""

    name: str
    teams: list[str]
    organisation: str | None
    admin: bool
    spaces: list[str]
    sign_in: str


class Erased(BaseModel):
    """A deleted item: the digests of its versions."""

    reference: str
    versions: list[str]


def summary_of(item: SharedItem) -> SharedSummary:
    """Return an item's summary for a list."""
    return SharedSummary(**_summary(item))


def answer_of(session: Session, person: Person, item: SharedItem) -> ItemAnswer:
    """Return an item."""
    newest = newest_version(session, item)
    return ItemAnswer(
        **_summary(item),
        card=card_of(item),
        newest=newest.number if newest else None,
        actions=actions_of(session, person, item),
    )


def version_answer(
    session: Session, person: Person, item: SharedItem, version: Version
) -> VersionAnswer:
    """Return a version."""
    names = ("number", "digest", "note", "made_by", "made_with", "made_at", "columns")
    return VersionAnswer(
        **{name: getattr(version, name) for name in names},
        reference=f"{item.reference}@{version.number}",
        files=[
            FileAnswer(path=f.path, sha256=f.sha256, size=f.size, media_type=f.media_type)
            for f in version.files
        ],
        made_from=sources_of(session, person, version),
    )


def _summary(item: SharedItem) -> dict[str, object]:
    same = (
        "reference", "kind", "owner", "title", "category", "licence", "personal_data",
        "created_at", "changed_at",
    )  # fmt: skip
    found = {name: getattr(item, name) for name in same}
    return {**found, "id": item.public_id, "tags": [tag.tag for tag in item.tags]}
