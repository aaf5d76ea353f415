"""Keep the search index up to date: index what a transaction changes in the same transaction."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, event, func, inspect, select
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.catalogue.tables import ItemTag, SharedItem, Version
from lepton_hub.catalogue.versions import newest_version
from lepton_hub.knowledge.documents import newest_text
from lepton_hub.knowledge.knowledge_tables import (
    Attachment,
    DiscussionThread,
    DocumentRevision,
    ThreadPost,
    ThreadTag,
)
from lepton_hub.permissions import Grant, Subject
from lepton_hub.search.audiences import needed, readers_of_item, readers_of_thread
from lepton_hub.search.entry_ids import free_id
from lepton_hub.search.search_tables import SearchEntry, SearchTag, SearchText
from lepton_hub.search.word_forms import words_of
from lepton_hub.search.word_index import word_index
from lepton_hub.search.word_query import EntryWords, fact

_CHANGED = "search entries to write"
_WORDS = "words of search entries to write"
_BATCH = 200
_TOLD_EVERY = 10 * _BATCH
_CARD = ("intended_use", "limits", "origin", "category", "name")
_MOST_NOTES = 100
_MOST_WRITTEN = 500_000
"""Maximum number of words indexed for a text, over all its audiences: of a long text with many, the
last words are not found. Otherwise SQLite would write for a minute while all others wait."""


def keep_index(sessions: sessionmaker[Session]) -> None:
    """From now on index what these sessions change, after indexing whatever is missing."""
    event.listen(sessions, "after_flush", _collect)
    event.listen(sessions, "before_commit", _write)
    _index_missing(sessions, "item", _missing_items, SharedItem)
    _index_missing(sessions, "post", _missing_posts, ThreadPost)


def _collect(session: Session, _: Any) -> None:
    changed = session.info.setdefault(_CHANGED, set())
    for row in (*session.new, *session.dirty, *session.deleted):
        changed.update(_entries_of(row))
    for row in session.dirty:
        changed.update(_readers_changed(row))


def _entries_of(row: object) -> Iterator[tuple[str, int]]:
    """Yield the entries that a row contributes to."""
    if isinstance(row, SharedItem):
        yield "item", row.id
    elif isinstance(row, ItemTag | DocumentRevision | Version | Attachment):
        yield "item", row.item_id
    elif isinstance(row, Grant):
        yield "readers of item", row.item_id
    elif isinstance(row, DiscussionThread):
        yield "thread", row.id
    elif isinstance(row, ThreadTag):
        yield "thread", row.thread_id
    elif isinstance(row, ThreadPost):
        yield "post", row.id


def _readers_changed(row: object) -> Iterator[tuple[str, int]]:
    """Yield the items and threads whose readers have changed."""
    if isinstance(row, SharedItem) and _has_changed(row, "owner", "team"):
        yield "readers of item", row.id
    audience = ("item_id", "audience", "audience_name", "made_by")
    if isinstance(row, DiscussionThread) and _has_changed(row, *audience):
        yield "readers of thread", row.id


def _has_changed(row: object, *names: str) -> bool:
    return any(inspect(row).attrs[name].history.has_changes() for name in names)


def _write(session: Session) -> None:
    session.flush()
    changed = sorted(session.info.pop(_CHANGED, ()))
    session.info[_WORDS] = {}
    index = {"item": _index_item, "thread": _index_thread, "post": _index_post}
    readers = {"readers of item": _readdress_item, "readers of thread": _readdress_thread}
    for kind, number in changed:
        if kind in index:
            index[kind](session, number)
    for kind, number in changed:
        if kind in readers:
            readers[kind](session, number)
    session.flush()
    word_index(session).put(session.info.pop(_WORDS))


def _index_item(session: Session, number: int) -> None:
    item = session.get(SharedItem, number)
    key = f"item-{number}"
    if item is None or item.deleted_at is not None:
        _remove(session, select(SearchEntry).where(SearchEntry.key == key))
        return
    session.refresh(item)
    texts = [
        item.description,
        newest_text(session, item),
        *(getattr(item, name) for name in _CARD),
        *_texts_of_versions(session, item),
        *session.scalars(_paths_of_attachments(item)),
    ]
    _put(
        session,
        key,
        item.changed_at,
        SearchText(title=item.title, text="\n".join(filter(None, texts))),
        [tag.tag for tag in item.tags],
        readers_of_item(session, item),
        kind=item.kind,
        item_id=item.id,
        team=item.team,
        owner=item.owner,
    )


def _texts_of_versions(session: Session, item: SharedItem) -> Iterator[str]:
    """Yield the newest version's column and file texts, and the latest notes."""
    newest = newest_version(session, item)
    if newest is None:
        return
    yield " ".join(column["name"] for column in newest.columns)
    yield from (file.path for file in newest.files)
    notes = select(Version.note).where(Version.item_id == item.id, Version.note != "")
    yield from session.scalars(notes.order_by(Version.number.desc()).limit(_MOST_NOTES))


def _paths_of_attachments(item: SharedItem) -> Select[tuple[str]]:
    query = select(Attachment.path).where(Attachment.item_id == item.id)
    return query.order_by(Attachment.path)


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
        readers_of_thread(session, thread),
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


def _readdress_item(session: Session, number: int) -> None:
    """Update the audiences of an item's entry and of its posts' entries.

    In PostgreSQL, a concurrent post has locked its thread: either its entry is seen here, or it is
    written after the new readers are known.
    """
    item = session.get(SharedItem, number)
    if item is None or item.deleted_at is not None:
        return
    threads = select(DiscussionThread.id).where(DiscussionThread.item_id == number)
    session.execute(threads.order_by(DiscussionThread.id).with_for_update(read=True)).all()
    of_item = SearchEntry.item_id == number
    of_other_team = SearchEntry.team.is_distinct_from(item.team)
    posts = select(SearchEntry.post_id).where(of_item, SearchEntry.post_id.is_not(None))
    for post in session.scalars(posts.where(of_other_team)).all():
        _index_post(session, post)
    _readdress(session, select(SearchEntry.id).where(of_item), readers_of_item(session, item))


def _readdress_thread(session: Session, number: int) -> None:
    """Update the audiences of a thread's entries."""
    thread = session.get(DiscussionThread, number)
    if thread is None or thread.deleted_at is not None:
        return
    posts = select(ThreadPost.id).where(
        ThreadPost.thread_id == number, ThreadPost.deleted_at.is_(None)
    )
    for post in session.scalars(posts.order_by(ThreadPost.id)).all():
        _index_post(session, post)


def _readdress(session: Session, query: Select[tuple[int]], readers: list[str]) -> None:
    ids = session.scalars(query.order_by(SearchEntry.id)).all()
    for start in range(0, len(ids), _BATCH):
        word_index(session).readdress(ids[start : start + _BATCH], readers)


def _put(
    session: Session,
    key: str,
    moment: datetime,
    shown: SearchText,
    tags: list[str],
    readers: list[str],
    **columns: Any,
) -> None:
    """Write the entry of a key. It gets a new id if its time of change differs."""
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
    most = _MOST_WRITTEN // len(needed(readers))
    session.info[_WORDS][entry.id] = EntryWords(
        title=words_of(shown.title),
        tags=words_of(" ".join(tags)),
        body=words_of(shown.text)[:most],
        facts=_facts(entry, tags),
        readers=readers,
    )


def _facts(entry: SearchEntry, tags: list[str]) -> list[str]:
    told = [("kind", entry.kind), ("owner", entry.owner), *(("tag", tag) for tag in tags)]
    if entry.team is not None:
        told.append(("team", entry.team))
    return [fact(name, value) for name, value in told]


def _kept(entry: SearchEntry, tags: list[str]) -> list[SearchTag]:
    known = {tag.tag: tag for tag in entry.tags}
    return [known.get(tag) or SearchTag(tag=tag) for tag in tags]


def _remove(session: Session, query: Select[tuple[SearchEntry]]) -> None:
    entries = session.scalars(query).all()
    word_index(session).remove([entry.id for entry in entries])
    for entry in entries:
        session.info[_WORDS].pop(entry.id, None)
        session.delete(entry)
    session.flush()


# ── What was changed before ───────────────────────────────────────────────────────────────────
def _index_missing(
    sessions: sessionmaker[Session],
    kind: str,
    missing: Callable[[], Select[tuple[int]]],
    table: type[SharedItem] | type[ThreadPost],
) -> None:
    """Index all items or posts without an entry, in batches, one per transaction.

    In PostgreSQL, another hub or an edit may run concurrently: the second waits, and finds the
    first's entry.
    """
    # In the same lock order as changes to the rows.
    locked = [table] if table is SharedItem else [table, DiscussionThread]
    done, last, left = 0, 0, None
    while True:
        with sessions.begin() as session:
            if left is None:
                left = session.scalar(select(func.count()).select_from(missing().subquery())) or 0
            query = missing().where(table.id > last).order_by(table.id).limit(_BATCH)
            ids = session.scalars(query.with_for_update(of=locked, key_share=True)).all()
            session.info[_CHANGED] = {(kind, number) for number in ids}
        if not ids:
            return
        done, last = done + len(ids), ids[-1]
        if done % _TOLD_EVERY == 0:
            told = f"Building the search index: {done:,} of {left:,} {kind}s."
            print(told, file=sys.stderr, flush=True)


def _missing_items() -> Select[tuple[int]]:
    known = select(SearchEntry.id).where(
        SearchEntry.item_id == SharedItem.id, SearchEntry.post_id.is_(None)
    )
    return select(SharedItem.id).where(SharedItem.deleted_at.is_(None), ~known.exists())


def _missing_posts() -> Select[tuple[int]]:
    known = select(SearchEntry.id).where(SearchEntry.post_id == ThreadPost.id)
    posts = select(ThreadPost.id).join(ThreadPost.thread)
    return posts.where(ThreadPost.deleted_at.is_(None), ~known.exists())
