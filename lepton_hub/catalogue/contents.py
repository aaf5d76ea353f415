"""Contents entering the blob store: uploads, housekeeping, and damage reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.audit.audit_log import head_of
from lepton_hub.catalogue.cards import MOST_FILES, NewFile
from lepton_hub.catalogue.dependents import CONTENT_COLUMNS
from lepton_hub.catalogue.erasure import gone_since, hold_contents, is_needed
from lepton_hub.catalogue.tables import PendingUpload
from lepton_hub.catalogue.versions import StoredFile
from lepton_hub.database.moments import now
from lepton_hub.storage import BlobDamaged, BlobMissing, BlobStore, StorageError, Uploads

UPLOAD_LASTS = timedelta(days=7)
MOST_UPLOADS = 2 * MOST_FILES
"""The maximum number of unfinished uploads per person: the files of two versions."""
SPARED_SECONDS = 3600.0
"""Grace period for a content without references: somebody may be adding it."""


class UploadProblem(Exception):
    """An upload cannot be used; the message says why."""


class TooManyUploads(Exception):
    """Somebody has too many unfinished uploads."""


@dataclass
class UploadTicket:
    """An upload known to the store; begun: whether it is also in the database."""

    id: str
    begun: bool = False


@contextmanager
def upload_ticket(uploads: Uploads) -> Iterator[UploadTicket]:
    """Create an upload in the store, and cancel it unless it was entered in the database.

    Enter the context outside any transaction: the store may be slow, and writers must not wait for
    it.
    """
    ticket = UploadTicket(uploads.create())
    try:
        yield ticket
    finally:
        if not ticket.begun:
            with suppress(StorageError):  # then it expires
                uploads.cancel(ticket.id)


def begin_upload(
    session: Session, ticket: UploadTicket, person: str, size: int, sha256: str
) -> PendingUpload:
    """Enter an upload in the database. Raises TooManyUploads."""
    mine = select(func.count()).select_from(PendingUpload).where(PendingUpload.person == person)
    if (session.scalar(mine) or 0) >= MOST_UPLOADS:
        raise TooManyUploads
    upload = PendingUpload(id=ticket.id, person=person, size=size, sha256=sha256)
    session.add(upload)
    session.flush()
    ticket.begun = True
    return upload


def upload_of(session: Session, person: str, id_: str) -> PendingUpload | None:
    """Return an upload by its id, if it is this person's."""
    query = select(PendingUpload).where(PendingUpload.id == id_, PendingUpload.person == person)
    return session.scalars(query).first()


def uploads_of(session: Session, person: str, ids: Iterable[str]) -> dict[str, PendingUpload]:
    """Return this person's uploads among these ids, by id."""
    query = select(PendingUpload).where(
        PendingUpload.id.in_(set(ids)), PendingUpload.person == person
    )
    return {upload.id: upload for upload in session.scalars(query)}


def finish_uploads(
    uploads: Uploads, pending: dict[str, PendingUpload], files: Iterable[NewFile]
) -> list[StoredFile]:
    """Finish uploads: move their content into the store. May be retried after a failure.

    pending: the person's uploads by id. Raises UploadProblem, and what the store raises.
    """
    found = []
    for file in files:
        upload = pending.get(file.upload)
        if upload is None:
            raise UploadProblem(f"You have no upload {file.upload}: start it again.")
        arrived = uploads.offset(upload.id)
        if arrived != upload.size:
            raise UploadProblem(
                f"The upload of {file.path} is incomplete: {arrived} of {upload.size} bytes have "
                "arrived. Send the rest, then add the version again."
            )
        blob = uploads.finish(upload.id, upload.sha256)
        found.append(StoredFile(file.path, blob.sha256, blob.size, file.media_type))
    return found


@dataclass(frozen=True)
class SeenContents:
    """Files whose contents were seen in the store when the audit log had a given length."""

    files: Sequence[StoredFile]
    entries: int


def see_contents(
    sessions: sessionmaker[Session], store: BlobStore, files: Iterable[StoredFile]
) -> SeenContents:
    """Check that files' contents are in the store, before the transaction that refers to them.

    The store may be slow, and writers must not wait for it. Raises UploadProblem if one is missing.
    """
    with sessions.begin() as session:
        entries, _ = head_of(session)
    seen = list(files)
    for file in seen:
        if file.sha256 not in store:
            raise _lost(file)
    return SeenContents(seen, entries)


def keep_contents(session: Session, seen: SeenContents, used: Iterable[str]) -> None:
    """Make files refer to stored contents within a transaction, and delete their uploads.

    Until the transaction ends, no erasure can start. Raises UploadProblem for a content that was
    erased since it was seen, or is being erased.
    """
    hold_contents(session)
    gone = gone_since(session, {file.sha256 for file in seen.files}, seen.entries)
    for file in seen.files:
        if file.sha256 in gone:
            raise _lost(file)
    session.execute(delete(PendingUpload).where(PendingUpload.id.in_(list(used))))


def _lost(file: StoredFile) -> UploadProblem:
    return UploadProblem(f"The content of {file.path} was lost: upload it again.")


def expired_contents(
    sessions: sessionmaker[Session], store: BlobStore, uploads: Uploads
) -> set[str]:
    """Delete expired uploads; return contents that are probably no longer referred to.

    Such contents remain when an upload was never used, or after a crash.
    """
    with sessions.begin() as session:
        old = PendingUpload.begun_at < now() - UPLOAD_LASTS
        session.execute(delete(PendingUpload).where(old))
    uploads.expire(UPLOAD_LASTS.total_seconds())
    limit = now().timestamp() - SPARED_SECONDS
    stored: set[str] = set()
    with suppress(BlobDamaged):  # reported by `sweep`; its identity is unknown here
        stored.update(blob.sha256 for blob in store.blobs() if blob.written < limit)
    with sessions.begin() as session:
        for column in CONTENT_COLUMNS:
            stored -= set(session.scalars(select(column)))
    return stored


def damaged_contents(sessions: sessionmaker[Session], store: BlobStore) -> Iterator[str]:
    """Read every content; yield a message for each that is damaged, or referred to but missing."""
    needed: set[str] = set()
    with sessions.begin() as session:
        for column in CONTENT_COLUMNS:
            needed.update(session.scalars(select(column)))
    try:
        for blob in store.blobs():
            needed.discard(blob.sha256)
            try:
                store.check(blob.sha256)
            except BlobDamaged as error:
                yield f"{blob.sha256}: {error}"
            except BlobMissing:
                continue  # deleted meanwhile
    except BlobDamaged as error:
        yield str(error)
    for sha256 in sorted(needed):
        try:
            lost = sha256 not in store
        except BlobDamaged:
            lost = True
        if lost and _is_still_needed(sessions, sha256):
            yield f"{sha256}: is in use but cannot be read. Share it again, or restore a backup"


def _is_still_needed(sessions: sessionmaker[Session], sha256: str) -> bool:
    with sessions.begin() as session:
        return is_needed(session, sha256)
