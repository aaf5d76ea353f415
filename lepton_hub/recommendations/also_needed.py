"""Recommend items that others used who used the same items or modules.

An item is recommended for another item, or for a module of the course, if at least three other
people have used both. Candidates are ranked by cosine similarity between the two sets of users: the
number who used both, divided by the geometric mean of the numbers who used each; cosines add up
over all that somebody used. So what everybody uses does not come first everywhere, as it would by
popularity.

Counts cover only items the viewer may see. They are rounded down to steps and exclude today's uses,
so that no count reveals that somebody has just used something.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from sqlalchemy import CTE, func, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import every_existing, existing
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.moments import now
from lepton_hub.database.unindexed import Unindexed
from lepton_hub.identity.person import Person
from lepton_hub.recommendations.usage_tables import ItemUse, ModuleUse

FEWEST_COLLEAGUES = 3
"""The minimum number of other people who must have used both."""
STEPS = (3, 5, 10, 20, 50, 100, 200, 500, 1000)
"""The steps to which counts are rounded down: "at least 5" for 5 to 9."""
MOST_BASES = 10
"""The numbers of recently used items and modules to consider."""
MOST_PEOPLE, MOST_PEOPLE_IN_ALL = 200, 600
"""The maximum number of users to consider, the latest to start, for one basis and for all. Counts
remain valid lower bounds."""
MOST_PAIRS = 2000


@dataclass(frozen=True)
class UsageBasis:
    """The basis of a recommendation: an item, or a module by its folder's name."""

    item: SharedItem | None = None
    module: str = ""


@dataclass(frozen=True)
class ItemRecommendation:
    """An item that somebody may also need.

    colleagues: a lower bound on how many used both; basis: what it is recommended for, None if by
    popularity. score: for ranking.
    """

    item: SharedItem
    colleagues: int
    basis: UsageBasis | None
    score: float

    @property
    def because(self) -> str:
        """The reason in words."""
        if self.basis is None:
            return f"At least {self.colleagues} colleagues used it"
        if self.basis.item is None:
            return (
                f"At least {self.colleagues} colleagues who worked on {self.basis.module} used it"
            )
        title = self.basis.item.title
        return f"At least {self.colleagues} colleagues who used “{title}” also used this"


@dataclass(frozen=True)
class UsedTogether:
    """Numbers of other people who used a basis, a candidate, and both."""

    basis: int | str
    candidate: int
    both: int
    of_basis: int
    of_candidate: int

    @property
    def score(self) -> float:
        """The cosine similarity between the two sets of users."""
        return self.both / sqrt(self.of_basis * self.of_candidate)


def told_number(people: int) -> int:
    """Round a number of people down to the nearest step.

    >>> told_number(8)
    5
    """
    return max(step for step in STEPS if step <= people)


def rank(pairs: Iterable[UsedTogether], limit: int) -> list[tuple[UsedTogether, float]]:
    """Return the best candidates, each with its best explaining pair and its score.

    A candidate's score is the sum over all bases it was used together with.
    """
    of_candidate: dict[int, list[UsedTogether]] = defaultdict(list)
    for pair in pairs:
        of_candidate[pair.candidate].append(pair)
    found = [
        (max(several, key=lambda one: (one.score, one.both)), sum(one.score for one in several))
        for several in of_candidate.values()
    ]
    return sorted(found, key=lambda one: (-one[1], -one[0].both, one[0].candidate))[:limit]


def also_needed(
    session: Session,
    person: Person,
    basis: UsageBasis | None = None,
    limit: int = 5,
    moment: datetime | None = None,
) -> list[ItemRecommendation]:
    """Return recommendations for a person, best first.

    basis: a visible item, or a module. The default is what they used last; if that yields nothing,
    the most popular items.
    """
    today = (moment or now()).replace(hour=0, minute=0, second=0, microsecond=0)
    bases = [basis] if basis else _used_last(session, person)
    pairs = _together(session, person, bases, today, ItemUse)
    pairs += _together(session, person, bases, today, ModuleUse)
    ranked = rank(pairs, limit)
    items = _items(session, [pair.candidate for pair, _ in ranked])
    known = {one.item.id if one.item else one.module: one for one in bases}
    found = [
        ItemRecommendation(items[pair.candidate], told_number(pair.both), known[pair.basis], score)
        for pair, score in ranked
    ]
    return found or ([] if basis else most_used(session, person, today, limit))


def _used_last(session: Session, person: Person) -> list[UsageBasis]:
    """Return what a person used last and may still see."""
    items = (
        existing(person)
        .join(ItemUse, ItemUse.item_id == SharedItem.id)
        .where(ItemUse.person == person.name)
        .order_by(ItemUse.last_at.desc(), SharedItem.id)
        .limit(MOST_BASES)
    )
    modules = (
        select(ModuleUse.module)
        .where(ModuleUse.person == person.name)
        .order_by(ModuleUse.last_at.desc(), ModuleUse.module)
        .limit(MOST_BASES)
    )
    return [
        *(UsageBasis(item=item) for item in session.scalars(items)),
        *(UsageBasis(module=module) for module in session.scalars(modules)),
    ]


def _together(
    session: Session,
    person: Person,
    bases: Sequence[UsageBasis],
    today: datetime,
    table: type[ItemUse] | type[ModuleUse],
) -> list[UsedTogether]:
    """Return the candidates that at least three others used together with a basis."""
    wanted: list[int | str]
    if table is ItemUse:
        wanted = [one.item.id for one in bases if one.item]
        column = ItemUse.item_id
    else:
        wanted = [one.module for one in bases if one.module]
        column = ModuleUse.module
    if not wanted:
        return []
    place = func.row_number().over(
        partition_by=column, order_by=(table.first_at.desc(), table.person)
    )
    all_uses = (
        select(table.person, column.label("basis"), place.label("place"))
        .where(column.in_(wanted), table.person != person.name, table.first_at < today)
        .subquery()
    )
    most = min(MOST_PEOPLE, MOST_PEOPLE_IN_ALL // len(wanted))
    uses = select(all_uses).where(all_uses.c.place <= most).cte("uses")
    both = func.count().label("both")
    of_candidates = _uses_of_candidates(person, today)
    query = (
        select(uses.c.basis, of_candidates.c.item_id, both)
        .join(of_candidates, of_candidates.c.person == uses.c.person)
        .group_by(uses.c.basis, of_candidates.c.item_id)
        .having(both >= FEWEST_COLLEAGUES)
        .order_by(both.desc(), of_candidates.c.item_id)
        .limit(MOST_PAIRS)
    )
    if table is ItemUse:
        query = query.where(uses.c.basis != of_candidates.c.item_id)
    rows = session.execute(query).tuples().all()
    counts = select(uses.c.basis, func.count()).group_by(uses.c.basis)
    of_basis = dict(session.execute(counts).tuples().all())
    of_candidate = _users(session, person, {row[1] for row in rows}, today)
    return [
        UsedTogether(basis, item, number, of_basis[basis], of_candidate[item])
        for basis, item, number in rows
    ]


def _uses_of_candidates(person: Person, today: datetime) -> CTE:
    """Return the others' uses of items a person may see but has not used.

    It is a query of its own: starting from users of a basis would read all that they used.
    """
    used = select(ItemUse.item_id).where(ItemUse.person == person.name)
    query = (
        every_existing(person)
        .join(ItemUse, ItemUse.item_id == SharedItem.id)
        .where(SharedItem.id.not_in(used), Unindexed(SharedItem.owner) != person.name)
        .where(Unindexed(ItemUse.person) != person.name, ItemUse.first_at < today)
        .with_only_columns(ItemUse.item_id, ItemUse.person)
    )
    return query.cte("of_candidates").prefix_with("MATERIALIZED")


def _users(session: Session, person: Person, items: set[int], today: datetime) -> dict[int, int]:
    """Return the number of other users of each item."""
    query = (
        select(ItemUse.item_id, func.count())
        .where(ItemUse.item_id.in_(items), ItemUse.person != person.name, ItemUse.first_at < today)
        .group_by(ItemUse.item_id)
    )
    return dict(session.execute(query).tuples().all())


def most_used(
    session: Session, person: Person, today: datetime, limit: int
) -> list[ItemRecommendation]:
    """Return the most popular items, for newcomers and as a baseline."""
    number = func.count().label("number")
    uses = _uses_of_candidates(person, today)
    query = (
        select(uses.c.item_id, number)
        .group_by(uses.c.item_id)
        .having(number >= FEWEST_COLLEAGUES)
        .order_by(number.desc(), uses.c.item_id)
        .limit(limit)
    )
    rows = session.execute(query).tuples().all()
    items = _items(session, [item for item, _ in rows])
    return [ItemRecommendation(items[item], told_number(count), None, 0.0) for item, count in rows]


def _items(session: Session, numbers: Sequence[int]) -> dict[int, SharedItem]:
    query = select(SharedItem).where(SharedItem.id.in_(numbers))
    return {item.id: item for item in session.scalars(query)}
