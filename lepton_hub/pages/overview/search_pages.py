"""Search over items, documents and discussions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lepton_hub.api.knowledge.knowledge_answers import HitAnswer, hit_answer
from lepton_hub.api.knowledge.search_routes import FoundKind, FoundPage, look_up
from lepton_hub.api.paging import Cursor
from lepton_hub.api.request_context import State
from lepton_hub.catalogue.cards import TAG, Text
from lepton_hub.identity.person import PERSON, TEAM
from lepton_hub.knowledge.course_places import place_in_words
from lepton_hub.knowledge.subscriptions import following
from lepton_hub.pages.knowledge.thread_pages import post_path
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import Visitor
from lepton_hub.search import FacetCounts, SearchFilters, SearchHit
from lepton_hub.search.word_forms import MOST_WORDS, words_of

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 20
NOTHING = FoundPage(
    [], FacetCounts(0, {"kind": {}, "tag": {}, "team": {}, "owner": {}}, True), None
)


@dataclass(frozen=True)
class ShownHit:
    """A search hit and the path of its page, without the hub's prefix.

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
    """Show the hits that contain all words, best first; without words everything, latest first."""
    words = words_of(q)
    problem = ""
    nothing_to_find = bool(q.strip()) and not words
    if nothing_to_find:
        problem = "Your search contains no word: type letters or digits."
    elif len(words) > MOST_WORDS:
        problem = f"Only the first {MOST_WORDS} words were used."
    filters = SearchFilters(words[:MOST_WORDS], kind, tag, team, owner)
    with state.reading.begin() as session:
        found = NOTHING
        if not nothing_to_find:
            found = look_up(request, session, person, filters, ON_A_PAGE, cursor)
        hits = [_shown(hit, filters.words) for hit in found.hits]
        followed = following(session, person)
    chosen = {"q": q, "kind": kind, "tag": tag, "team": team, "owner": owner}
    return render(
        request, person, "overview/search.html", status=422 if nothing_to_find else 200,
        hits=hits, counts=found.counts, problem=problem, followed=followed,
        chosen={name: str(value) for name, value in chosen.items() if value},
        next=found.next,
    )  # fmt: skip


def _shown(hit: SearchHit, words: list[str]) -> ShownHit:
    answer = hit_answer(hit, words)
    if answer.thread and answer.post:
        about = hit.item.title if hit.item else place_in_words(answer.reference)
        return ShownHit(answer, post_path(answer.thread, answer.post), about)
    kind = "documents" if answer.kind == "document" else "items"
    return ShownHit(answer, f"/pages/{kind}/{answer.reference}")
