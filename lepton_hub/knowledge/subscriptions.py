"""What people want to be told of: items, tags, teams, other people."""

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
    """What somebody can follow."""

    ITEM = "item"
    TAG = "tag"
    TEAM = "team"
    PERSON = "person"


class TooManySubscriptions(Exception):
    """Somebody follows as much as one person may."""


def subscribe(
    session: Session, person: Person, kind: Followed, target: str
) -> tuple[Subscription, bool]:
    """Follow something; return the subscription, and whether it is new.

    target: an item's name, or that of a tag, team or person; of the latter nobody is told whether
    they exist. Raises NotVisible, TooManySubscriptions.
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
    """Follow something no more. Raises NotVisible where it was not followed."""
    target = _kept_target(session, person, kind, target)
    query = _mine(person).where(Subscription.kind == kind, Subscription.target == target)
    known = session.scalars(query).first()
    if known is None:
        raise NotVisible
    session.delete(known)
    session.flush()


def list_subscriptions(session: Session, person: Person) -> list[tuple[Subscription, str]]:
    """Return what a person follows, and its name; items only while they exist for the person."""
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
    """Have nobody follow an item that is deleted: they could not end it, and it would count."""
    query = delete(Subscription).where(
        Subscription.kind == Followed.ITEM, Subscription.target == item.public_id
    )
    session.execute(query)
    return set()


def mail_wish(session: Session, person: Person) -> DigestMail | None:
    """Return how somebody gets the digest by e-mail; None: not at all."""
    return session.get(DigestMail, person.name)


def wish_mail(session: Session, person: Person, every_days: int | None) -> None:
    """Send somebody the digest every so many days from now on; None: never."""
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
