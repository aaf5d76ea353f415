"""Search over the items, documents and discussions that the person may see.

Ranking: all words in the title first, then in title and tags, then as a phrase, then anywhere; ties
are broken by recency. So the order depends only on the hits themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.knowledge.knowledge_tables import DiscussionThread, ThreadPost
from lepton_hub.search.search_plan import SearchPlan
from lepton_hub.search.search_tables import SearchEntry

Place = tuple[int, int]
"""A rank, and the entry's id."""


@dataclass(frozen=True)
class SearchHit:
    """A hit. item: the item, or the one a post is about. place: for the cursor."""

    entry: SearchEntry
    item: SharedItem | None
    thread: DiscussionThread | None
    post: ThreadPost | None
    place: Place


def search(plan: SearchPlan, limit: int, after: Place | None) -> Sequence[SearchHit]:
    """Return a page of hits, best first.

    after: the place of the last hit on the previous page.
    """
    find = _in_ranks if plan.found is None else _among_few
    return _hits(plan.session, find(plan, limit, after))


def _in_ranks(plan: SearchPlan, limit: int, after: Place | None) -> list[Place]:
    """Return the best places, querying one rank after the other."""
    places: list[Place] = []
    for rank in plan.query.ranks:
        if after is not None and rank < after[0]:
            continue
        before = after[1] if after is not None and rank == after[0] else None
        missing = limit - len(places)
        places += [(rank, id_) for id_ in plan.latest_ids(rank, missing, before)]
        if len(places) == limit:
            break
    return places


def _among_few(plan: SearchPlan, limit: int, after: Place | None) -> list[Place]:
    """Return the best places when all ranks are known."""
    ordered = sorted((rank, -id_) for id_, rank in (plan.found or {}).items())
    beyond = (after[0], -after[1]) if after else (-1, 0)
    left = [(rank, -negative) for rank, negative in ordered if (rank, negative) > beyond]
    places: list[Place] = []
    while left and len(places) < limit:
        some, left = left[:limit], left[limit:]
        there = plan.existing_among([id_ for _, id_ in some])
        places += [place for place in some if place[1] in there]
    return places[:limit]


def _hits(session: Session, places: Sequence[Place]) -> list[SearchHit]:
    query = (
        select(SearchEntry, SharedItem, DiscussionThread, ThreadPost)
        .join(SearchEntry.shown)
        .outerjoin(SharedItem, SharedItem.id == SearchEntry.item_id)
        .outerjoin(DiscussionThread, DiscussionThread.id == SearchEntry.thread_id)
        .outerjoin(ThreadPost, ThreadPost.id == SearchEntry.post_id)
        .where(SearchEntry.id.in_([id_ for _, id_ in places]))
        .options(contains_eager(SearchEntry.shown))
    )
    known = {row[0].id: row for row in session.execute(query).tuples()}
    return [SearchHit(*known[id_], place=(rank, id_)) for rank, id_ in places]
