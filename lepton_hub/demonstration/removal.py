"""Remove the made-up content again; the audit log keeps that it was there."""

from __future__ import annotations

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.api.asking import note
from lepton_hub.api.knowledge.thread_routes import note_thread
from lepton_hub.audit import append
from lepton_hub.catalogue.erasure import erase_unneeded
from lepton_hub.catalogue.items import NotVisible, delete_item
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.demonstration.cast import ADA, BOSE, COLLEAGUES, CURIE
from lepton_hub.demonstration.filling import FOLLOWED, SECTION_TITLE
from lepton_hub.demonstration.made_up_texts import CATEGORY
from lepton_hub.knowledge import DiscussionThread
from lepton_hub.knowledge.discussions import erase_threads
from lepton_hub.knowledge.subscriptions import unsubscribe
from lepton_hub.needs import CountedBatch, CountedPerson
from lepton_hub.needs.own_replies import forget_respondent
from lepton_hub.recommendations.usage_keeping import forget_user
from lepton_hub.storage import BlobStore

_CAST = {person.name: person for person in (ADA, BOSE, CURIE)}


def remove_made_up(sessions: sessionmaker[Session], store: BlobStore) -> int:
    """Delete all made-up items, with what was said about them; return how many there were.

    What people have made themselves stays, also under the same names.
    """
    with sessions.begin() as session:
        for person, kind, target in FOLLOWED:
            try:
                unsubscribe(session, person, kind, target)
            except NotVisible:
                continue
            note(session, person, "subscription.end", f"{kind}:{target}")
        items = _made_up_items(session)
        for item in items:
            owner, reference = _CAST[item.owner], item.reference
            versions = delete_item(session, item, "hub")
            digests = [version.digest for version in versions]
            note(session, owner, "item.delete", reference, versions=digests)
        _remove_threads(session)
        _remove_learning(session)
        append(session, actor="hub", action="made_up.remove", subject="hub", detail={})
    erase_unneeded(sessions, store)
    return len(items)


def _made_up_items(session: Session) -> list[SharedItem]:
    query = select(SharedItem).where(
        SharedItem.category == CATEGORY,
        SharedItem.owner.in_(_CAST),
        SharedItem.deleted_at.is_(None),
    )
    return list(session.scalars(query.order_by(SharedItem.id)))


def _remove_threads(session: Session) -> None:
    query = select(DiscussionThread).where(
        DiscussionThread.made_by == CURIE.name,
        DiscussionThread.title == SECTION_TITLE,
        DiscussionThread.item_id.is_(None),
        DiscussionThread.deleted_at.is_(None),
    )
    for thread in session.scalars(query).all():
        note_thread(session, CURIE, "thread.delete", thread)
        erase_threads(session, [thread])


def _remove_learning(session: Session) -> None:
    """Delete what the colleagues answered and used, and the sums that are about them alone."""
    names = [person.name for person in COLLEAGUES]
    theirs = func.sum(case((CountedPerson.person.in_(names), 1), else_=0))
    query = (
        select(CountedPerson.batch_id)
        .group_by(CountedPerson.batch_id)
        .having(theirs == func.count())
    )
    batches = list(session.scalars(query))
    for name in names:
        forget_respondent(session, name)
        forget_user(session, name)
    session.execute(delete(CountedBatch).where(CountedBatch.id.in_(batches)))
