"""Hooks with which other packages register what they keep with an item or in the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from lepton_hub.catalogue.tables import SharedItem, VersionFile

CONTENT_COLUMNS: list[InstrumentedAttribute[str]] = [VersionFile.sha256]
"""The columns that refer to stored contents, which are never erased while referred to."""

ON_DELETE: list[Callable[[Session, SharedItem], set[str]]] = []
"""Called when an item is deleted; each deletes what it keeps about it and returns the contents it
no longer needs."""

ON_DELETED: list[Callable[[Session, SharedItem], None]] = []
"""Called last when an item is deleted, for hooks that append to the audit log, whose lock is then
held. Called earlier, they would deadlock with a transaction that has locked a part of the item and
waits for the log."""

ON_ERASED: list[Callable[[Session, Sequence[str]], None]] = []
"""Called with the names of what was erased, such as an item's or a thread's id; each deletes the
answers it has stored about that."""


def forget_erased(session: Session, *names: str) -> None:
    """Call all hooks that delete stored answers about what was erased."""
    for forget in ON_ERASED:
        forget(session, names)
