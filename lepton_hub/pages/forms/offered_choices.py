"""What forms offer to choose from."""

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
    """Return where somebody may make items, the teams first, and what that means."""
    teams = [(team, f"{team}: your team can read it") for team in sorted(person.teams)]
    mine = own_space(person)
    return [*teams, (mine, f"{mine}: only you, until you share it")]


def offered_items(
    session: Session, person: Person, kinds: Collection[ItemKind] = (), own: bool = False
) -> list[tuple[str, str]]:
    """Return names and titles of items that somebody may see, those that changed last first.

    kinds: which ones; empty for all. own: only those that they own.
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
    """Return names and titles of versions that somebody may see, the latest first."""
    ids = every_existing(person).where(SharedItem.kind.in_(kinds)).with_only_columns(SharedItem.id)
    query = select(Version, SharedItem).join(SharedItem, SharedItem.id == Version.item_id)
    query = query.where(Version.item_id.in_(ids)).order_by(Version.made_at.desc())
    rows = session.execute(query.limit(MOST_OFFERED)).tuples()
    return [(f"{item.reference}@{version.number}", item.title) for version, item in rows]
