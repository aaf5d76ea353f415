"""What search knows: an entry for each item and each post.

The words themselves are in the table `search_words`, which each kind of database has in its own
form (see `word_index`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment

ENTRY_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite's row number has 64 bits anyway


class SearchEntry(Base):
    """An item, or a post of a thread, as search finds it.

    id: tells when it was changed, so that the latest come first by id alone (see `entry_ids`).
    key: what it stands for, such as item-12. kind: an item's kind, "discussion" or "question".
    A row is short, since a search of a common word reads tens of thousands.
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
    """What is shown of an entry. title: empty for posts that answer."""

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
