"""Create, find, edit and delete items. Every query is restricted to what the caller may see."""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    delete,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lepton_hub.catalogue.cards import Card, NewItem
from lepton_hub.catalogue.dependents import ON_DELETE, ON_DELETED, forget_erased
from lepton_hub.catalogue.erasure import erase_later
from lepton_hub.catalogue.names import may_create_in, own_space, team_of
from lepton_hub.catalogue.tables import ItemTag, SharedItem, Source, Version
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.permissions.grants import Grant, roles_of, visible_to, ways_to_hold
from lepton_hub.permissions.links import SharedLink
from lepton_hub.permissions.roles import Action, allows

CARD_FIELDS = tuple(name for name in Card.model_fields if name != "tags")


class NotVisible(Exception):
    """The item does not exist, or the caller may not see it."""


class NotAllowed(Exception):
    """The caller may see the item, but not do this to it."""


class NameTaken(Exception):
    """An item has, or had, this name."""


class SpaceClosed(Exception):
    """The caller may not create items in this space."""


def create_item(session: Session, person: Person, told: NewItem) -> SharedItem:
    """Create an item owned by its creator. Raises SpaceClosed, NameTaken."""
    if not may_create_in(person, told.space):
        raise SpaceClosed(", ".join([own_space(person), *sorted(person.teams)]))
    item = SharedItem(
        space=told.space,
        name=told.name,
        team=team_of(told.space),
        kind=told.kind,
        owner=person.name,
        **{name: getattr(told.card, name) for name in CARD_FIELDS},
    )
    item.tags = _tags(told.card)
    try:
        with session.begin_nested():
            session.add(item)
    except IntegrityError as error:
        raise NameTaken from error
    return item


def find_item(
    session: Session, person: Person, space: str, name: str, action: Action
) -> SharedItem:
    """Return an item on which a person may do an action. Raises NotVisible, NotAllowed.

    For any action but reading, the row stays locked until the transaction ends, so that nobody
    changes or deletes it between check and use. (SQLite's writers are serialised anyway.)
    """
    item = look_up(session, person, SharedItem.space == space, SharedItem.name == name)
    if action is not Action.VIEW:
        lock_item(session, item)
        roles = roles_of(session, person, item)
        if not roles:
            raise NotVisible
        if not allows(roles, action):
            raise NotAllowed
    return item


def look_up(session: Session, person: Person, *conditions: ColumnElement[bool]) -> SharedItem:
    """Return the only item that meets the conditions. Raises NotVisible.

    A hidden item takes the same work as a missing one: the roles are looked up in either case.
    """
    facts = {"id": func.coalesce(func.max(SharedItem.id), 0)}
    facts |= {"owner": func.max(SharedItem.owner), "team": func.max(SharedItem.team)}
    query = select(*(value.label(name) for name, value in facts.items()))
    found = session.execute(query.where(SharedItem.deleted_at.is_(None), *conditions)).one()
    roles = roles_of(session, person, found)
    item = session.get(SharedItem, found.id) if found.id and roles else None
    if item is None:
        raise NotVisible
    return item


def lock_item(session: Session, item: SharedItem) -> None:
    """Serialise changes to an item, additions to it and its deletion.

    Otherwise an addition could outlive a deletion that did not see it. Raises NotVisible once it is
    deleted. SQLite's writers are serialised anyway.
    """
    query = select(SharedItem).where(SharedItem.id == item.id).with_for_update(key_share=True)
    locked = session.scalars(query.execution_options(populate_existing=True)).one()
    if locked.deleted_at is not None:
        raise NotVisible


def actions_of(session: Session, person: Person, item: SharedItem) -> list[Action]:
    """Return the actions a person may take on an item."""
    roles = roles_of(session, person, item)
    return [action for action in Action if allows(roles, action)]


def existing(person: Person) -> Select[tuple[SharedItem]]:
    """Return the query for the items a person may see, for looking up one or a few.

    It checks every item the other conditions match, visible or not. For lists, use
    `every_existing`.
    """
    return select(SharedItem).where(SharedItem.deleted_at.is_(None), visible_to(person, SharedItem))


def every_existing(person: Person) -> Select[tuple[SharedItem]]:
    """Return the query for the items a person may see, for listing, counting or joining.

    It starts from what the person may see, so that hidden items cost no time. Other conditions must
    not make the planner start elsewhere: see `Unindexed`.
    """
    if person.admin:
        return existing(person)
    there = SharedItem.deleted_at.is_(None)
    return select(SharedItem).where(there, SharedItem.id.in_(existing_ids(person)))


def existing_ids(person: Person) -> Select[tuple[int]] | CompoundSelect[tuple[int]]:
    """Return the query for the row ids of all items a person may see.

    Each way to see an item has its own index, so that a query over many items builds one set of ids
    instead of checking each item's grants. (A deleted item has none.) Ids may repeat.
    """
    item = SharedItem
    there = select(item.id).where(item.deleted_at.is_(None))
    if person.admin:
        return there
    return union_all(
        there.where(item.owner == person.name),
        there.where(item.team.in_(sorted(person.teams))),
        *(select(Grant.item_id).where(one) for one in ways_to_hold(person)),
    )


def card_of(item: SharedItem) -> Card:
    """Return an item's card."""
    return Card.model_construct(
        **{name: getattr(item, name) for name in CARD_FIELDS}, tags=[tag.tag for tag in item.tags]
    )


def write_card(item: SharedItem, card: Card) -> None:
    """Replace an item's card."""
    for name in CARD_FIELDS:
        setattr(item, name, getattr(card, name))
    known = {tag.tag: tag for tag in item.tags}
    item.tags = [known.get(tag) or ItemTag(tag=tag) for tag in sorted(set(card.tags))]
    item.card_revision += 1
    item.changed_at = now()


def delete_item(session: Session, item: SharedItem, by: str) -> list[Version]:
    """Delete an item's card, versions, grants, links and whatever other packages keep with it.

    Return the versions. Its name stays taken, so that a reference to it never leads to something
    else. Its contents are erased by `erase_unneeded` after the commit. by: the person who deletes
    it.
    """
    lock_item(session, item)
    versions = list(session.scalars(select(Version).where(Version.item_id == item.id)))
    contents = {file.sha256 for version in versions for file in version.files}
    for erase in ON_DELETE:
        contents |= erase(session, item)
    ids = [version.id for version in versions]
    session.execute(
        delete(Source).where(or_(Source.version_id.in_(ids), Source.source_id.in_(ids)))
    )
    for version in versions:
        session.delete(version)
    for table in (Grant, SharedLink):
        session.execute(delete(table).where(table.item_id == item.id))
    item.tags = []
    for name in CARD_FIELDS:
        setattr(item, name, "")
    item.deleted_at = now()
    session.flush()
    forget_erased(session, item.reference)
    erase_later(session, contents, by)
    for told in ON_DELETED:
        told(session, item)
    return versions


def _tags(card: Card) -> list[ItemTag]:
    return [ItemTag(tag=tag) for tag in sorted(set(card.tags))]
