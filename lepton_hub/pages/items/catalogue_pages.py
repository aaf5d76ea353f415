"""The catalogue: all items a person may see, and a form for a new one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lepton_hub.api.answers import summary_of
from lepton_hub.api.paging import Cursor, from_cursor, to_cursor
from lepton_hub.api.problems import Problem
from lepton_hub.api.request_context import State, note
from lepton_hub.api.routes import item_routes
from lepton_hub.catalogue.cards import TAG, ItemKind, Text
from lepton_hub.catalogue.item_lists import Filters, list_items
from lepton_hub.catalogue.names import SPACE
from lepton_hub.identity.person import PERSON, Person
from lepton_hub.pages.forms.form_reading import (
    by_field,
    content_of,
    form_key,
    new_form_number,
)
from lepton_hub.pages.forms.offered_choices import PERSONAL_DATA, spaces_of
from lepton_hub.pages.items.card_forms import (
    KINDS,
    blank_card,
    read_new_item,
)
from lepton_hub.pages.knowledge.suggested_labels import SUGGEST, labels_for, with_chosen
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.suggestions.suggestion_corpus import SuggestedLabels

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 30
MOST_WORDS = 8


@router.get("/pages/items")
def catalogue(
    request: Request,
    state: State,
    person: Visitor,
    q: Annotated[Text, Query(max_length=200)] = "",
    kind: ItemKind | None = None,
    tag: Annotated[str | None, Query(pattern=f"^{TAG}$")] = None,
    category: Annotated[Text | None, Query(max_length=64)] = None,
    space: Annotated[str | None, Query(pattern=f"^{SPACE}$")] = None,
    owner: Annotated[str | None, Query(pattern=f"^{PERSON}$")] = None,
    cursor: Cursor = None,
) -> Response:
    """List items by space and name, with counts by kind and tag."""
    words = q.split()
    filters = Filters(" ".join(words[:MOST_WORDS]), kind, tag, category, space, owner)
    after = from_cursor(cursor, str, str)
    with state.reading.begin() as session:
        place = (after[0], after[1]) if after else None
        found = list_items(session, person, filters, ON_A_PAGE, place)
        page = [summary_of(item) for item in found.items]
        query = request.url.query[:2000]
        note(session, person, "item.list", "items", query=query, found=found.total)
    chosen = {"q": q, "kind": kind, "tag": tag, "category": category, "space": space}
    chosen = {name: str(value) for name, value in {**chosen, "owner": owner}.items() if value}
    return render(
        request, person, "items/catalogue.html",
        items=page, total=found.total, facets=found.facets, chosen=chosen,
        next=to_cursor([*found.next]) if found.next else None,
        few=len(words) <= MOST_WORDS, most_words=MOST_WORDS,
    )  # fmt: skip


@router.get("/pages/items/new")
def new_item(request: Request, person: Visitor) -> Response:
    """Show a form for a new item."""
    return _form(request, person, {**blank_card(), "space": "", "name": "", "kind": ""}, {})


@router.post("/pages/items/new")
def make_item(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Create an item, or suggest tags for it."""
    typed = with_chosen(form)
    if form.get("action") == SUGGEST:
        return _form(request, person, typed, {}, labels_for(state, person, typed))
    told, problems = read_new_item(typed)
    if told is not None:
        try:
            made = item_routes.make(
                request, state, person, told, form_key(form.get("once", ""), told)
            )
            reference = content_of(made)["reference"]
            said = "The item has been created. Now add its first version: the files."
            return see_other(request, f"/pages/items/{reference}/versions/new", said)
        except Problem as problem:
            problems = {"space" if problem.status == 403 else "name": problem.detail}
    return _form(request, person, typed, problems)


def _form(
    request: Request,
    person: Person,
    typed: dict[str, str],
    problems: dict[str, str],
    suggested: SuggestedLabels | None = None,
) -> Response:
    return render(
        request, person, "items/new_item.html", status=422 if problems else 200,
        typed={**blank_card(), "space": "", "name": "", "kind": "", **typed},
        once=typed.get("once") or new_form_number(),
        problems=by_field(problems), kinds=KINDS, spaces=spaces_of(person),
        personal_data=PERSONAL_DATA, suggested=suggested,
    )  # fmt: skip
