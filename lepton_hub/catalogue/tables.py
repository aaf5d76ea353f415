"""The catalogue's tables."""

from __future__ import annotations

from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now


def _public_id() -> str:
    return token_urlsafe(12)


class SharedItem(Base):
    """A shared data set, model, program, notebook or document.

    public_id: identifies it to clients, since row ids would reveal how many items there are. team:
    the team whose space it is in; None for a person's space. card_revision: the number of times its
    card was written. deleted_at: set once its content and card are gone; its name is never reused.
    """

    __tablename__ = "items"
    __table_args__ = (UniqueConstraint("space", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=_public_id)
    space: Mapped[str] = mapped_column(String(130))
    name: Mapped[str] = mapped_column(String(64))
    team: Mapped[str | None] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str] = mapped_column(String(128), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(64))
    licence: Mapped[str] = mapped_column(String(200))
    origin: Mapped[str] = mapped_column(String(2000))
    intended_use: Mapped[str] = mapped_column(Text)
    limits: Mapped[str] = mapped_column(Text)
    personal_data: Mapped[str] = mapped_column(String(16))
    card_revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    changed_at: Mapped[datetime] = mapped_column(Moment, default=now)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)

    tags: Mapped[list[ItemTag]] = relationship(
        cascade="all, delete-orphan", order_by="ItemTag.tag", lazy="selectin"
    )

    @property
    def reference(self) -> str:
        """The item's name with its space."""
        return f"{self.space}/{self.name}"


class ItemTag(Base):
    """A tag of an item."""

    __tablename__ = "item_tags"

    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)


class Version(Base):
    """A version of an item: files that never change.

    digest: SHA-256 of the files' paths and contents, columns and sources.
    """

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("item_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(128))
    made_with: Mapped[str] = mapped_column(String(1000))
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)
    columns: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

    item: Mapped[SharedItem] = relationship()
    files: Mapped[list[VersionFile]] = relationship(
        cascade="all, delete-orphan", order_by="VersionFile.path", lazy="selectin"
    )


class VersionFile(Base):
    """A file of a version."""

    __tablename__ = "version_files"
    __table_args__ = (UniqueConstraint("version_id", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), index=True)
    path: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(161))


class Source(Base):
    """A lineage edge: a version was made from another one."""

    __tablename__ = "sources"

    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), primary_key=True, index=True)


class UnneededContent(Base):
    """A content marked for erasure unless something refers to it after all.

    Written in the transaction that deletes its reference, and removed in the one that logs its
    erasure, so that a crash in between loses neither. Two deletions of one content have a row each,
    so neither waits for the other. deleted_by: the person who deleted what referred to it. erasing:
    the decision is final, and the content may be gone at any moment.
    """

    __tablename__ = "unneeded_contents"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    deleted_by: Mapped[str] = mapped_column(String(128))
    erasing: Mapped[bool] = mapped_column(default=False, server_default=false())


class PendingUpload(Base):
    """An upload that no version uses yet, with its announced size and digest."""

    __tablename__ = "pending_uploads"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(128), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    begun_at: Mapped[datetime] = mapped_column(Moment, default=now)
