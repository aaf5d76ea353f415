"""Tags and categories that may fit a text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from lepton_hub.api.conditional import tagged
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.catalogue.cards import TAG, Text
from lepton_hub.catalogue.items import find_item
from lepton_hub.catalogue.names import ITEM, SPACE
from lepton_hub.knowledge.documents import newest_text
from lepton_hub.permissions import Action
from lepton_hub.suggestions.label_suggestions import LabelSuggestion
from lepton_hub.suggestions.suggestion_corpus import LOOKED_AT, known_texts, suggest_for_text

router = APIRouter(tags=["suggestions"])


class SuggestionAnswer(BaseModel):
    """A label that may fit.

    words: the words of the text that led to it; texts: the number of other texts you may see that
    contain one of them and have the label; module: set instead if it is a course term.
    """

    label: str
    words: list[str]
    texts: int
    module: str
    why: str


class SuggestionsAnswer(BaseModel):
    """Tags and categories that may fit a text, the best first."""

    tags: list[SuggestionAnswer]
    categories: list[SuggestionAnswer]


@router.get("/suggestions/tags", response_model=SuggestionsAnswer, responses=described(404))
def suggested(
    request: Request,
    state: State,
    person: Asker,
    text: Annotated[Text, Query(max_length=LOOKED_AT, description="Title and text.")] = "",
    item: Annotated[
        str | None, Query(pattern=f"^{SPACE}/{ITEM}$", description="The item it belongs to.")
    ] = None,
    without: Annotated[list[Annotated[str, Query(pattern=f"^{TAG}$")]], Query(max_length=20)] = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=20, description="Tags at most.")] = 5,
) -> Response:
    """Suggest tags and categories for a text or an item, from those of similar texts.

    Only texts you may see count. The text itself is not stored.
    """
    if not text.strip() and item is None:
        raise Problem(422, "query.text: send a text or an item.")
    with state.reading.begin() as session:
        found = None
        if item is not None:
            space, _, name = item.rpartition("/")
            found = find_item(session, person, space, name, Action.VIEW)
            without = [*without, *(tag.tag for tag in found.tags)]
            if not text.strip():
                parts = (found.title, found.description, newest_text(session, found))
                text = "\n".join(parts)
        known = known_texts(session, person, found)
        note(session, person, "tags.suggest", item or "suggestions")
    labels = suggest_for_text(known, state.course, text, most=limit, without=without)
    answer = SuggestionsAnswer(
        tags=[_answer(one) for one in labels.tags],
        categories=[_answer(one) for one in labels.categories],
    )
    return tagged(request, answer)


def _answer(one: LabelSuggestion) -> SuggestionAnswer:
    return SuggestionAnswer(**vars(one), why=one.why)
