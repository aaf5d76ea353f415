"""Search over items, documents and discussions."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from lepton_hub.api.asking import Asker, State, note
from lepton_hub.api.conditional import tagged
from lepton_hub.api.knowledge.knowledge_answers import SearchPage, hit_answer
from lepton_hub.api.paging import Cursor, Limit, from_cursor, no_cursor, to_cursor
from lepton_hub.api.problems import Problem, described
from lepton_hub.catalogue.cards import TAG, Text
from lepton_hub.database import read_one_moment
from lepton_hub.identity.person import PERSON, TEAM
from lepton_hub.search import SearchFilters, count_facets, plan_search, search
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
        Text, Query(max_length=200, description="Words, all of them; the last one may go on.")
    ] = "",
    kind: FoundKind | None = None,
    tag: Annotated[str | None, Query(pattern=f"^{TAG}$")] = None,
    team: Annotated[str | None, Query(pattern=f"^{TEAM}$")] = None,
    owner: Annotated[str | None, Query(pattern=f"^{PERSON}$")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Search items, documents and discussions that you may see.

    First comes what has the words in its title, then in title and tags, then as a phrase, then
    anywhere; the latest first among equals. Without words: all, the latest first.
    """
    words = words_of(q)
    if q.strip() and not words:
        raise Problem(422, "query.q: there is no word in it.")
    if len(words) > MOST_WORDS:
        raise Problem(422, f"query.q: at most {MOST_WORDS} words.")
    after = from_search_cursor(cursor)
    filters = SearchFilters(words, kind, tag, team, owner)
    with state.reading.begin() as session:
        read_one_moment(session)  # an edit gives an entry another id: what is found must be there
        plan = plan_search(session, person, filters)
        found = search(plan, limit + 1, after)
        counts = count_facets(plan)
        page = found[:limit]
        answer = SearchPage(
            hits=[hit_answer(hit, words) for hit in page],
            total=counts.total,
            facets=counts.facets,
            complete=counts.complete,
            next=search_cursor(page[-1].place) if len(found) > limit else None,
        )
        query = request.url.query[:2000]
        note(session, person, "search", "search", query=query, found=counts.total)
    return tagged(request, answer)


def from_search_cursor(cursor: str | None) -> Place | None:
    """Return the place of a hit that a cursor stands for. Raises Problem."""
    place = from_cursor(cursor, int, str)
    if place is None:
        return None
    rank, id_ = place
    if not re.fullmatch("[0-9]{1,19}", id_) or int(id_) >= 2**63:
        raise no_cursor()
    return rank, int(id_)


def search_cursor(place: Place) -> str:
    """Return the place of a hit as a word."""
    rank, id_ = place
    return to_cursor([rank, str(id_)])
