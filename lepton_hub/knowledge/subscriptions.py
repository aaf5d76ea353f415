"""Subscriptions to items, tags, teams and people."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import NotVisible, existing, look_up
from lepton_hub.catalogue.names import parse_reference
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.knowledge_tables import DigestMail, Subscription

MOST_SUBSCRIPTIONS = 500


class Followed(StrEnum):
    """The kinds of things people can follow."""

    ITEM = "item"
    TAG = "tag"
    TEAM = "team"
    PERSON = "person"


class TooManySubscriptions(Exception):
    """Somebody has the maximum number of subscriptions."""


def subscribe(
    session: Session, person: Person, kind: Followed, target: str
) -> tuple[Subscription, bool]:
    """Follow something; return the subscription, and whether it is new.

    target: the name of an item, tag, team or person; for the last three, the result does not reveal
    whether they exist. Raises NotVisible, TooManySubscriptions.
    """
    target = _kept_target(session, person, kind, target)
    query = _mine(person).where(Subscription.kind == kind, Subscription.target == target)
    known = session.scalars(query).first()
    if known is not None:
        return known, False
    count = select(func.count()).select_from(_mine(person).subquery())
    if (session.scalar(count) or 0) >= MOST_SUBSCRIPTIONS:
        raise TooManySubscriptions
    subscription = Subscription(person=person.name, kind=kind, target=target)
    session.add(subscription)
    session.flush()
    return subscription, True


def unsubscribe(session: Session, person: Person, kind: Followed, target: str) -> None:
    """Unfollow something. Raises NotVisible if it was not followed."""
    target = _kept_target(session, person, kind, target)
    query = _mine(person).where(Subscription.kind == kind, Subscription.target == target)
    known = session.scalars(query).first()
    if known is None:
        raise NotVisible
    session.delete(known)
    session.flush()


def list_subscriptions(session: Session, person: Person) -> list[tuple[Subscription, str]]:
    """Return a person's subscriptions with names; items only while the person may see them."""
    items = existing(person).subquery()
    names = {
        public_id: f"{space}/{name}"
        for public_id, space, name in session.execute(
            select(items.c.public_id, items.c.space, items.c.name).join(
                Subscription, Subscription.target == items.c.public_id
            ).where(Subscription.person == person.name, Subscription.kind == Followed.ITEM)
        ).tuples()
    }  # fmt: skip
    found = [
        (one, names.get(one.target) if one.kind == Followed.ITEM else one.target)
        for one in session.scalars(_mine(person)).all()
    ]
    return sorted(
        ((one, name) for one, name in found if name is not None),
        key=lambda pair: (pair[0].kind, pair[1]),
    )


def following(session: Session, person: Person) -> frozenset[str]:
    """Return what a person follows, as KIND:NAME, such as "tag:churn" or "item:city/ridership"."""
    return frozenset(f"{one.kind}:{name}" for one, name in list_subscriptions(session, person))


def delete_subscriptions_to(session: Session, item: SharedItem) -> set[str]:
    """Delete the subscriptions to a deleted item, which their owners could not end."""
    query = delete(Subscription).where(
        Subscription.kind == Followed.ITEM, Subscription.target == item.public_id
    )
    session.execute(query)
    return set()


def mail_wish(session: Session, person: Person) -> DigestMail | None:
    """Return how often a person gets the digest by e-mail; None if never."""
    return session.get(DigestMail, person.name)


def wish_mail(session: Session, person: Person, every_days: int | None) -> None:
    """Set the number of days between a person's digests by e-mail; None for never."""
    known = mail_wish(session, person)
    if every_days is None:
        if known is not None:
            session.delete(known)
    elif known is None:
        session.add(DigestMail(person=person.name, every_days=every_days))
    else:
        known.every_days = every_days
    session.flush()


def _kept_target(session: Session, person: Person, kind: Followed, target: str) -> str:
    if kind is not Followed.ITEM:
        return target
    reference = parse_reference(target)
    named = SharedItem.space == reference.space, SharedItem.name == reference.name
    return look_up(session, person, *named).public_id


def _mine(person: Person) -> Select[tuple[Subscription]]:
    return select(Subscription).where(Subscription.person == person.name)
