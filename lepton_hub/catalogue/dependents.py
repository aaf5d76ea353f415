"""What other parts of the hub keep with an item, or in the store: they say so here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from lepton_hub.catalogue.tables import SharedItem, VersionFile

CONTENT_COLUMNS: list[InstrumentedAttribute[str]] = [VersionFile.sha256]
"""The columns that refer to contents of the store: what stands in one of them is never erased."""

ON_DELETE: list[Callable[[Session, SharedItem], set[str]]] = []
"""Called when an item is deleted; each deletes what it keeps of it and returns the contents that
are not needed any more."""

ON_DELETED: list[Callable[[Session, SharedItem], None]] = []
"""Called once all that was kept of a deleted item is deleted: what writes into the audit log, for
which everybody waits from then on. Earlier, somebody who has locked a part of the item and waits
for the log would never get it."""

ON_ERASED: list[Callable[[Session, Sequence[str]], None]] = []
"""Called with the names of what was erased, such as an item's or a thread's id; each forgets what
it has told of that."""


def forget_erased(session: Session, *names: str) -> None:
    """Have all parts forget what they have told of things that were erased."""
    for forget in ON_ERASED:
        forget(session, names)
