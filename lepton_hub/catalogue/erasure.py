"""Erase contents that nothing refers to any more, and record each erasure.

An erasure takes three transactions. The one that deletes the last reference marks the content as
unneeded; the next commits to erasing it; and once it is gone, the last appends to the audit log. If
the hub is killed in between, or the store does not answer, the content stays marked, and the next
start erases it.
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
    """Mark contents for erasure after this transaction, unless something refers to them by then.

    by: the person who deleted what referred to them.
    """
    session.add_all(
        UnneededContent(sha256=sha256, deleted_by=by) for sha256 in sorted(set(contents))
    )
    session.flush()


def erase_unneeded(sessions: sessionmaker[Session], store: BlobStore) -> None:
    """Erase the marked contents that nothing refers to, not even an upload.

    Raises the store's first exception; the other contents are erased all the same.
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
    """Erase a content if it is still marked. The caller excludes other erasures.

    The store may be slow, and writers must not wait for it: so the decision is committed first, and
    until the log entry is committed, nobody can refer to the content (`keep_contents`). After a
    crash in between, this resumes.
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
    """Decide whether to erase a content now, and record the decision."""
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
    """Return the contents being erased, or erased since the audit log had a given length."""
    wanted = set(contents)
    row = UnneededContent
    erasing = session.scalars(select(row.sha256).where(row.sha256.in_(wanted), row.erasing))
    return set(erasing) | wanted & subjects_since(session, ERASE, entry)


def _rows(session: Session, sha256: str) -> Sequence[UnneededContent]:
    query = select(UnneededContent).where(UnneededContent.sha256 == sha256)
    return session.scalars(query.order_by(UnneededContent.id)).all()


def is_needed(session: Session, sha256: str) -> bool:
    """Return whether anything refers to a content, including uploads."""
    columns = [*CONTENT_COLUMNS, PendingUpload.sha256]
    queries = (select(column).where(column == sha256).limit(1) for column in columns)
    return any(session.scalars(query).first() is not None for query in queries)


def hold_contents(session: Session) -> None:
    """Serialise transactions that refer to contents and those that erase them.

    SQLite's writers are serialised anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
