"""Manage access to an item: roles, pending requests, links."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlalchemy import select

from lepton_hub.api.problems import Problem
from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.api.routes import sharing_routes
from lepton_hub.api.routes.sharing_routes import NewGrant, NewLink, RequestDecision
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.items import NotVisible, find_item
from lepton_hub.catalogue.versions import list_versions
from lepton_hub.identity.person import Person
from lepton_hub.pages.forms import problems_of
from lepton_hub.pages.forms.form_reading import by_field, number_in
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Action, Grant, Subject
from lepton_hub.permissions.access_requests import waiting_for
from lepton_hub.permissions.links import links_of

router = APIRouter(include_in_schema=False)

ROLES = [
    ("read", "read: see and download"),
    ("contribute", "contribute: also add versions, change card and text"),
    ("manage", "manage: also share and delete"),
]
SUBJECTS = [
    ("person", "a person"),
    ("team", "a team"),
    ("organisation", "an organisation"),
    ("everybody", "everybody"),
]
HOURS = [("1", "an hour"), ("24", "a day"), ("168", "a week"), ("720", "30 days"),
         ("2160", "90 days")]  # fmt: skip
SENTENCES = {
    "subject": "Choose who gets the role.",
    "name": "This cannot be the name of a person, a team or an organisation.",
    "role": "Choose a role.",
    "hours": "Choose when it expires.",
    "version": "There is no such version.",
}
MOST_VERSIONS = 100
_NAME = re.compile(sharing_routes.SUBJECT_NAME)
_LINK = re.compile(r"[A-Za-z0-9_-]{1,32}")


@router.get("/pages/items/{space}/{name}/sharing")
def show_sharing(
    request: Request, state: State, person: Visitor, space: Space, name: Name
) -> Response:
    """Show who has access."""
    return _page(request, state, person, space, name)


@router.post("/pages/items/{space}/{name}/sharing/grants")
def change_grant(
    request: Request, state: State, person: Visitor, form: SentForm, space: Space, name: Name
) -> Response:
    """Grant or revoke a role."""
    typed = {key: form.get(key, "").strip() for key in ("subject", "name", "role")}
    if typed["subject"] == Subject.EVERYBODY:
        typed["name"] = ""
    place = f"/pages/items/{space}/{name}/sharing"
    if form.get("wish") == "take":
        if typed["subject"] not in list(Subject) or not _NAME.fullmatch(typed["name"]):
            raise NotVisible
        subject = Subject(typed["subject"])
        sharing_routes.revoke(state, person, space, name, subject, typed["name"])
        return see_other(request, place, f"{_whom(typed)} no longer has this role.")
    try:
        told = NewGrant.model_validate(typed)
    except ValidationError as error:
        problems = problems_of(error, SENTENCES)
        if "" in problems:  # concerns subject and name together
            problems = {"name": "Type the name." if not typed["name"] else problems[""]}
        return _page(request, state, person, space, name, typed=typed, problems=problems)
    try:
        sharing_routes.grant(state, person, space, name, told)
    except Problem as full:
        if full.status != 409:
            raise
        problems = {"name": full.detail}
        return _page(request, state, person, space, name, typed=typed, problems=problems)
    return see_other(request, place, f"{_whom(typed)} may now {told.role}.")


@router.post("/pages/items/{space}/{name}/sharing/requests/{id}")
def answer(
    request: Request,
    state: State,
    person: Visitor,
    form: SentForm,
    space: Space,
    name: Name,
    id: sharing_routes.Id,
) -> Response:
    """Decide an access request; return to the page it was decided on."""
    granted = form.get("answer") == "grant"
    told = RequestDecision(granted=granted)
    made = sharing_routes.decide(state, person, space, name, id, told)
    said = (
        f"{made.person} may now {made.role} {space}/{name}."
        if granted
        else "The request has been refused. To the person who asked, it still looks pending."
    )
    back = "/pages/requests" if form.get("back") == "requests" else ""
    return see_other(request, back or f"/pages/items/{space}/{name}/sharing", said)


@router.post("/pages/items/{space}/{name}/sharing/links")
def change_link(
    request: Request, state: State, person: Visitor, form: SentForm, space: Space, name: Name
) -> Response:
    """Create a link and show it once, or revoke one."""
    if form.get("wish") == "end":
        link = form.get("link", "")
        if not _LINK.fullmatch(link):
            raise NotVisible
        sharing_routes.end_link(state, person, space, name, link)
        said = "The link has been revoked."
        return see_other(request, f"/pages/items/{space}/{name}/sharing", said)
    typed = {"hours": form.get("hours", ""), "version": form.get("version", "")}
    try:
        # An invalid number becomes 0, which is no version: never a link to all versions.
        version = (number_in(typed["version"]) or 0) if typed["version"] else None
        told = NewLink(hours=number_in(typed["hours"]) or 0, version=version)
        made = sharing_routes.make(state, person, space, name, told)
    except (ValidationError, NotVisible):
        with state.reading.begin() as session:
            find_item(session, person, space, name, Action.SHARE)
        wrong = "version" if number_in(typed["hours"]) else "hours"
        problems = {wrong: SENTENCES[wrong]}
        return _page(request, state, person, space, name, typed=typed, problems=problems)
    secret = (made.path or "").rpartition("/")[2]
    host = f"{request.url.scheme}://{request.url.netloc}{state.settings.prefix}"
    return _page(request, state, person, space, name, link=f"{host}/pages/links/{secret}")


def _whom(typed: dict[str, str]) -> str:
    subject = typed["subject"]
    if subject == Subject.EVERYBODY:
        return "Everybody"
    return typed["name"] if subject == Subject.PERSON else f"The {subject} {typed['name']}"


def _page(
    request: Request,
    state: ServiceState,
    person: Person,
    space: str,
    name: str,
    typed: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    link: str = "",
) -> Response:
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        query = select(Grant).where(Grant.item_id == item.id).order_by(Grant.subject, Grant.name)
        grants = list(session.scalars(query))
        waiting = waiting_for(session, space, name)
        links = links_of(session, item.id)
        versions = [str(one.number) for one in list_versions(session, item, MOST_VERSIONS, None)[0]]
        note(session, person, "grant.list", item.reference)
    usual = {"subject": "person", "name": "", "role": "read", "hours": "168", "version": ""}
    return render(
        request, person, "items/sharing.html", status=422 if problems else 200,
        item=item, grants=grants, waiting=waiting, links=links, versions=versions, link=link,
        typed={**usual, **(typed or {})}, problems=by_field(problems),
        roles=ROLES, subjects=SUBJECTS, hours=HOURS,
    )  # fmt: skip
