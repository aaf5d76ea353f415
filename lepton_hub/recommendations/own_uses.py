"""A person's own uses, visible only to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import existing
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.recommendations.usage_tables import ItemUse, ModuleUse


@dataclass(frozen=True)
class PersonalUse:
    """Something that a person has used. what: an item's name, or a module's folder."""

    what: str
    item: SharedItem | None
    first_at: datetime
    last_at: datetime


def uses_of(session: Session, person: Person) -> list[PersonalUse]:
    """Return a person's uses of things they may still see, with names."""
    items = (
        existing(person)
        .join(ItemUse, ItemUse.item_id == SharedItem.id)
        .where(ItemUse.person == person.name)
        .with_only_columns(SharedItem, ItemUse.first_at, ItemUse.last_at)
    )
    found = [
        PersonalUse(item.reference, item, first, last)
        for item, first, last in session.execute(items).tuples()
    ]
    modules = select(ModuleUse).where(ModuleUse.person == person.name)
    found += [
        PersonalUse(one.module, None, one.first_at, one.last_at) for one in session.scalars(modules)
    ]
    return sorted(found, key=lambda one: one.what)
