"""Threads: discussions and questions about items and sections of the course, by visibility.

A thread about an item is visible to those who may see the item; one about a section to its
audience, its author and administrators.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from lepton_hub.catalogue.dependents import forget_erased
from lepton_hub.catalogue.items import (
    NotAllowed,
    NotVisible,
    existing,
    existing_ids,
    find_item,
    lock_item,
)
from lepton_hub.catalogue.names import parse_reference
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.document_fields import NewThread
from lepton_hub.knowledge.knowledge_tables import (
    DiscussionThread,
    PostWording,
    ThreadPost,
    ThreadTag,
)
from lepton_hub.permissions import Subject
from lepton_hub.permissions.grants import roles_of
from lepton_hub.permissions.roles import Action, allows

MOST_POSTS = 5000


class AudienceClosed(Exception):
    """Somebody addressed a team or an organisation they do not belong to."""


class ThreadFull(Exception):
    """The thread has the maximum number of posts."""


class NoQuestion(Exception):
    """Only a question can have an accepted answer, and only another post can be it."""


def visible_threads(person: Person) -> Select[tuple[DiscussionThread]]:
    """Return the query for the threads a person may see, for looking up one or a few.

    For lists, use `every_visible_thread`.
    """
    thread = DiscussionThread
    item = existing(person).where(SharedItem.id == thread.item_id)
    about_section = and_(thread.item_id.is_(None), in_audience(person))
    return select(thread).where(thread.deleted_at.is_(None), or_(item.exists(), about_section))


def every_visible_thread(person: Person) -> Select[tuple[DiscussionThread]]:
    """Return the query for the threads a person may see, for listing, counting or joining.

    It starts from what they may see, as `every_existing` does.
    """
    thread = DiscussionThread
    there = select(thread).where(thread.deleted_at.is_(None))
    if person.admin:
        return there
    about_section = select(thread.id).where(thread.item_id.is_(None))
    return there.where(
        thread.id.in_(
            union_all(
                select(thread.id).where(thread.item_id.in_(existing_ids(person))),
                *(about_section.where(one) for one in audiences_of(person)),
            )
        )
    )


def begin_thread(session: Session, person: Person, told: NewThread) -> DiscussionThread:
    """Start a thread with its first post. Raises NotVisible, AudienceClosed."""
    thread = DiscussionThread(
        kind=told.kind, title=told.title, made_by=person.name, section=told.section
    )
    if told.item is not None:
        reference = parse_reference(told.item)
        item = find_item(session, person, reference.space, reference.name, Action.VIEW)
        lock_item(session, item)
        thread.item_id = item.id
    else:
        thread.audience, thread.audience_name = _audience(person, str(told.audience))
    thread.tags = [ThreadTag(tag=tag) for tag in sorted(set(told.tags))]
    session.add(thread)
    session.flush()
    add_post(session, person, thread, told.text)
    return thread


def find_thread(session: Session, person: Person, public_id: str) -> DiscussionThread:
    """Return a thread. Raises NotVisible."""
    query = visible_threads(person).where(DiscussionThread.public_id == public_id)
    found = session.scalars(query).first()
    if found is None:
        raise NotVisible
    return found


def may_moderate(session: Session, person: Person, thread: DiscussionThread) -> bool:
    """Return whether a person may delete others' posts: the item's managers and administrators."""
    if thread.item is None:
        return person.admin
    return allows(roles_of(session, person, thread.item), Action.SHARE)


def add_post(session: Session, person: Person, thread: DiscussionThread, text: str) -> ThreadPost:
    """Add a post to a thread. Raises ThreadFull, NotVisible."""
    locked = _locked(session, thread)
    if locked.posts_ever >= MOST_POSTS:
        raise ThreadFull
    locked.posts_ever += 1
    locked.changed_at = now()
    post = ThreadPost(thread_id=thread.id, number=locked.posts_ever, text=text, made_by=person.name)
    session.add(post)
    session.flush()
    return post


def list_posts(
    session: Session, thread: DiscussionThread, limit: int, after: int | None
) -> tuple[Sequence[ThreadPost], int]:
    """Return a page of a thread's posts, oldest first, and the total.

    after: the number of the last post on the previous page.
    """
    query = select(ThreadPost).where(
        ThreadPost.thread_id == thread.id, ThreadPost.deleted_at.is_(None)
    )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if after is not None:
        query = query.where(ThreadPost.number > after)
    return session.scalars(query.order_by(ThreadPost.number).limit(limit)).all(), total


def find_post(session: Session, person: Person, public_id: str) -> ThreadPost:
    """Return a post. Raises NotVisible."""
    thread = visible_threads(person).where(DiscussionThread.id == ThreadPost.thread_id)
    query = select(ThreadPost).where(
        ThreadPost.public_id == public_id, ThreadPost.deleted_at.is_(None), thread.exists()
    )
    found = session.scalars(query).first()
    if found is None:
        raise NotVisible
    return found


def own_post(session: Session, person: Person, public_id: str) -> ThreadPost:
    """Return a post that a person may edit: their own. Raises NotVisible, NotAllowed."""
    post = find_post(session, person, public_id)
    if post.made_by != person.name:
        raise NotAllowed
    return post


def reword(session: Session, post: ThreadPost, text: str) -> None:
    """Edit a post; the previous wording is kept.

    Raises NotVisible if it was deleted meanwhile.
    """
    _locked(session, post.thread)
    _check_there(session, post)
    session.add(
        PostWording(
            post_id=post.id, revision=post.revision, text=post.text, written_at=post.changed_at
        )
    )
    post.text = text
    post.revision += 1
    post.changed_at = now()
    session.flush()


def delete_post(session: Session, person: Person, post: ThreadPost) -> None:
    """Delete a post with all its wordings; deleting a thread's first post deletes the thread.

    Raises NotAllowed, NotVisible.
    """
    thread = post.thread
    if post.made_by != person.name and not may_moderate(session, person, thread):
        raise NotAllowed
    _locked(session, thread)
    _check_there(session, post)
    if post.number == 1:
        erase_threads(session, [thread])
        return
    session.execute(delete(PostWording).where(PostWording.post_id == post.id))
    post.text = ""
    post.deleted_at = now()
    if thread.accepted_id == post.public_id:
        thread.accepted_id = None
    thread.changed_at = now()
    session.flush()
    forget_erased(session, post.public_id)


def accept(session: Session, person: Person, thread: DiscussionThread, post: str | None) -> None:
    """Accept one post as a question's answer; None withdraws acceptance.

    For the person who asked, and moderators. Raises NotAllowed, NotVisible, NoQuestion.
    """
    if thread.made_by != person.name and not may_moderate(session, person, thread):
        raise NotAllowed
    if thread.kind != "question":
        raise NoQuestion
    _locked(session, thread)
    if post is not None:
        found = find_post(session, person, post)
        if found.thread_id != thread.id:
            raise NotVisible
        if found.number == 1:
            raise NoQuestion
    thread.accepted_id = post
    thread.changed_at = now()
    session.flush()


def delete_threads_about(session: Session, item: SharedItem) -> set[str]:
    """Delete the threads about an item that is being deleted."""
    query = select(DiscussionThread).where(
        DiscussionThread.item_id == item.id, DiscussionThread.deleted_at.is_(None)
    )
    erase_threads(session, session.scalars(query).all())
    return set()


def erase_threads(session: Session, threads: Sequence[DiscussionThread]) -> None:
    """Delete threads with all their posts; no-op for those already deleted."""
    for thread in threads:
        try:
            _locked(session, thread)
        except NotVisible:
            continue
        posts = select(ThreadPost.id).where(ThreadPost.thread_id == thread.id)
        session.execute(delete(PostWording).where(PostWording.post_id.in_(posts)))
        session.execute(delete(ThreadPost).where(ThreadPost.thread_id == thread.id))
        thread.tags = []
        thread.title = ""
        thread.accepted_id = None
        thread.deleted_at = now()
    session.flush()
    forget_erased(session, *(thread.public_id for thread in threads))


def _locked(session: Session, thread: DiscussionThread) -> DiscussionThread:
    """Lock a thread to serialise its changes; return its current state.

    Raises NotVisible once it is deleted: anything added later would never be erased.
    """
    query = select(DiscussionThread).where(DiscussionThread.id == thread.id)
    query = query.with_for_update(key_share=True, of=DiscussionThread)
    locked = session.scalars(query.execution_options(populate_existing=True)).one()
    if locked.deleted_at is not None:
        raise NotVisible
    return locked


def _check_there(session: Session, post: ThreadPost) -> None:
    """Raise NotVisible if a post was deleted before its thread was locked."""
    query = select(ThreadPost.id).where(ThreadPost.id == post.id, ThreadPost.deleted_at.is_(None))
    if session.scalars(query).first() is None:
        raise NotVisible


def _audience(person: Person, told: str) -> tuple[str, str]:
    """Return the subject and name of a thread's audience. Raises AudienceClosed."""
    kind, _, name = told.partition(":")
    if kind == Subject.TEAM and name not in person.teams:
        raise AudienceClosed("you are not in this team")
    if kind == Subject.ORGANISATION:
        if person.organisation is None:
            raise AudienceClosed("you are not in an organisation")
        name = person.organisation
    return kind, name


def in_audience(person: Person) -> ColumnElement[bool]:
    """Return the condition that a person is in the audience of a thread about a section."""
    if person.admin:
        return true()
    return or_(*audiences_of(person))


def audiences_of(person: Person) -> list[ColumnElement[bool]]:
    """Return the conditions of which a section's thread must meet one for a person to see it."""
    thread = DiscussionThread
    return [
        thread.made_by == person.name,
        thread.audience == Subject.EVERYBODY,
        and_(thread.audience == Subject.TEAM, thread.audience_name.in_(sorted(person.teams))),
        and_(
            thread.audience == Subject.ORGANISATION,
            thread.audience_name == (person.organisation or ""),
        ),
    ]
