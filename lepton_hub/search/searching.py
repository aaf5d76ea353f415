"""Search over items, documents and discussions: only among what exists for who asks.

Ranking: first what has all words in its title, then in title and tags, then as a phrase, then
anywhere; what changed last comes first among equals. So the order depends on what is found alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.knowledge.knowledge_tables import DiscussionThread, ThreadPost
from lepton_hub.search.search_plan import SearchPlan
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_index import Rank

Place = tuple[int, int]
"""A rank, and the entry's id."""


@dataclass(frozen=True)
class SearchHit:
    """What was found. item: the item, or the one that a post is about. place: for the next page."""

    entry: SearchEntry
    item: SharedItem | None
    thread: DiscussionThread | None
    post: ThreadPost | None
    place: Place


def search(plan: SearchPlan, limit: int, after: Place | None) -> Sequence[SearchHit]:
    """Return what is found, the best first.

    after: the place of the last hit of the page before.
    """
    find = _in_ranks if plan.found is None else _among_few
    return _hits(plan.session, find(plan, limit, after))


def _in_ranks(plan: SearchPlan, limit: int, after: Place | None) -> list[Place]:
    """Return the best places, asking for one rank after the other."""
    places: list[Place] = []
    for rank, before in _ranks(plan.words, after):
        missing = limit - len(places)
        places += [(rank, id_) for id_ in plan.latest_ids(rank, missing, before)]
        if len(places) == limit:
            break
    return places


def _among_few(plan: SearchPlan, limit: int, after: Place | None) -> list[Place]:
    """Return the best places where all ranks are known."""
    places = sorted((rank, -id_) for id_, rank in (plan.found or {}).items())
    beyond = (after[0], -after[1]) if after else (-1, 0)
    return [(rank, -negative) for rank, negative in places if (rank, negative) > beyond][:limit]


def _ranks(words: list[str], after: Place | None) -> Iterator[tuple[Rank, int | None]]:
    """Yield the ranks to look through, each with the id at which it begins."""
    for rank in Rank if words else (Rank.TITLE,):
        if rank == Rank.PHRASE and len(words) == 1:
            continue
        if after is None or rank >= after[0]:
            yield rank, after[1] if after and rank == after[0] else None


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
