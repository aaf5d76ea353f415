"""Count hits in total and by kind, tag, team and owner, up to a bound."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, String, func, literal, select, union_all

from lepton_hub.search.search_plan import SearchPlan
from lepton_hub.search.search_tables import SearchEntry, SearchTag

MOST_VALUES = 50
"""The maximum number of values per facet, the most common ones."""
MOST_COUNTED = 1000
"""The maximum number of hits to count, the latest ones."""


@dataclass(frozen=True)
class FacetCounts:
    """Counts of hits.

    total: of all hits; facets: by facet and value, most common first. complete: whether all hits
    are counted; otherwise total and facets cover only the latest MOST_COUNTED.
    """

    total: int
    facets: dict[str, dict[str, int]]
    complete: bool


def count_facets(plan: SearchPlan) -> FacetCounts:
    """Return the number of hits in total and by kind, tag, team and owner."""
    columns = (SearchEntry.id, SearchEntry.kind, SearchEntry.team, SearchEntry.owner)
    entries = plan.latest(*columns, limit=MOST_COUNTED).cte("found")
    entries = entries.prefix_with("MATERIALIZED")  # evaluated once
    number = func.count().label("number")
    # Not a join, for which SQLite would scan the tags of all entries.
    tags = select(SearchTag.tag, number).where(SearchTag.entry_id.in_(select(entries.c.id)))
    counted = {
        "kind": select(entries.c.kind, number),
        "tag": tags,
        "team": select(entries.c.team, number).where(entries.c.team.is_not(None)),
        "owner": select(entries.c.owner, number),
    }
    total = select(literal("total", String), literal("", String), func.count()).select_from(entries)
    facets = (_counts(name, query) for name, query in counted.items())
    found: dict[str, dict[str, int]] = {name: {} for name in ("total", *counted)}
    for name, value, count in plan.session.execute(union_all(total, *facets)):
        found[name][value] = count
    in_all = found.pop("total")[""]
    ordered = {name: _commonest(counts) for name, counts in found.items()}
    return FacetCounts(in_all, ordered, complete=in_all < MOST_COUNTED)


def _counts(name: str, query: Select[tuple[str, int]]) -> Select[tuple[str, str, int]]:
    """Return the query for a facet's most common values."""
    value = list(query.selected_columns)[0]
    query = query.group_by(value).order_by(func.count().desc(), value).limit(MOST_VALUES)
    rows = query.subquery()
    return select(literal(name, String), rows.c[0], rows.c[1])


def _commonest(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
