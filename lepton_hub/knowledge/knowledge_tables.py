"""The knowledge base's tables: revisions and attachments of documents, threads, subscriptions."""

from __future__ import annotations

from datetime import datetime
from secrets import token_urlsafe

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now


def new_public_id() -> str:
    """Return a random public id, which does not reveal the number of rows."""
    return token_urlsafe(12)


class DocumentRevision(Base):
    """A revision of a document's text. Immutable; the one with the highest number is current.

    item_id: the document, an item of the kind "document".
    """

    __tablename__ = "document_revisions"
    __table_args__ = (UniqueConstraint("item_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(String(1000))
    made_by: Mapped[str] = mapped_column(String(128), index=True)
    made_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)


class Attachment(Base):
    """A file beside a document's text. Its content never changes. path: its name."""

    __tablename__ = "attachments"
    __table_args__ = (UniqueConstraint("item_id", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    path: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(161))
    attached_by: Mapped[str] = mapped_column(String(128))
    attached_at: Mapped[datetime] = mapped_column(Moment, default=now)


class DiscussionThread(Base):
    """A discussion or a question, about an item or about a section of the course.

    item_id: the item; then whoever sees the item sees the thread. section: otherwise, such as
        02_data_pipelines/lesson.ipynb#Leakage. audience, audience_name: who sees a thread about a
        section, as in grants: "team" with its name, "organisation" with its name, or "everybody".
    kind: "discussion" or "question". accepted_id: the post that answers a question.
    posts_ever: the number of posts ever made, including deleted ones.
    """

    __tablename__ = "threads"
    __table_args__ = (Index("ix_threads_audience", "audience", "audience_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("items.id"), index=True)
    section: Mapped[str | None] = mapped_column(String(200), index=True)
    audience: Mapped[str | None] = mapped_column(String(16))
    audience_name: Mapped[str | None] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str] = mapped_column(String(128), index=True)
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)
    changed_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)
    accepted_id: Mapped[str | None] = mapped_column(String(32))
    posts_ever: Mapped[int] = mapped_column(default=0)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)

    item: Mapped[SharedItem | None] = relationship()
    tags: Mapped[list[ThreadTag]] = relationship(
        cascade="all, delete-orphan", order_by="ThreadTag.tag", lazy="selectin"
    )


class ThreadTag(Base):
    """A tag of a thread."""

    __tablename__ = "thread_tags"

    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)


class ThreadPost(Base):
    """A post in a thread. number: from 1, the post that opened the thread.

    revision: the number of its current wording, from 1; earlier ones are kept.
    """

    __tablename__ = "thread_posts"
    __table_args__ = (UniqueConstraint("thread_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), index=True)
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(default=1)
    made_by: Mapped[str] = mapped_column(String(128), index=True)
    made_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)
    changed_at: Mapped[datetime] = mapped_column(Moment, default=now)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)

    thread: Mapped[DiscussionThread] = relationship()


class PostWording(Base):
    """An earlier wording of a post."""

    __tablename__ = "post_wordings"

    post_id: Mapped[int] = mapped_column(ForeignKey("thread_posts.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Moment)


class Subscription(Base):
    """A person's subscription to something.

    kind: "item", "tag", "team" or "person". target: the item's public id, or a name.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (UniqueConstraint("person", "kind", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(String(128), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(128))
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)


class DigestMail(Base):
    """A person's subscription to the digest by e-mail.

    every_days: 1 or 7. sent_until: the end of the last digest sent. claimed_at: when a process
    claimed the next one.
    """

    __tablename__ = "digest_mails"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    every_days: Mapped[int]
    sent_until: Mapped[datetime] = mapped_column(Moment, default=now)
    claimed_at: Mapped[datetime | None] = mapped_column(Moment)
