"""Erase contents that nothing needs any more, and write down that it was done.

An erasure has three transactions. The one that deletes what held a content says that it is
unneeded; the next decides that it goes; and when it is gone, the last adds the entry to the audit
log. Where the hub is killed in between, or the store does not answer, the content is still to be
erased, and the next start does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.audit import append
from lepton_hub.audit.audit_log import subjects_since
from lepton_hub.catalogue.dependents import CONTENT_COLUMNS
from lepton_hub.catalogue.tables import PendingUpload, UnneededContent
from lepton_hub.storage import BlobMissing, BlobStore

ERASE = "content.erase"
_LOCK = 0x1E970


def erase_later(session: Session, contents: Iterable[str], by: str) -> None:
    """Have contents erased once this transaction has ended, as far as nothing needs them then.

    by: who deleted what held them.
    """
    session.add_all(
        UnneededContent(sha256=sha256, deleted_by=by) for sha256 in sorted(set(contents))
    )
    session.flush()


def erase_unneeded(sessions: sessionmaker[Session], store: BlobStore) -> None:
    """Erase the contents that are to be erased and to which nothing refers, also no upload.

    Raises what the store raised first; the others are erased all the same.
    """
    with sessions.begin() as session:
        found = set(session.scalars(select(UnneededContent.sha256)))
    failed: list[Exception] = []
    for sha256 in sorted(found):
        try:
            with store.place.erasing():
                _erase(sessions, store, sha256)
        except Exception as error:
            failed.append(error)
    if failed:
        raise failed[0]


def _erase(sessions: sessionmaker[Session], store: BlobStore, sha256: str) -> None:
    """Erase a content, if it still is to be. Nobody else erases meanwhile.

    The store may be slow, and no writer shall wait for it: so the decision is written down first,
    and until the entry is there, nobody can begin to need the content (`keep_contents`). Where a
    process was killed in between, this goes on.
    """
    with sessions.begin() as session:
        if not _decide(session, sha256):
            return
    with suppress(BlobMissing):
        store.delete(sha256)
    with sessions.begin() as session:
        hold_contents(session)
        rows = _rows(session, sha256)
        for row in rows:
            session.delete(row)
        append(session, actor=rows[0].deleted_by, action=ERASE, subject=sha256, detail={})


def _decide(session: Session, sha256: str) -> bool:
    """Return whether a content is to be erased now, and write that down."""
    hold_contents(session)
    rows = _rows(session, sha256)
    if any(row.erasing for row in rows):
        return True
    # On PostgreSQL, whoever needs it may delete it meanwhile: the row of that is for another time
    # where they still needed it here, and otherwise there by now.
    if is_needed(session, sha256):
        for row in rows:
            session.delete(row)
        return False
    rows = _rows(session, sha256)
    for row in rows:
        row.erasing = True
    return bool(rows)


def gone_since(session: Session, contents: Iterable[str], entry: int) -> set[str]:
    """Return which contents are being erased, or were since the audit log had so many entries."""
    wanted = set(contents)
    row = UnneededContent
    erasing = session.scalars(select(row.sha256).where(row.sha256.in_(wanted), row.erasing))
    return set(erasing) | wanted & subjects_since(session, ERASE, entry)


def _rows(session: Session, sha256: str) -> Sequence[UnneededContent]:
    query = select(UnneededContent).where(UnneededContent.sha256 == sha256)
    return session.scalars(query.order_by(UnneededContent.id)).all()


def is_needed(session: Session, sha256: str) -> bool:
    """Return whether something refers to a content, be it an upload."""
    columns = [*CONTENT_COLUMNS, PendingUpload.sha256]
    queries = (select(column).where(column == sha256).limit(1) for column in columns)
    return any(session.scalars(query).first() is not None for query in queries)


def hold_contents(session: Session) -> None:
    """Have those who keep and those who erase contents wait for each other.

    SQLite's writers do so by themselves.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
