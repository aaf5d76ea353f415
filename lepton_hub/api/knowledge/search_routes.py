"""Search over items, documents and discussions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.conditional import tagged
from lepton_hub.api.knowledge.knowledge_answers import SearchPage, hit_answer
from lepton_hub.api.paging import Cursor, Limit, from_cursor, no_cursor, to_cursor
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.catalogue.cards import TAG, Text
from lepton_hub.database import read_one_moment
from lepton_hub.identity.person import PERSON, TEAM, Person
from lepton_hub.search import (
    FacetCounts,
    SearchFilters,
    SearchHit,
    count_facets,
    plan_search,
    search,
)
from lepton_hub.search.searching import Place
from lepton_hub.search.word_forms import MOST_WORDS, words_of

router = APIRouter(tags=["search"])

FoundKind = Literal["dataset", "model", "code", "notebook", "document", "discussion", "question"]


@router.get("/search", response_model=SearchPage, responses=described(400))
def find(
    request: Request,
    state: State,
    person: Asker,
    q: Annotated[
        Text,
        Query(
            max_length=200, description=("Words that must all occur; the last one may be a prefix.")
        ),
    ] = "",
    kind: FoundKind | None = None,
    tag: Annotated[str | None, Query(pattern=f"^{TAG}$")] = None,
    team: Annotated[str | None, Query(pattern=f"^{TEAM}$")] = None,
    owner: Annotated[str | None, Query(pattern=f"^{PERSON}$")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Search items, documents and discussions that you may see.

    Hits with the words in the title come first, then in title and tags, then as a phrase, then
    anywhere; ties are broken by recency. Without words: everything, latest first.
    """
    words = words_of(q)
    if q.strip() and not words:
        raise Problem(422, "query.q: it contains no word.")
    if len(words) > MOST_WORDS:
        raise Problem(422, f"query.q: at most {MOST_WORDS} words.")
    filters = SearchFilters(words, kind, tag, team, owner)
    with state.reading.begin() as session:
        found = look_up(request, session, person, filters, limit, cursor)
        answer = SearchPage(
            hits=[hit_answer(hit, words) for hit in found.hits],
            total=found.counts.total,
            facets=found.counts.facets,
            complete=found.counts.complete,
            next=found.next,
        )
    return tagged(request, answer)


@dataclass(frozen=True)
class FoundPage:
    """A page of hits. next: the cursor of the next page."""

    hits: Sequence[SearchHit]
    counts: FacetCounts
    next: str | None


def look_up(
    request: Request,
    session: Session,
    person: Person,
    filters: SearchFilters,
    limit: int,
    cursor: str | None,
) -> FoundPage:
    """Return a page of hits, and record the search in the audit log. Raises Problem.

    session: must not have read anything yet.
    """
    after = from_search_cursor(cursor)
    read_one_moment(session)  # an edit changes an entry's id: read everything from one snapshot
    plan = plan_search(session, person, filters)
    hits = search(plan, limit + 1, after)
    counts = count_facets(plan)
    query = request.url.query[:2000]
    note(session, person, "search", "search", query=query, found=counts.total)
    more = len(hits) > limit
    return FoundPage(hits[:limit], counts, search_cursor(hits[limit - 1].place) if more else None)


def from_search_cursor(cursor: str | None) -> Place | None:
    """Return the position of the hit that a cursor encodes. Raises Problem."""
    place = from_cursor(cursor, int, str)
    if place is None:
        return None
    rank, id_ = place
    if not re.fullmatch("[0-9]{1,19}", id_) or int(id_) >= 2**63:
        raise no_cursor()
    return rank, int(id_)


def search_cursor(place: Place) -> str:
    """Return the cursor of a hit's position."""
    rank, id_ = place
    return to_cursor([rank, str(id_)])
