"""The digest: what others did with what a person follows and may see.

It is computed from the tables themselves, so it never disagrees with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    String,
    and_,
    cast,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import every_existing
from lepton_hub.catalogue.tables import ItemTag, SharedItem, Version
from lepton_hub.database.moments import moment_and_key
from lepton_hub.database.unindexed import Unindexed
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.course_places import place_in_words
from lepton_hub.knowledge.discussions import every_visible_thread
from lepton_hub.knowledge.knowledge_tables import (
    DiscussionThread,
    DocumentRevision,
    Subscription,
    ThreadPost,
    ThreadTag,
)
from lepton_hub.knowledge.subscriptions import Followed
from lepton_hub.permissions import Subject

_LONGEST_CHANGE = timedelta(hours=1)
"""Items and threads record their last change. The change's own timestamp may be later, but by less
than this."""


@dataclass(frozen=True)
class NewsEntry:
    """An event in the digest.

    what: "item", "version", "revision", "thread" or "post". key: identifies the entry in cursors.
    number: of the version, revision or post. item: the item, or the one that a thread is about.
    """

    what: str
    key: str
    at: datetime
    who: str
    number: int
    item: SharedItem | None
    thread: DiscussionThread | None

    @property
    def title(self) -> str:
        """The item's or the thread's title."""
        return self.thread.title if self.thread else self.item.title if self.item else ""

    @property
    def reference(self) -> str:
        """The item's name, or the section of the course."""
        if self.item is not None:
            return self.item.reference
        return self.thread.section or "" if self.thread else ""

    @property
    def sentence(self) -> str:
        """The event in words."""
        if self.thread is not None:
            kind = self.thread.kind
            asked = "asked" if kind == "question" else "began"
            replied = "answered" if kind == "question" else "replied in"
            did = f"{asked if self.what == 'thread' else replied} a {kind} about"
            return f"{self.who} {did} {self._about}"
        did = {
            "item": "made",
            "version": f"added version {self.number} to",
            "revision": f"changed the text (revision {self.number}) of",
        }[self.what]
        return f"{self.who} {did} {self.reference}"

    @property
    def _about(self) -> str:
        """The subject of a thread: an item's title, or a part of the course in words."""
        return self.item.title if self.item is not None else place_in_words(self.reference)


def list_news(
    session: Session,
    person: Person,
    since: datetime,
    limit: int,
    before: tuple[datetime, str] | None = None,
    until: datetime | None = None,
) -> list[NewsEntry]:
    """Return a page of news, latest first.

    since, until: bounds, exclusive and inclusive. before: moment and key of the last entry on the
    previous page.
    """
    news = _everything(person, since).subquery("news")
    query = select(news).where(
        news.c.at > since, news.c.who != person.name, _is_followed(person, news.c)
    )
    if until is not None:
        query = query.where(news.c.at <= until)
    if before is not None:
        query = query.where(tuple_(news.c.at, news.c.key) < moment_and_key(*before))
    query = query.order_by(news.c.at.desc(), news.c.key.desc()).limit(limit)
    return _entries(session, session.execute(query).all())


def _everything(person: Person, since: datetime) -> CompoundSelect[Any]:
    """Return the query for all events since a moment that a person may see."""
    thread, post, revision = DiscussionThread, ThreadPost, DocumentRevision
    nothing = cast(null(), Integer)
    lately = since - _LONGEST_CHANGE
    changed = every_existing(person).where(SharedItem.changed_at > lately)
    talked = every_visible_thread(person).where(Unindexed(thread.changed_at) > lately)
    items_seen = changed.with_only_columns(SharedItem.id)
    threads_seen = talked.with_only_columns(thread.id)
    items = select(
        *_columns("item", SharedItem.created_at, SharedItem.owner, literal(0)),
        SharedItem.id.label("item_id"), nothing.label("thread_id"),
        SharedItem.public_id.label("key"),
    ).where(SharedItem.id.in_(items_seen), SharedItem.created_at > since)  # fmt: skip
    versions = select(
        *_columns("version", Version.made_at, Version.made_by, Version.number),
        Version.item_id, nothing, _numbered(Version.number),
    ).join(SharedItem, SharedItem.id == Version.item_id)  # fmt: skip
    revisions = select(
        *_columns("revision", revision.made_at, revision.made_by, revision.number),
        revision.item_id, nothing, _numbered(revision.number),
    ).join(SharedItem, SharedItem.id == revision.item_id)  # fmt: skip
    posts = select(
        *_columns("post", post.made_at, post.made_by, post.number),
        thread.item_id, post.thread_id, post.public_id,
    ).join(thread, thread.id == post.thread_id)  # fmt: skip
    return union_all(
        items,
        versions.where(SharedItem.id.in_(items_seen), Version.made_at > since),
        revisions.where(
            SharedItem.id.in_(items_seen), Unindexed(revision.made_at) > since, revision.number > 1
        ),
        posts.where(
            thread.id.in_(threads_seen), Unindexed(post.made_at) > since, post.deleted_at.is_(None)
        ),
    )


def _columns(what: str, at: Any, who: Any, number: Any) -> list[ColumnElement[Any]]:
    return [
        literal(what, String).label("what"),
        at.label("at"),
        who.label("who"),
        number.label("number"),
    ]


def _numbered(number: Any) -> ColumnElement[str]:
    return SharedItem.public_id + literal("-", String) + cast(number, String)


def _is_followed(person: Person, news: Any) -> ColumnElement[bool]:
    followed = {
        kind: select(Subscription.target).where(
            Subscription.person == person.name, Subscription.kind == kind
        )
        for kind in Followed
    }
    item = SharedItem.public_id.in_(followed[Followed.ITEM])
    of_team = SharedItem.team.in_(followed[Followed.TEAM])
    tagged = ItemTag.tag.in_(followed[Followed.TAG])
    with_tag = ThreadTag.tag.in_(followed[Followed.TAG])
    to_team = and_(
        DiscussionThread.audience == Subject.TEAM,
        DiscussionThread.audience_name.in_(followed[Followed.TEAM]),
    )
    # Start from what is new: a lookup by tag or team would read everything that has it.
    items = select(SharedItem.id).where(SharedItem.id == news.item_id, or_(item, of_team))
    tags = select(ItemTag.tag).where(ItemTag.item_id == news.item_id, tagged)
    threads = select(DiscussionThread.id).where(DiscussionThread.id == news.thread_id, to_team)
    thread_tags = select(ThreadTag.tag).where(ThreadTag.thread_id == news.thread_id, with_tag)
    return or_(
        news.who.in_(followed[Followed.PERSON]),
        items.exists(),
        tags.exists(),
        threads.exists(),
        thread_tags.exists(),
    )


def _entries(session: Session, rows: Sequence[Any]) -> list[NewsEntry]:
    items = _by_id(session, SharedItem, {row.item_id for row in rows})
    threads = _by_id(session, DiscussionThread, {row.thread_id for row in rows})
    return [
        NewsEntry(
            what="thread" if row.what == "post" and row.number == 1 else row.what,
            key=row.key,
            at=row.at,
            who=row.who,
            number=row.number,
            item=items.get(row.item_id),
            thread=threads.get(row.thread_id),
        )
        for row in rows
    ]


def _by_id(session: Session, table: Any, numbers: set[int | None]) -> dict[int, Any]:
    query = select(table).where(table.id.in_(numbers - {None}))
    return {row.id: row for row in session.scalars(query)}
