"""Erase contents that nothing needs any more, and write down that it was done.

An erasure has two transactions. The one that deletes what held a content says that it is unneeded;
the other erases it and adds the entry to the audit log. Where the hub is killed in between, or the
store does not answer, the content is still to be erased, and the next start does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.audit import append
from lepton_hub.catalogue.dependents import CONTENT_COLUMNS
from lepton_hub.catalogue.tables import PendingUpload, UnneededContent
from lepton_hub.storage import BlobMissing, BlobStore

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
            with sessions.begin() as session:
                _erase(session, store, sha256)
        except Exception as error:
            failed.append(error)
    if failed:
        raise failed[0]


def _erase(session: Session, store: BlobStore, sha256: str) -> None:
    """Erase a content, if it still is to be.

    One that a process erased that was killed before this transaction ended gets its entry now.
    """
    hold_contents(session)
    rows = _rows(session, sha256)
    # On PostgreSQL, whoever needs it may delete it meanwhile: the row of that is for another time
    # where they still needed it here, and otherwise there by now.
    needed = is_needed(session, sha256)
    if not needed:
        rows = _rows(session, sha256)
    for row in rows:
        session.delete(row)
    if needed or not rows:
        return
    with suppress(BlobMissing):
        store.delete(sha256)
    append(session, actor=rows[0].deleted_by, action="content.erase", subject=sha256, detail={})


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
