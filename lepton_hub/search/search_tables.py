"""The search tables: an entry for each item and each post.

The postings are in the table `search_words`, whose form depends on the database (see `word_index`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment

ENTRY_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite's row ids have 64 bits anyway


class SearchEntry(Base):
    """A search entry for an item or a post.

    id: encodes the time of change, so that sorting by id sorts by recency (see `entry_ids`). key:
    its source row, such as item-12. kind: an item's kind, "discussion" or "question". Rows are
    short, since a search for a common word reads tens of thousands.
    """

    __tablename__ = "search_entries"

    id: Mapped[int] = mapped_column(ENTRY_ID, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("items.id"), index=True)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("threads.id"), index=True)
    post_id: Mapped[int | None] = mapped_column(index=True)
    team: Mapped[str | None] = mapped_column(String(64), index=True)
    owner: Mapped[str] = mapped_column(String(128), index=True)
    changed_at: Mapped[datetime] = mapped_column(Moment)

    shown: Mapped[SearchText] = relationship(cascade="all, delete-orphan")
    tags: Mapped[list[SearchTag]] = relationship(
        cascade="all, delete-orphan", order_by="SearchTag.tag", lazy="selectin"
    )


class SearchText(Base):
    """An entry's text for display. title: empty for replies."""

    __tablename__ = "search_texts"

    entry_id: Mapped[int] = mapped_column(
        ENTRY_ID, ForeignKey("search_entries.id"), primary_key=True, autoincrement=False
    )
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)


class SearchTag(Base):
    """A tag of an entry."""

    __tablename__ = "search_tags"

    entry_id: Mapped[int] = mapped_column(
        ENTRY_ID, ForeignKey("search_entries.id"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
