"""Request access, track requests, answer others' requests, and follow shared links."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from lepton_hub.api.answers import version_answer
from lepton_hub.api.problems import Problem
from lepton_hub.api.request_context import State, note
from lepton_hub.api.routes import access_request_routes
from lepton_hub.api.routes.access_request_routes import NewRequest, Secret
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.items import card_of
from lepton_hub.catalogue.versions import find_version, list_versions
from lepton_hub.identity.person import Person
from lepton_hub.pages.forms import problems_of
from lepton_hub.pages.forms.form_reading import by_field, form_key, new_form_number
from lepton_hub.pages.items.sharing_pages import ROLES
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor

router = APIRouter(include_in_schema=False)

SENTENCES = {
    "item": "Type its name as SPACE/NAME, such as city/ridership.",
    "role": "Choose a role.",
}
ASKED = (
    "Your request has been sent. This page shows when it is granted; a request expires after 30 "
    "days."
)


@router.get("/pages/requests")
def show_requests(
    request: Request,
    state: State,
    person: Visitor,
    item: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """Show pending requests for the person's items, and the person's own requests."""
    return _page(request, state, person, {"item": item})


@router.post("/pages/requests")
def ask(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Request access to an item, whether it exists or not."""
    typed = {name: form.get(name, "") for name in ("once", "item", "role", "message")}
    try:
        asked = {"item": typed["item"].strip(), "role": typed["role"], "message": typed["message"]}
        told = NewRequest.model_validate(asked)
        access_request_routes.make(
            request, state, person, told, form_key(form.get("once", ""), told)
        )
    except ValidationError as error:
        return _page(request, state, person, typed, problems_of(error, SENTENCES))
    except Problem as problem:
        return _page(request, state, person, typed, {"": problem.detail})
    return see_other(request, "/pages/requests", ASKED)


@router.get("/pages/links/{secret}")
def follow_link(request: Request, state: State, person: Visitor, secret: Secret) -> Response:
    """Show an item through a link."""
    with state.reading.begin() as session:
        link, item = access_request_routes.linked(session, secret)
        if link.version is None:
            versions = list(list_versions(session, item, 100, None)[0])
        else:
            versions = [find_version(session, item, link.version)]
        answers = [version_answer(session, person, item, version) for version in versions]
        card = card_of(item)
        note(session, person, "link.follow", item.reference, link=link.id)
    return render(
        request, person, "items/linked_item.html",
        item=item, card=card, versions=answers, link=link, secret=secret,
    )  # fmt: skip


def _page(
    request: Request,
    state: ServiceState,
    person: Person,
    typed: dict[str, str],
    problems: dict[str, str] | None = None,
) -> Response:
    mine = access_request_routes.list_mine(state, person).requests
    to_me = access_request_routes.list_to_me(state, person).requests
    return render(
        request, person, "items/requests.html", status=422 if problems else 200,
        once=typed.get("once") or new_form_number(), mine=mine, to_me=to_me,
        typed={"item": "", "role": "read", "message": "", **typed},
        problems=by_field(problems), roles=ROLES,
    )  # fmt: skip
