"""Replay the audit log: what the tables must say, if each change has its entry and none is half."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from column_lengths import too_long
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from lepton_hub.audit import Entry, entries
from lepton_hub.catalogue.dependents import CONTENT_COLUMNS
from lepton_hub.catalogue.tables import PendingUpload, SharedItem, UnneededContent, Version
from lepton_hub.jobs.job_tables import ComputeJob, JobAttempt
from lepton_hub.jobs.job_types import ENDED, JobState
from lepton_hub.knowledge import (
    Attachment,
    DiscussionThread,
    DocumentRevision,
    PostWording,
    Subscription,
    ThreadPost,
)
from lepton_hub.search import SearchEntry, SearchText
from lepton_hub.storage import BlobStore


@dataclass
class LoggedState:
    """What the log tells of what there is now.

    cards, revisions, versions, attachments: by the item's name. posts: how often each was worded,
    by thread and id; those that opened a thread have no entry of their own. asked, ended: jobs.
    """

    cards: dict[str, int] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    versions: dict[tuple[str, int], str] = field(default_factory=dict)
    attachments: dict[tuple[str, str], str] = field(default_factory=dict)
    threads: dict[str, str | None] = field(default_factory=dict)
    posts: dict[tuple[str, str], int] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    followed: set[tuple[str, str]] = field(default_factory=set)
    uploads: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    erased: Counter[str] = field(default_factory=Counter)

    def hear(self, entry: Entry) -> None:
        """Take one more entry into account."""
        method = f"_{entry.action.replace('.', '_')}"
        getattr(self, method, lambda *_: None)(entry, entry.subject, entry.detail)

    def _item_make(self, _: Entry, item: str, __: Any) -> None:
        self.cards[item] = 1

    def _document_make(self, _: Entry, item: str, __: Any) -> None:
        self.cards[item] = self.revisions[item] = 1

    def _card_change(self, _: Entry, item: str, __: Any) -> None:
        self.cards[item] += 1

    def _document_change(self, _: Entry, item: str, detail: Any) -> None:
        assert detail["revision"] == self.revisions[item] + 1
        self.revisions[item] += 1

    def _version_add(self, _: Entry, version: str, detail: Any) -> None:
        item, _, number = version.partition("@")
        self.versions[item, int(number)] = detail["digest"]

    def _attachment_add(self, _: Entry, item: str, detail: Any) -> None:
        self.attachments[item, detail["name"]] = detail["sha256"]

    def _attachment_delete(self, _: Entry, item: str, detail: Any) -> None:
        del self.attachments[item, detail["name"]]

    def _item_delete(self, _: Entry, item: str, __: Any) -> None:
        del self.cards[item]
        self.revisions.pop(item, None)
        for kept in (self.versions, self.attachments):
            for key in [key for key in kept if key[0] == item]:
                del kept[key]
        for thread in [thread for thread, about in self.about.items() if about == item]:
            self._forget_thread(thread)

    def _thread_make(self, _: Entry, thread: str, detail: Any) -> None:
        self.threads[thread] = None
        self.about[thread] = detail["about"]

    def _thread_accept(self, _: Entry, thread: str, detail: Any) -> None:
        self.threads[thread] = detail["post"]

    def _post_add(self, _: Entry, thread: str, detail: Any) -> None:
        self.posts[thread, detail["post"]] = 1

    def _post_change(self, _: Entry, thread: str, detail: Any) -> None:
        self.posts[thread, detail["post"]] = detail["revision"]

    def _post_delete(self, _: Entry, thread: str, detail: Any) -> None:
        if detail["number"] == 1:
            self._forget_thread(thread)
            return
        del self.posts[thread, detail["post"]]
        if self.threads[thread] == detail["post"]:
            self.threads[thread] = None

    def _forget_thread(self, thread: str) -> None:
        self.threads.pop(thread)
        self.about.pop(thread)
        for key in [key for key in self.posts if key[0] == thread]:
            del self.posts[key]

    def _subscription_make(self, entry: Entry, target: str, _: Any) -> None:
        self.followed.add((str(entry.actor), target))

    def _subscription_end(self, entry: Entry, target: str, _: Any) -> None:
        self.followed.remove((str(entry.actor), target))

    def _upload_begin(self, _: Entry, upload: str, __: Any) -> None:
        self.uploads.add(upload)

    def _upload_cancel(self, _: Entry, upload: str, __: Any) -> None:
        self.uploads.remove(upload)

    def _job_ask(self, _: Entry, job: str, __: Any) -> None:
        self.asked.add(job)

    def _job_end(self, _: Entry, job: str, detail: Any) -> None:
        self.ended[job, detail["state"]] += 1

    def _content_erase(self, _: Entry, sha256: str, __: Any) -> None:
        self.erased[sha256] += 1


def told_by_log(session: Session) -> LoggedState:
    """Return what the whole log tells."""
    told = LoggedState()
    for entry in reversed(entries(session, limit=10**7)):
        told.hear(entry)
    return told


def contradictions(session: Session, store: BlobStore, shared: Iterable[str]) -> list[str]:
    """Return where tables, index and contents say something else than the log.

    shared: SHA-256 of contents that were acknowledged: each is there, or was erased by an entry, or
    is still to be erased, which the next start ends.
    """
    told = told_by_log(session)
    found = too_long(session.connection())

    def compare(what: str, said: object, there: object) -> None:
        if said != there:
            found.append(f"{what}: the log says {said}, the tables {there}")

    items = session.scalars(select(SharedItem).where(SharedItem.deleted_at.is_(None))).all()
    names = {item.id: item.reference for item in items}
    compare("cards", told.cards, {item.reference: item.card_revision for item in items})
    revisions: dict[str, list[int]] = {}
    for item_id, number in _rows(session, DocumentRevision.item_id, DocumentRevision.number):
        revisions.setdefault(names.get(item_id, "a deleted item"), []).append(number)
    said = {name: list(range(1, last + 1)) for name, last in told.revisions.items()}
    compare("revisions", said, {name: sorted(numbers) for name, numbers in revisions.items()})
    versions = session.scalars(select(Version)).all()
    there = {(names.get(one.item_id, ""), one.number): one.digest for one in versions}
    compare("versions", told.versions, there)
    found += [f"no files: {one.item_id}@{one.number}" for one in versions if not one.files]
    columns = (Attachment.item_id, Attachment.path, Attachment.sha256)
    attached = {(names.get(id_, ""), path): sha for id_, path, sha in _rows(session, *columns)}
    compare("attachments", told.attachments, attached)
    followed = _rows(session, Subscription.person, Subscription.kind, Subscription.target)
    compare("followed", told.followed, {(who, f"{kind}:{what}") for who, kind, what in followed})
    pending = {id_ for (id_,) in _rows(session, PendingUpload.id)}
    compare("uploads that nobody began, or that were cancelled", set(), pending - told.uploads)
    _compare_threads(session, told, compare)
    _compare_jobs(session, told, compare)
    _compare_index(session, {item.id for item in items}, compare)
    stored = {blob.sha256 for blob in store.blobs()}
    needed = {sha for column in CONTENT_COLUMNS for (sha,) in _rows(session, column)}
    compare("contents that are needed and lost", set(), needed - stored)
    to_erase = set(session.scalars(select(UnneededContent.sha256)))
    lost = {sha for sha in shared if sha not in stored and not told.erased[sha]} - to_erase
    compare("contents that were erased without an entry", set(), lost)
    return found


def _compare_threads(session: Session, told: LoggedState, compare: Any) -> None:
    live = select(DiscussionThread).where(DiscussionThread.deleted_at.is_(None))
    threads = session.scalars(live).all()
    ids = {thread.id: f"thread {thread.public_id}" for thread in threads}
    compare("threads", told.threads, {ids[one.id]: one.accepted_id for one in threads})
    posts = session.scalars(select(ThreadPost).where(ThreadPost.deleted_at.is_(None))).all()
    first = {ids.get(post.thread_id, "") for post in posts if post.number == 1}
    compare("threads with a first post", set(told.threads), first)
    there = {(ids.get(p.thread_id, ""), p.public_id): p.revision for p in posts}
    opening = {(ids.get(p.thread_id, ""), p.public_id) for p in posts if p.number == 1}
    said = {**dict.fromkeys(opening, 1), **told.posts}
    compare("posts", said, there)
    kept = Counter(id_ for (id_,) in _rows(session, PostWording.post_id))
    worded = {post.id: post.revision - 1 for post in posts if post.revision > 1}
    compare("earlier wordings", worded, dict(kept))


def _compare_jobs(session: Session, told: LoggedState, compare: Any) -> None:
    jobs = session.scalars(select(ComputeJob)).all()
    compare("jobs", told.asked, {job.public_id for job in jobs})
    ended = {(job.public_id, str(job.state)): 1 for job in jobs if job.state in ENDED}
    compare("ends of jobs", dict(told.ended), ended)
    ends = Counter(_rows(session, JobAttempt.job_id, JobAttempt.ended_how))
    succeeded = {job.id: 1 for job in jobs if job.state == JobState.SUCCEEDED}
    there = {id_: count for (id_, how), count in ends.items() if how == JobState.SUCCEEDED}
    compare("attempts that succeeded", there, succeeded)
    versions = Counter(with_ for (with_,) in _rows(session, Version.made_with) if with_)
    made = {f"job {job.public_id}": 1 for job in jobs if job.result_version is not None}
    compare("versions made by jobs", made, dict(versions))


def _compare_index(session: Session, items: set[int], compare: Any) -> None:
    posts = select(ThreadPost.id).where(ThreadPost.deleted_at.is_(None))
    keys = {f"item-{id_}" for id_ in items} | {f"post-{id_}" for id_ in session.scalars(posts)}
    compare("search entries", keys, {key for (key,) in _rows(session, SearchEntry.key)})
    newest = select(DocumentRevision.item_id, func.max(DocumentRevision.number)).group_by(
        DocumentRevision.item_id
    )
    texts = {
        (item, number): text_
        for item, number, text_ in _rows(
            session, DocumentRevision.item_id, DocumentRevision.number, DocumentRevision.text
        )
    }
    shown = select(SearchEntry.item_id, SearchText.text).join(SearchEntry.shown)
    known = session.execute(shown.where(SearchEntry.key.like("item-%")))
    indexed = dict(known.tuples().all())
    stale = {i for i, n in session.execute(newest) if texts[i, n] not in indexed.get(i, "")}
    compare("documents that search knows as they were", set(), stale)
    number = "entry_id" if session.get_bind().dialect.name == "postgresql" else "rowid"
    words = set(session.scalars(text(f"SELECT {number} FROM search_words")))
    compare("entries with words", {id_ for (id_,) in _rows(session, SearchEntry.id)}, words)


def _rows(session: Session, *columns: Any) -> list[Any]:
    return [tuple(row) for row in session.execute(select(*columns))]
