"""Add versions to items and find them. Versions are immutable."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.cards import NewVersion
from lepton_hub.catalogue.items import NotVisible, every_existing, look_up
from lepton_hub.catalogue.names import Reference, parse_reference, same_on_any_computer
from lepton_hub.catalogue.tables import SharedItem, Source, Version, VersionFile
from lepton_hub.database.moments import now
from lepton_hub.database.numbered import newest_first
from lepton_hub.database.unindexed import Unindexed
from lepton_hub.identity.person import Person


class SourceMissing(Exception):
    """A version names a source that does not exist for the caller."""


class PathTwice(Exception):
    """Two files of a version have paths that some file systems treat as the same."""


@dataclass(frozen=True)
class StoredFile:
    """A file whose content is in the store."""

    path: str
    sha256: str
    size: int
    media_type: str


def add_version(
    session: Session,
    person: Person,
    item: SharedItem,
    told: NewVersion,
    files: Sequence[StoredFile],
) -> tuple[Version, bool]:
    """Add a version; return it, and whether it is new. The item comes from `find_item`.

    If the newest version is identical, it is returned instead. Raises SourceMissing, PathTwice.
    """
    sources = [_source(session, person, parse_reference(name)) for name in told.made_from]
    _check_paths([file.path for file in files])
    digest = _digest(told, files, sources)
    newest = newest_version(session, item)
    if newest is not None and newest.digest == digest:
        return newest, False
    version = Version(
        item_id=item.id,
        number=newest.number + 1 if newest else 1,
        digest=digest,
        note=told.note,
        made_by=person.name,
        made_with=told.made_with,
        columns=[column.model_dump() for column in told.columns],
        files=[
            VersionFile(path=f.path, sha256=f.sha256, size=f.size, media_type=f.media_type)
            for f in files
        ],
    )
    session.add(version)
    item.changed_at = now()
    session.flush()
    for source in {source.id for source in sources}:
        session.add(Source(version_id=version.id, source_id=source))
    session.flush()
    session.refresh(version)
    return version, True


def newest_version(session: Session, item: SharedItem) -> Version | None:
    """Return an item's newest version; None if it has none yet."""
    query = select(Version).where(Version.item_id == item.id).order_by(Version.number.desc())
    return session.scalars(query.limit(1)).first()


def find_version(session: Session, item: SharedItem, number: int | None) -> Version:
    """Return a version by its number, or for None the newest. Raises NotVisible."""
    if number is None:
        found = newest_version(session, item)
    else:
        query = select(Version).where(Version.item_id == item.id, Version.number == number)
        found = session.scalars(query).first()
    if found is None:
        raise NotVisible
    return found


def list_versions(
    session: Session, item: SharedItem, limit: int, before: int | None
) -> tuple[Sequence[Version], int]:
    """Return a page of versions, newest first, and the total.

    before: the number of the last version on the previous page.
    """
    return newest_first(session, Version, item.id, limit, before)


def find_file(version: Version, path: str | None) -> VersionFile:
    """Return a version's file; without a path, its only one. Raises NotVisible."""
    files = {file.path: file for file in version.files}
    if path is None and len(files) == 1:
        return version.files[0]
    if path is None or path not in files:
        raise NotVisible
    return files[path]


def sources_of(session: Session, person: Person, version: Version) -> list[str]:
    """Return the versions this one was made from that a person may see."""
    query = select(Version).join(Source, Source.source_id == Version.id)
    return _visible(session, person, query.where(Source.version_id == version.id))


def used_by(session: Session, person: Person, version: Version) -> list[str]:
    """Return the versions made from this one that a person may see."""
    query = select(Version).join(Source, Source.version_id == Version.id)
    return _visible(session, person, query.where(Unindexed(Source.source_id) == version.id))


def _visible(session: Session, person: Person, query: Select[tuple[Version]]) -> list[str]:
    seen = every_existing(person).with_only_columns(SharedItem.id)
    found = session.scalars(query.where(Version.item_id.in_(seen)))
    return sorted(f"{version.item.reference}@{version.number}" for version in found)


def _source(session: Session, person: Person, reference: Reference) -> Version:
    named = SharedItem.space == reference.space, SharedItem.name == reference.name
    try:
        item = look_up(session, person, *named)
        if reference.version is None:
            raise NotVisible
        return find_version(session, item, reference.version)
    except NotVisible as error:
        raise SourceMissing(str(reference)) from error


def _check_paths(paths: Sequence[str]) -> None:
    """Raise PathTwice if two paths collide on some file system, or one is the other's folder."""
    seen = [same_on_any_computer(path) for path in paths]
    folders = {
        "/".join(parts[:depth])
        for parts in (path.split("/") for path in seen)
        for depth in range(1, len(parts))
    }
    times = Counter(seen)
    for path, same in zip(paths, seen, strict=True):
        if times[same] > 1 or same in folders:
            raise PathTwice(path)


def _digest(told: NewVersion, files: Sequence[StoredFile], sources: Sequence[Version]) -> str:
    """Return the SHA-256 of a version's metadata and files."""
    content = {
        "files": sorted([file.path, file.sha256, file.size, file.media_type] for file in files),
        "columns": [column.model_dump() for column in told.columns],
        "sources": sorted({source.digest for source in sources}),
        "note": told.note,
        "made_with": told.made_with,
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
