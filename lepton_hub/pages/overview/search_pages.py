"""Search over items, documents and discussions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lepton_hub.api.asking import State, note
from lepton_hub.api.knowledge.knowledge_answers import HitAnswer, hit_answer
from lepton_hub.api.knowledge.search_routes import FoundKind, from_search_cursor, search_cursor
from lepton_hub.api.paging import Cursor
from lepton_hub.catalogue.cards import TAG, Text
from lepton_hub.database import read_one_moment
from lepton_hub.identity.person import PERSON, TEAM
from lepton_hub.knowledge.course_places import place_in_words
from lepton_hub.knowledge.subscriptions import following
from lepton_hub.pages.knowledge.thread_pages import post_path
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import Visitor
from lepton_hub.search import SearchFilters, SearchHit, count_facets, plan_search, search
from lepton_hub.search.facet_counts import FacetCounts
from lepton_hub.search.word_forms import MOST_WORDS, words_of

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 20
NO_FACETS: dict[str, dict[str, int]] = {"kind": {}, "tag": {}, "team": {}, "owner": {}}


@dataclass(frozen=True)
class ShownHit:
    """Something that was found, and the path of its page, without the hub's prefix.

    about: what a discussion is about, in words.
    """

    answer: HitAnswer
    place: str
    about: str = ""


@router.get("/pages/search")
def find(
    request: Request,
    state: State,
    person: Visitor,
    q: Annotated[Text, Query(max_length=200)] = "",
    kind: FoundKind | None = None,
    tag: Annotated[str | None, Query(pattern=f"^{TAG}$")] = None,
    team: Annotated[str | None, Query(pattern=f"^{TEAM}$")] = None,
    owner: Annotated[str | None, Query(pattern=f"^{PERSON}$")] = None,
    cursor: Cursor = None,
) -> Response:
    """Show what has all the words, the best first; without words all, the latest first."""
    words = words_of(q)
    problem = ""
    nothing_to_find = bool(q.strip()) and not words
    if nothing_to_find:
        problem = "There is no word in it to look for: type letters or digits."
    elif len(words) > MOST_WORDS:
        problem = f"Only the first {MOST_WORDS} words were looked for."
    after = from_search_cursor(cursor)
    filters = SearchFilters(words[:MOST_WORDS], kind, tag, team, owner)
    with state.reading.begin() as session:
        read_one_moment(session)  # an edit gives an entry another id: what is found must be there
        plan = plan_search(session, person, filters)
        found = [] if nothing_to_find else search(plan, ON_A_PAGE + 1, after)
        counts = FacetCounts(0, NO_FACETS, True) if nothing_to_find else count_facets(plan)
        hits = [_shown(hit, filters.words) for hit in found[:ON_A_PAGE]]
        last = found[ON_A_PAGE - 1].place if len(found) > ON_A_PAGE else None
        followed = following(session, person)
        query = request.url.query[:2000]
        note(session, person, "search", "search", query=query, found=counts.total)
    chosen = {"q": q, "kind": kind, "tag": tag, "team": team, "owner": owner}
    return render(
        request, person, "overview/search.html", status=422 if nothing_to_find else 200,
        hits=hits, counts=counts, problem=problem, followed=followed,
        chosen={name: str(value) for name, value in chosen.items() if value},
        next=search_cursor(last) if last else None,
    )  # fmt: skip


def _shown(hit: SearchHit, words: list[str]) -> ShownHit:
    answer = hit_answer(hit, words)
    if answer.thread and answer.post:
        about = hit.item.title if hit.item else place_in_words(answer.reference)
        return ShownHit(answer, post_path(answer.thread, answer.post), about)
    kind = "documents" if answer.kind == "document" else "items"
    return ShownHit(answer, f"/pages/{kind}/{answer.reference}")
