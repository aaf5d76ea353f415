"""Response schemas of the knowledge base and of search."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.knowledge import Attachment, DiscussionThread, DocumentRevision, ThreadPost
from lepton_hub.knowledge.atom_feed import path_of
from lepton_hub.knowledge.digest import NewsEntry
from lepton_hub.search import SearchHit
from lepton_hub.search.highlights import excerpt, marked


class RevisionSummary(BaseModel):
    """A revision in a list."""

    number: int
    note: str
    made_by: str
    made_at: datetime


class RevisionAnswer(RevisionSummary):
    """A revision with its text."""

    text: str


class RevisionPage(BaseModel):
    """A page of revisions, the newest first."""

    revisions: list[RevisionSummary]
    total: int
    next: str | None


class DocumentAnswer(BaseModel):
    """A document with its newest text; the item has its card and your permitted actions."""

    id: str
    reference: str
    title: str
    owner: str
    tags: list[str]
    revision: RevisionAnswer


class DifferenceAnswer(BaseModel):
    """What changed between two revisions: a unified difference."""

    before: int
    after: int
    difference: str


class AttachmentAnswer(BaseModel):
    """A file beside a document. A text refers to it as attachment:NAME."""

    name: str
    sha256: str
    size: int
    media_type: str
    attached_by: str
    attached_at: datetime


class AttachmentList(BaseModel):
    """A document's attachments by name."""

    attachments: list[AttachmentAnswer]


class ThreadAnswer(BaseModel):
    """A discussion or a question. item, section: what it is about.

    accepted: the post that answers the question.
    """

    id: str
    kind: str
    title: str
    item: str | None
    section: str | None
    audience: str | None
    tags: list[str]
    made_by: str
    made_at: datetime
    changed_at: datetime
    accepted: str | None


class ThreadPage(BaseModel):
    """A page of threads, most recently active first."""

    threads: list[ThreadAnswer]
    total: int
    next: str | None


class PostAnswer(BaseModel):
    """A post. revision: the number of its current wording, from 1."""

    id: str
    thread: str
    number: int
    text: str
    revision: int
    made_by: str
    made_at: datetime
    changed_at: datetime


class PostPage(BaseModel):
    """A page of posts, oldest first."""

    posts: list[PostAnswer]
    total: int
    next: str | None


class StartedThread(ThreadAnswer):
    """A newly started thread with its first post."""

    first: PostAnswer


class SubscriptionAnswer(BaseModel):
    """What you follow."""

    kind: str
    target: str
    made_at: datetime


class SubscriptionList(BaseModel):
    """All that you follow. mail: how often the digest comes by e-mail."""

    subscriptions: list[SubscriptionAnswer]
    mail: Literal["day", "week", "never"]


class NewsAnswer(BaseModel):
    """Something new. path: where it is in this API."""

    what: str
    who: str
    at: datetime
    title: str
    summary: str
    path: str


class DigestPage(BaseModel):
    """A page of what is new in what you follow, the latest first."""

    news: list[NewsAnswer]
    next: str | None


class HitAnswer(BaseModel):
    """A search hit. title, excerpt: safe HTML with the matched words in <mark>.

    reference: the item, or what a post is about. thread, post: for what was said.
    """

    kind: str
    reference: str
    thread: str | None
    post: str | None
    title: str
    excerpt: str
    owner: str
    team: str | None
    tags: list[str]
    changed_at: datetime


class SearchPage(BaseModel):
    """A page of hits, best first. facets: the number of hits by kind, tag, team and owner.

    complete: whether total and facets count all hits. If false, they are lower bounds that count
    only the 1,000 most recently changed.
    """

    hits: list[HitAnswer]
    total: int
    facets: dict[str, dict[str, int]]
    complete: bool
    next: str | None


def revision_summary(revision: DocumentRevision) -> RevisionSummary:
    """Return a revision without its text."""
    names = RevisionSummary.model_fields
    return RevisionSummary(**{name: getattr(revision, name) for name in names})


def document_answer(item: SharedItem, revision: DocumentRevision) -> DocumentAnswer:
    """Return a document."""
    names = RevisionAnswer.model_fields
    return DocumentAnswer(
        id=item.public_id,
        reference=item.reference,
        title=item.title,
        owner=item.owner,
        tags=[tag.tag for tag in item.tags],
        revision=RevisionAnswer(**{name: getattr(revision, name) for name in names}),
    )


def attachment_answer(attachment: Attachment) -> AttachmentAnswer:
    """Return an attachment."""
    names = ("sha256", "size", "media_type", "attached_by", "attached_at")
    return AttachmentAnswer(
        name=attachment.path, **{name: getattr(attachment, name) for name in names}
    )


def thread_answer(thread: DiscussionThread) -> ThreadAnswer:
    """Return a thread."""
    names = ("kind", "title", "section", "made_by", "made_at", "changed_at")
    audience = ":".join(filter(None, (thread.audience, thread.audience_name)))
    return ThreadAnswer(
        **{name: getattr(thread, name) for name in names},
        id=thread.public_id,
        item=thread.item.reference if thread.item else None,
        audience=audience or None,
        tags=[tag.tag for tag in thread.tags],
        accepted=thread.accepted_id,
    )


def post_answer(post: ThreadPost, thread: DiscussionThread) -> PostAnswer:
    """Return a post."""
    names = ("number", "text", "revision", "made_by", "made_at", "changed_at")
    return PostAnswer(
        **{name: getattr(post, name) for name in names},
        id=post.public_id,
        thread=thread.public_id,
    )


def news_answer(one: NewsEntry) -> NewsAnswer:
    """Return an entry of the digest."""
    return NewsAnswer(
        what=one.what,
        who=one.who,
        at=one.at,
        title=one.title,
        summary=one.sentence,
        path=path_of(one),
    )


def hit_answer(hit: SearchHit, words: list[str]) -> HitAnswer:
    """Return a search hit with the matched words marked."""
    entry = hit.entry
    about = hit.item.reference if hit.item else hit.thread.section if hit.thread else None
    title = hit.thread.title if hit.thread else entry.shown.title
    return HitAnswer(
        kind=entry.kind,
        reference=about or "",
        thread=hit.thread.public_id if hit.thread else None,
        post=hit.post.public_id if hit.post else None,
        title=marked(title, words),
        excerpt=excerpt(entry.shown.text, words),
        owner=entry.owner,
        team=entry.team,
        tags=[tag.tag for tag in entry.tags],
        changed_at=entry.changed_at,
    )
