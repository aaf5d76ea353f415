"""Choices and suggestions offered by forms."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.cards import ItemKind
from lepton_hub.catalogue.items import every_existing
from lepton_hub.catalogue.names import own_space
from lepton_hub.catalogue.tables import SharedItem, Version
from lepton_hub.identity.person import Person

PERSONAL_DATA = [
    ("none", "none: it says nothing about people"),
    ("pseudonymous", "pseudonymous: people appear under other names or numbers"),
    ("personal", "personal: people who can be identified"),
]
MOST_OFFERED = 100


def spaces_of(person: Person) -> list[tuple[str, str]]:
    """Return the spaces in which a person may create items, teams first, with labels."""
    teams = [(team, f"{team}: your team can read it") for team in sorted(person.teams)]
    mine = own_space(person)
    return [*teams, (mine, f"{mine}: only you, until you share it")]


def offered_items(
    session: Session, person: Person, kinds: Collection[ItemKind] = (), own: bool = False
) -> list[tuple[str, str]]:
    """Return the names and titles of items a person may see, most recently changed first.

    kinds: the kinds to include; empty for all. own: only the person's own items.
    """
    query = every_existing(person)
    if own:
        query = query.where(SharedItem.owner == person.name)
    if kinds:
        query = query.where(SharedItem.kind.in_(kinds))
    query = query.order_by(SharedItem.changed_at.desc(), SharedItem.id.desc())
    return [(item.reference, item.title) for item in session.scalars(query.limit(MOST_OFFERED))]


def offered_versions(
    session: Session, person: Person, kinds: Collection[ItemKind]
) -> list[tuple[str, str]]:
    """Return the names and titles of versions a person may see, latest first."""
    ids = every_existing(person).where(SharedItem.kind.in_(kinds)).with_only_columns(SharedItem.id)
    query = select(Version, SharedItem).join(SharedItem, SharedItem.id == Version.item_id)
    query = query.where(Version.item_id.in_(ids)).order_by(Version.made_at.desc())
    rows = session.execute(query.limit(MOST_OFFERED)).tuples()
    return [(f"{item.reference}@{version.number}", item.title) for version, item in rows]
