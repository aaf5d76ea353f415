"""What other parts of the hub keep with an item, or in the store: they say so here."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from lepton_hub.catalogue.tables import SharedItem, VersionFile

CONTENT_COLUMNS: list[InstrumentedAttribute[str]] = [VersionFile.sha256]
"""The columns that refer to contents of the store: what stands in one of them is never erased."""

ON_DELETE: list[Callable[[Session, SharedItem], set[str]]] = []
"""Called when an item is deleted; each deletes what it keeps of it and returns the contents that
are not needed any more."""
