"""Keep the search index in step: what a transaction changes is indexed in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.catalogue.tables import ItemTag, SharedItem, Version
from lepton_hub.catalogue.versions import newest_version
from lepton_hub.knowledge.documents import newest_text
from lepton_hub.knowledge.knowledge_tables import (
    DiscussionThread,
    DocumentRevision,
    ThreadPost,
    ThreadTag,
)
from lepton_hub.permissions import Subject
from lepton_hub.search.entry_ids import free_id
from lepton_hub.search.search_tables import SearchEntry, SearchTag, SearchText
from lepton_hub.search.word_index import fact, put_words, remove_words

_CHANGED = "search entries to write"
_BATCH = 200
_CARD = ("intended_use", "limits", "origin", "category", "name")


def keep_index(sessions: sessionmaker[Session]) -> None:
    """Index from now on what is changed through these sessions, and what was changed before."""
    event.listen(sessions, "after_flush", _collect)
    event.listen(sessions, "before_commit", _write)
    while _index_missing(sessions):
        pass


def _collect(session: Session, _: Any) -> None:
    changed = session.info.setdefault(_CHANGED, set())
    for row in (*session.new, *session.dirty, *session.deleted):
        changed.update(_entries_of(row))


def _entries_of(row: object) -> Iterator[tuple[str, int]]:
    """Yield which entries a row has a part in."""
    if isinstance(row, SharedItem):
        yield "item", row.id
    elif isinstance(row, ItemTag | DocumentRevision | Version):
        yield "item", row.item_id
    elif isinstance(row, DiscussionThread):
        yield "thread", row.id
    elif isinstance(row, ThreadTag):
        yield "thread", row.thread_id
    elif isinstance(row, ThreadPost):
        yield "post", row.id


def _write(session: Session) -> None:
    session.flush()
    for kind, number in sorted(session.info.pop(_CHANGED, ())):
        {"item": _index_item, "thread": _index_thread, "post": _index_post}[kind](session, number)
    session.flush()


def _index_item(session: Session, number: int) -> None:
    item = session.get(SharedItem, number)
    key = f"item-{number}"
    if item is None or item.deleted_at is not None:
        _remove(session, select(SearchEntry).where(SearchEntry.key == key))
        return
    session.refresh(item)
    version = newest_version(session, item)
    names = [column["name"] for column in version.columns] if version else []
    texts = [
        item.description,
        newest_text(session, item),
        *(getattr(item, name) for name in _CARD),
        " ".join(names),
    ]
    _put(
        session,
        key,
        item.changed_at,
        SearchText(title=item.title, text="\n".join(filter(None, texts))),
        [tag.tag for tag in item.tags],
        kind=item.kind,
        item_id=item.id,
        team=item.team,
        owner=item.owner,
    )


def _index_thread(session: Session, number: int) -> None:
    """Index the first post of a thread, which carries its title and tags."""
    thread = session.get(DiscussionThread, number)
    if thread is None or thread.deleted_at is not None:
        _remove(session, select(SearchEntry).where(SearchEntry.thread_id == number))
        return
    query = select(ThreadPost.id).where(ThreadPost.thread_id == number, ThreadPost.number == 1)
    for first in session.scalars(query).all():
        _index_post(session, first)


def _index_post(session: Session, number: int) -> None:
    post = session.get(ThreadPost, number, populate_existing=True)
    key = f"post-{number}"
    if post is None or post.deleted_at is not None:
        _remove(session, select(SearchEntry).where(SearchEntry.key == key))
        return
    thread = post.thread
    first = post.number == 1
    _put(
        session,
        key,
        post.changed_at,
        SearchText(title=thread.title if first else "", text=post.text),
        [tag.tag for tag in thread.tags] if first else [],
        kind=thread.kind,
        item_id=thread.item_id,
        thread_id=thread.id,
        post_id=post.id,
        team=_team_of(thread),
        owner=post.made_by,
    )


def _team_of(thread: DiscussionThread) -> str | None:
    if thread.item is not None:
        return thread.item.team
    return thread.audience_name if thread.audience == Subject.TEAM else None


def _put(
    session: Session, key: str, moment: datetime, shown: SearchText, tags: list[str], **columns: Any
) -> None:
    """Write the entry of a key. It gets another id where it was changed at another moment."""
    query = select(SearchEntry).where(SearchEntry.key == key)
    entry = session.scalars(query).first()
    if entry is None or entry.changed_at != moment:
        _remove(session, query)
        entry = SearchEntry(id=free_id(session, moment), key=key, changed_at=moment, shown=shown)
    for name, value in columns.items():
        setattr(entry, name, value)
    entry.shown.title = shown.title
    entry.shown.text = shown.text
    entry.tags = _kept(entry, tags)
    session.add(entry)
    session.flush()
    put_words(session, entry.id, shown.title, tags, shown.text, _facts(entry, tags))


def _facts(entry: SearchEntry, tags: list[str]) -> list[str]:
    told = [("kind", entry.kind), ("owner", entry.owner), *(("tag", tag) for tag in tags)]
    if entry.team is not None:
        told.append(("team", entry.team))
    return [fact(name, value) for name, value in told]


def _kept(entry: SearchEntry, tags: list[str]) -> list[SearchTag]:
    known = {tag.tag: tag for tag in entry.tags}
    return [known.get(tag) or SearchTag(tag=tag) for tag in tags]


def _remove(session: Session, query: Any) -> None:
    for entry in session.scalars(query).all():
        remove_words(session, entry.id)
        session.delete(entry)
    session.flush()


def _index_missing(sessions: sessionmaker[Session]) -> bool:
    """Index some items and posts that have no entry; return whether there may be more.

    In PostgreSQL, another hub may begin or somebody edit meanwhile: whoever comes second waits, and
    finds the entry of the first.
    """
    items = select(SharedItem.id).where(
        SharedItem.deleted_at.is_(None),
        SharedItem.id.not_in(select(SearchEntry.item_id).where(SearchEntry.key.like("item-%"))),
    )
    known = select(SearchEntry.post_id).where(SearchEntry.post_id.is_not(None))
    posts = (
        select(ThreadPost.id)
        .join(ThreadPost.thread)
        .where(ThreadPost.deleted_at.is_(None), ThreadPost.id.not_in(known))
    )
    with sessions.begin() as session:
        found = [
            *(("item", number) for number in session.scalars(_locked(items, SharedItem))),
            *(("post", number) for number in session.scalars(_locked(posts, ThreadPost))),
        ]
        session.info[_CHANGED] = set(found)
    return bool(found)


def _locked(query: Any, table: Any) -> Any:
    """Return a query for some rows that are locked as those who change them lock them."""
    of = [table] if table is SharedItem else [table, DiscussionThread]
    return query.order_by(table.id).limit(_BATCH).with_for_update(of=of, key_share=True)
