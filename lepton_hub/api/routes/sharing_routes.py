"""Sharing an item: grants, access requests, links."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.api.answers import (
    GrantAnswer,
    GrantList,
    LinkAnswer,
    LinkList,
    RequestAnswer,
    RequestList,
)
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, Name, Space, State, note
from lepton_hub.catalogue.cards import Told
from lepton_hub.catalogue.items import NotVisible, find_item
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.catalogue.versions import find_version
from lepton_hub.identity.person import PERSON, TEAM, Person
from lepton_hub.permissions import AccessRequest, Action, Grant, Role, SharedLink, Subject
from lepton_hub.permissions.access_requests import answer_request, waiting_for
from lepton_hub.permissions.grants import (
    MOST_GRANTS,
    TooManyGrants,
    end_links_of_former,
    give_role,
    grant_of,
)
from lepton_hub.permissions.links import LONGEST, links_of, make_link
from lepton_hub.permissions.roles import includes

router = APIRouter(tags=["sharing"], prefix="/items/{space}/{name}")

GivenRole = Annotated[Role, Field(json_schema_extra={"enum": ["read", "contribute", "manage"]})]
SUBJECT_NAME = rf"^({PERSON}|{TEAM}|)$"
FULL = (
    f"An item has at most {MOST_GRANTS} grants. Grant the role to a team, an organisation or "
    "everybody instead, or revoke some grants first."
)
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


class NewGrant(Told):
    """A role for somebody. name: of the person, team or organisation; empty for everybody."""

    subject: Subject
    name: Annotated[str, Field(pattern=SUBJECT_NAME)] = ""
    role: GivenRole

    @model_validator(mode="after")
    def _fits(self) -> NewGrant:
        if self.role is Role.OWNER:
            raise ValueError("ownership cannot be granted: grant manage")
        if (self.name == "") != (self.subject is Subject.EVERYBODY):
            raise ValueError("a person, a team and an organisation have a name, everybody has none")
        return self


class RequestDecision(Told):
    """The decision on a request."""

    granted: bool


class NewLink(Told):
    """A link to create. hours: its lifetime; version: the only version it shows, if set."""

    hours: Annotated[int, Field(ge=1, le=LONGEST.days * 24)] = 24 * 7
    version: Annotated[int | None, Field(ge=1, lt=10**9)] = None


@router.get("/grants", response_model=GrantList, responses=described(403, 404))
def list_grants(state: State, person: Asker, space: Space, name: Name) -> GrantList:
    """List granted roles. In addition, the owner may do anything, and a space's team may read."""
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        query = select(Grant).where(Grant.item_id == item.id).order_by(Grant.subject, Grant.name)
        answer = GrantList(grants=[_grant_answer(grant) for grant in session.scalars(query)])
        note(session, person, "grant.list", item.reference)
        return answer


@router.put("/grants", response_model=GrantAnswer, responses=described(403, 404, 409))
def grant(state: State, person: Asker, space: Space, name: Name, told: NewGrant) -> GrantAnswer:
    """Grant a role, replacing the one the same subject had."""
    with state.sessions.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        held = grant_of(session, item, told.subject, told.name)
        before = Role(held.role) if held else told.role
        made = _give(session, item, person, told.subject, told.name, told.role)
        ended = end_links_of_former(session, item, made, before)
        answer = _grant_answer(made)
        what = {"subject": told.subject, "name": told.name, "role": told.role}
        note(session, person, "grant.give", item.reference, **what)
        for link in ended:
            note(session, person, "link.end", item.reference, link=link)
        return answer


@router.delete("/grants", status_code=204, responses=described(403, 404))
def revoke(
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    subject: Subject,
    of: Annotated[
        str, Query(pattern=SUBJECT_NAME, description="Whose role; empty for everybody's.")
    ] = (""),
) -> Response:
    """Revoke a role."""
    with state.sessions.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        found = grant_of(session, item, subject, of)
        if found is None:
            raise NotVisible
        session.delete(found)
        session.flush()
        ended = end_links_of_former(session, item, found, Role(found.role))
        note(session, person, "grant.take", item.reference, subject=subject, name=of)
        for link in ended:
            note(session, person, "link.end", item.reference, link=link)
    return Response(status_code=204)


@router.get("/requests", response_model=RequestList, responses=described(403, 404))
def list_requests(state: State, person: Asker, space: Space, name: Name) -> RequestList:
    """List pending access requests for an item."""
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        waiting = waiting_for(session, space, name)
        note(session, person, "request.list", item.reference)
        return RequestList(requests=[request_answer(one, one.answer) for one in waiting])


@router.post("/requests/{id}", response_model=RequestAnswer, responses=described(403, 404, 409))
def decide(
    state: State, person: Asker, space: Space, name: Name, id: Id, told: RequestDecision
) -> RequestAnswer:
    """Decide a request: grant the role, or refuse without telling the person."""
    with state.sessions.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        found = next((one for one in waiting_for(session, space, name) if one.id == id), None)
        if found is None:
            raise NotVisible
        answer_request(found, told.granted, person.name)
        held = grant_of(session, item, Subject.PERSON, found.person)
        if told.granted and (held is None or not includes(Role(held.role), Role(found.role))):
            _give(session, item, person, Subject.PERSON, found.person, Role(found.role))
        session.flush()
        what = {"of": found.person, "role": found.role, "granted": told.granted}
        note(session, person, "request.answer", item.reference, **what)
        return request_answer(found, found.answer)


@router.get("/links", response_model=LinkList, responses=described(403, 404))
def list_links(state: State, person: Asker, space: Space, name: Name) -> LinkList:
    """List an item's links. Their addresses were returned at creation and are not stored."""
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        answer = LinkList(links=[_link_answer(link) for link in links_of(session, item.id)])
        note(session, person, "link.list", item.reference)
        return answer


@router.post("/links", status_code=201, response_model=LinkAnswer, responses=described(403, 404))
def make(state: State, person: Asker, space: Space, name: Name, told: NewLink) -> LinkAnswer:
    """Create a link through which anybody who is signed in may read the item until it expires."""
    with state.sessions.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        if told.version is not None:
            find_version(session, item, told.version)
        lasts = timedelta(hours=told.hours)
        link, secret = make_link(session, item.id, person.name, lasts, told.version)
        what = {"link": link.id, "version": told.version, "hours": told.hours}
        note(session, person, "link.make", item.reference, **what)
        return _link_answer(link, f"{state.settings.prefix}/links/{secret}")


@router.delete("/links/{id}", status_code=204, responses=described(403, 404))
def end_link(state: State, person: Asker, space: Space, name: Name, id: Id) -> Response:
    """Revoke a link."""
    with state.sessions.begin() as session:
        item = find_item(session, person, space, name, Action.SHARE)
        link = session.get(SharedLink, id)
        if link is None or link.item_id != item.id:
            raise NotVisible
        session.delete(link)
        session.flush()
        note(session, person, "link.end", item.reference, link=id)
    return Response(status_code=204)


def request_answer(request: AccessRequest, answer: str | None) -> RequestAnswer:
    """Return a request with the answer that its author is shown."""
    return RequestAnswer(
        id=request.id,
        item=f"{request.space}/{request.item_name}",
        person=request.person,
        role=Role(request.role),
        message=request.message,
        asked_at=request.asked_at,
        answer=answer or "waiting",
    )


def _give(
    session: Session, item: SharedItem, by: Person, subject: Subject, name: str, role: Role
) -> Grant:
    try:
        return give_role(session, item, by, subject, name, role)
    except TooManyGrants as error:
        raise Problem(409, FULL) from error


def _grant_answer(grant: Grant) -> GrantAnswer:
    names = ("subject", "name", "role", "granted_by", "granted_at")
    return GrantAnswer(**{name: getattr(grant, name) for name in names})


def _link_answer(link: SharedLink, path: str | None = None) -> LinkAnswer:
    names = ("id", "version", "made_by", "made_at", "expires_at")
    return LinkAnswer(**{name: getattr(link, name) for name in names}, path=path)
