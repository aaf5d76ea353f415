"""Edit an item's card; delete an item."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Request, Response

from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.api.routes.item_routes import remove, replace_card
from lepton_hub.catalogue.items import card_of, find_item
from lepton_hub.identity.person import Person
from lepton_hub.pages.forms.form_reading import by_field
from lepton_hub.pages.forms.offered_choices import PERSONAL_DATA
from lepton_hub.pages.items.card_forms import (
    blank_card,
    differences,
    read_card,
    typed_of,
)
from lepton_hub.pages.knowledge.suggested_labels import SUGGEST, labels_for, with_chosen
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Action
from lepton_hub.suggestions.suggestion_corpus import SuggestedLabels

router = APIRouter(include_in_schema=False)

CHANGED = (
    "The card has been changed in the meantime, so nothing has been saved yet. Where it differs "
    "from what you typed, the field shows the current value. Save again to replace it with what "
    "is in the form."
)


@router.get("/pages/items/{space}/{name}/card")
def edit_card(
    request: Request, state: State, person: Visitor, space: Space, name: Name
) -> Response:
    """Show an item's card as a form."""
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.EDIT_CARD)
        typed = typed_of(card_of(item))
        revision = item.card_revision
        note(session, person, "card.read", item.reference)
    return _form(request, person, f"{space}/{name}", typed, revision, {})


@router.post("/pages/items/{space}/{name}/card")
def change_card(
    request: Request, state: State, person: Visitor, form: SentForm, space: Space, name: Name
) -> Response:
    """Replace an item's card. If somebody else saved first, show both without saving."""
    typed = with_chosen(form)
    if form.get("action") == SUGGEST:
        return _suggesting(request, state, person, f"{space}/{name}", typed)
    card, problems = read_card(typed)
    with state.sessions.begin() as session:
        item = find_item(session, person, space, name, Action.EDIT_CARD)
        revision = item.card_revision
        known = form.get("revision") == str(revision)
        if card is not None and known:
            replace_card(session, person, item, card)
            return see_other(
                request, f"/pages/items/{item.reference}", "The card has been changed."
            )
        if card is not None:
            problems = {**differences(card_of(item), typed), "": CHANGED}
        note(session, person, "card.read", item.reference)
    if not known and "" not in problems:
        revision = 0  # sending the form again confirms the change
    return _form(request, person, f"{space}/{name}", typed, revision, problems)


@router.get("/pages/items/{space}/{name}/delete")
def confirm_delete(
    request: Request, state: State, person: Visitor, space: Space, name: Name
) -> Response:
    """Ask for confirmation before deleting an item."""
    return _confirmation(request, state, person, space, name, "")


@router.post("/pages/items/{space}/{name}/delete")
def delete(
    request: Request,
    state: State,
    person: Visitor,
    form: SentForm,
    space: Space,
    name: Name,
    afterwards: BackgroundTasks,
) -> Response:
    """Delete an item permanently once its name has been typed."""
    if form.get("typed_name", "").strip() not in (name, f"{space}/{name}"):
        problem = f"To delete it, type its name: {name}"
        return _confirmation(request, state, person, space, name, problem)
    remove(state, person, space, name, afterwards)
    answer = see_other(request, "/pages/items", f"{space}/{name} has been deleted.")
    answer.background = afterwards
    return answer


def _suggesting(
    request: Request, state: State, person: Person, reference: str, typed: dict[str, str]
) -> Response:
    """Show the form as typed with suggested tags, keeping its base revision."""
    with state.reading.begin() as session:
        item = find_item(session, person, *reference.split("/"), Action.EDIT_CARD)
        note(session, person, "card.read", reference)
    began = typed.get("revision", "")
    revision = int(began) if began.isdecimal() and began.isascii() and len(began) < 10 else 0
    suggested = labels_for(state, person, typed, item)
    return _form(request, person, reference, typed, revision, {}, suggested)


def _confirmation(
    request: Request, state: State, person: Person, space: str, name: str, problem: str
) -> Response:
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.DELETE)
        note(session, person, "card.read", item.reference)
    return render(
        request, person, "items/delete_item.html",
        item=item, problem=problem, status=422 if problem else 200,
    )  # fmt: skip


def _form(
    request: Request,
    person: Person,
    reference: str,
    typed: dict[str, str],
    revision: int,
    problems: dict[str, str],
    suggested: SuggestedLabels | None = None,
) -> Response:
    return render(
        request, person, "items/edit_card.html", status=422 if problems else 200,
        reference=reference, typed={**blank_card(), **typed}, revision=revision,
        problems=by_field(problems), personal_data=PERSONAL_DATA, suggested=suggested,
    )  # fmt: skip
