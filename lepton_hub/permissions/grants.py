"""Grants, and the filter that restricts queries to what a person may see."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    func,
    inspect,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now
from lepton_hub.identity.person import Person
from lepton_hub.permissions.links import SharedLink
from lepton_hub.permissions.roles import Action, Role, allows

MOST_GRANTS = 100
"""Maximum number of grants on an item, whose words are indexed once for each of them."""


class TooManyGrants(Exception):
    """An item has reached its maximum number of grants."""


class Subject(StrEnum):
    """The kind of subject a grant applies to."""

    PERSON = "person"
    TEAM = "team"
    ORGANISATION = "organisation"
    EVERYBODY = "everybody"


class Grant(Base):
    """A role that a person, a team, an organisation or everybody has on an item."""

    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint("item_id", "subject", "name"),
        Index("ix_grants_holder", "subject", "name", "item_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    subject: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(128))  # "" for everybody
    role: Mapped[str] = mapped_column(String(16))
    granted_by: Mapped[str] = mapped_column(String(128))
    granted_at: Mapped[datetime] = mapped_column(Moment, default=now)


def visible_to(person: Person, items: Any) -> ColumnElement[bool]:
    """Return the condition under which a person may see a row of `items`.

    items: has the columns id, owner and team; team is the name of the team whose space the item is
    in, or null. Every query for items includes this condition, so that hidden items appear in no
    list, count or search. Each way to hold a grant is looked up
    on its own, so that other people's grants are not read.
    """
    if person.admin:
        return true()
    of_item = select(Grant.id).where(Grant.item_id == items.id)
    granted = (of_item.where(one).exists() for one in ways_to_hold(person))
    return or_(items.owner == person.name, items.team.in_(sorted(person.teams)), *granted)


def roles_of(session: Session, person: Person, item: Any) -> set[Role]:
    """Return a person's roles on an item; if there are none, it does not exist for them.

    item: has id, owner and team. Other people's grants are not read, so their number does not
    affect the time.
    """
    of_item = select(Grant.role).where(Grant.item_id == item.id)
    query = union_all(*(of_item.where(one) for one in ways_to_hold(person)))
    found = {Role(role) for role in session.scalars(query)}
    if person.admin:
        found.add(Role.MANAGE)
    if item.owner == person.name:
        found.add(Role.OWNER)
    if item.team in person.teams:
        found.add(Role.READ)
    return found


def give_role(
    session: Session, item: Any, by: Person, subject: Subject, name: str, role: Role
) -> Grant:
    """Grant a role on an item, replacing the same subject's previous one.

    Raises TooManyGrants.
    """
    made = grant_of(session, item, subject, name)
    if made is None:
        count = select(func.count()).select_from(Grant).where(Grant.item_id == item.id)
        if (session.scalar(count) or 0) >= MOST_GRANTS:
            raise TooManyGrants
        made = Grant(item_id=item.id, subject=subject, name=name)
        session.add(made)
    made.role = role
    made.granted_by = by.name
    session.flush()
    return made


def end_links_of_former(session: Session, item: Any, grant: Grant, before: Role) -> list[str]:
    """Revoke the links whose creators lost the right to them with this grant; return their ids.

    grant: its new state, or its last if revoked. before: the role it gave.

    Otherwise they could keep reading through them. A group's members are not known by name, so
    losing its role revokes all links except those of the owner and of people with a personal grant
    to manage; if another group may still manage, none are revoked.
    """
    there = inspect(grant).persistent
    if not allows([before], Action.SHARE) or (there and allows([Role(grant.role)], Action.SHARE)):
        return []
    query = select(Grant).where(Grant.item_id == item.id)
    managing = [one for one in session.scalars(query) if allows([Role(one.role)], Action.SHARE)]
    people = {one.name for one in managing if one.subject == Subject.PERSON} | {item.owner}
    former = select(SharedLink).where(
        SharedLink.item_id == item.id, SharedLink.made_by.not_in(sorted(people))
    )
    if grant.subject == Subject.PERSON:
        former = former.where(SharedLink.made_by == grant.name)
    elif any(one.subject != Subject.PERSON for one in managing):
        return []
    ended = session.scalars(former.order_by(SharedLink.made_at, SharedLink.id)).all()
    for link in ended:
        session.delete(link)
    session.flush()
    return [link.id for link in ended]


def grant_of(session: Session, item: Any, subject: Subject, name: str) -> Grant | None:
    """Return the role granted to a person, team, organisation or everybody, if any."""
    query = select(Grant).where(
        Grant.item_id == item.id, Grant.subject == subject, Grant.name == name
    )
    return session.scalars(query).first()


def ways_to_hold(person: Person) -> list[ColumnElement[bool]]:
    """Return the conditions of which a grant must meet one to apply to a person."""
    return [
        Grant.subject == Subject.EVERYBODY,
        and_(Grant.subject == Subject.PERSON, Grant.name == person.name),
        and_(Grant.subject == Subject.TEAM, Grant.name.in_(sorted(person.teams))),
        and_(Grant.subject == Subject.ORGANISATION, Grant.name == (person.organisation or "")),
    ]
