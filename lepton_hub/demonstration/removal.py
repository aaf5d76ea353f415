"""Remove the made-up content; the audit log still records it."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Select, case, delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.api.knowledge.thread_routes import note_thread
from lepton_hub.api.request_context import note
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
    """Delete all made-up items and the discussions about them; return the number of items.

    What people created themselves stays, even under the same names. The hub may be running: so each
    part is a transaction that locks in the usual order: the item, its parts, the audit log. If
    interrupted, the next run does the rest.
    """
    for person, kind, target in FOLLOWED:
        with sessions.begin() as session, suppress(NotVisible):
            unsubscribe(session, person, kind, target)
            note(session, person, "subscription.end", f"{kind}:{target}")
    with sessions.begin() as session:
        items = list(session.scalars(_made_up_items()))
        threads = list(session.scalars(_made_up_threads()))
    removed = 0
    for item in items:
        with sessions.begin() as session, suppress(NotVisible):  # its owner was faster
            _remove_item(session, item)
            removed += 1
    for thread in threads:
        with sessions.begin() as session:
            _remove_thread(session, thread)
    with sessions.begin() as session:
        _remove_learning(session)
        append(session, actor="hub", action="made_up.remove", subject="hub", detail={})
    erase_unneeded(sessions, store)
    return removed


def _made_up_items() -> Select[tuple[int]]:
    query = select(SharedItem.id).where(
        SharedItem.category == CATEGORY,
        SharedItem.owner.in_(_CAST),
        SharedItem.deleted_at.is_(None),
    )
    return query.order_by(SharedItem.id)


def _remove_item(session: Session, id_: int) -> None:
    """Delete an item. Raises NotVisible."""
    item = session.get_one(SharedItem, id_)
    owner, reference = _CAST[item.owner], item.reference
    digests = [version.digest for version in delete_item(session, item, "hub")]
    note(session, owner, "item.delete", reference, versions=digests)


def _made_up_threads() -> Select[tuple[int]]:
    return select(DiscussionThread.id).where(
        DiscussionThread.made_by == CURIE.name,
        DiscussionThread.title == SECTION_TITLE,
        DiscussionThread.item_id.is_(None),
        DiscussionThread.deleted_at.is_(None),
    )


def _remove_thread(session: Session, id_: int) -> None:
    query = select(DiscussionThread).where(
        DiscussionThread.id == id_, DiscussionThread.deleted_at.is_(None)
    )
    locked = query.with_for_update(key_share=True, of=DiscussionThread)
    for thread in session.scalars(locked).all():
        erase_threads(session, [thread])
        note_thread(session, CURIE, "thread.delete", thread)


def _remove_learning(session: Session) -> None:
    """Delete the colleagues' answers and uses, and the sums that cover only them."""
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
