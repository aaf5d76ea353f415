"""List the items a person may see that match filters, with counts by kind and tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    String,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from lepton_hub.catalogue.cards import ItemKind
from lepton_hub.catalogue.items import every_existing
from lepton_hub.catalogue.tables import ItemTag, SharedItem
from lepton_hub.database import read_one_moment
from lepton_hub.database.unindexed import Unindexed
from lepton_hub.identity.person import Person

MOST_TAGS = 50
"""The maximum number of tags to count, the most common ones."""


@dataclass(frozen=True)
class Filters:
    """Filters for items. text: words, each in the name, title, description or a tag."""

    text: str = ""
    kind: ItemKind | None = None
    tag: str | None = None
    category: str | None = None
    space: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class ItemList:
    """A page of items, and counts of all that match.

    items: by space and name. next: the last one's space and name, where more follow.
    facets: counts by kind, and by tag with the most common first.
    """

    items: Sequence[SharedItem]
    next: tuple[str, str] | None
    total: int
    facets: dict[str, dict[str, int]]


def list_items(
    session: Session, person: Person, filters: Filters, limit: int, after: tuple[str, str] | None
) -> ItemList:
    """Return a page of at most `limit` items. after: `next` of the previous page.

    session: must not have read anything yet.
    """
    read_one_moment(session)  # what is deleted meanwhile would be missing from a page
    columns = (SharedItem.id, SharedItem.kind, SharedItem.space, SharedItem.name)
    found = _filtered(every_existing(person), filters).with_only_columns(*columns).cte("found")
    found = found.prefix_with("MATERIALIZED")  # evaluated once, which takes most of the time
    rows: dict[str, list[tuple[str, int]]] = {"kind": [], "tag": [], "page": []}
    query = union_all(_kinds(found), _tags(found), _page(found, limit + 1, after))
    for what, value, number in session.execute(query):
        rows[what].append((value, number))
    ids = [number for _, number in rows["page"]]
    place = Unindexed(SharedItem.space), Unindexed(SharedItem.name)
    query = select(SharedItem).where(SharedItem.id.in_(ids)).order_by(*place)
    items = session.scalars(query).all()[:limit]
    last = (items[-1].space, items[-1].name) if len(ids) > limit else None
    kinds = dict(sorted(rows["kind"]))
    tags = dict(sorted(rows["tag"], key=lambda pair: (-pair[1], pair[0])))
    return ItemList(items, last, sum(kinds.values()), {"kind": kinds, "tag": tags})


Rows = Select[tuple[str, str, int]]
"""What a row is, its value, and a number."""


def _kinds(found: CTE) -> Rows:
    query = select(literal("kind", String), cast(found.c.kind, String), func.count())
    return query.group_by(found.c.kind)


def _tags(found: CTE) -> Rows:
    number = func.count().label("number")
    tags = select(ItemTag.tag, number).where(ItemTag.item_id.in_(select(found.c.id)))
    tags = tags.group_by(ItemTag.tag).order_by(number.desc(), ItemTag.tag).limit(MOST_TAGS)
    rows = tags.subquery()
    return select(literal("tag", String), rows.c.tag, rows.c.number)


def _page(found: CTE, limit: int, after: tuple[str, str] | None) -> Rows:
    place = found.c.space, found.c.name
    page = select(found.c.id).order_by(*place).limit(limit)
    if after is not None:
        page = page.where(tuple_(*place) > after)
    return select(literal("page", String), literal("", String), cast(page.subquery().c.id, Integer))


def _filtered(query: Select[tuple[SharedItem]], filters: Filters) -> Select[tuple[SharedItem]]:
    equal = {
        SharedItem.kind: filters.kind,
        SharedItem.category: filters.category,
        SharedItem.space: filters.space,
        SharedItem.owner: filters.owner,
    }
    wanted = ((column, value) for column, value in equal.items() if value is not None)
    query = query.where(*(Unindexed(column) == value for column, value in wanted))
    if filters.tag is not None:
        query = query.where(SharedItem.tags.any(ItemTag.tag == filters.tag))
    return query.where(*(_mentions(word) for word in filters.text.split()))


def _mentions(word: str) -> ColumnElement[bool]:
    """Return the condition that an item contains a word, ignoring case."""
    places = (SharedItem.name, SharedItem.title, SharedItem.description, SharedItem.category)
    return or_(
        *(place.icontains(word, autoescape=True) for place in places),
        SharedItem.tags.any(ItemTag.tag.icontains(word, autoescape=True)),
    )
