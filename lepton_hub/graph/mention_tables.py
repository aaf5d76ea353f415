"""Tables of the course terms that each search entry mentions."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from lepton_hub.database.base import Base
from lepton_hub.search.search_tables import ENTRY_ID


class TermMention(Base):
    """An item or a post mentions a term. term: its key, see `course_terms`."""

    __tablename__ = "term_mentions"

    entry_id: Mapped[int] = mapped_column(
        ENTRY_ID, ForeignKey("search_entries.id", ondelete="CASCADE"), primary_key=True
    )
    term: Mapped[str] = mapped_column(String(128), primary_key=True, index=True)


class MentionState(Base):
    """A single row with the fingerprint of the terms that were last scanned for."""

    __tablename__ = "mention_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
