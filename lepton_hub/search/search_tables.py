"""What search knows: an entry for each item and each post."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment
from lepton_hub.knowledge.knowledge_tables import new_public_id


class SearchEntry(Base):
    """An item, or a post of a thread, as search finds it.

    public_id: stands in cursors; the number would tell how many entries there are. key: what it
        stands for, such as item-12. kind: an item's kind, "discussion" or "question". title: empty
        for posts that answer.
    The words themselves are in the table `search_words`, which each kind of database has in its
    own form (see `word_index`).
    """

    __tablename__ = "search_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("items.id"), index=True)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("threads.id"), index=True)
    post_id: Mapped[int | None] = mapped_column(index=True)
    team: Mapped[str | None] = mapped_column(String(64), index=True)
    owner: Mapped[str] = mapped_column(String(128), index=True)
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Moment, index=True)

    tags: Mapped[list[SearchTag]] = relationship(
        cascade="all, delete-orphan", order_by="SearchTag.tag", lazy="selectin"
    )


class SearchTag(Base):
    """A tag of an entry."""

    __tablename__ = "search_tags"

    entry_id: Mapped[int] = mapped_column(ForeignKey("search_entries.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
