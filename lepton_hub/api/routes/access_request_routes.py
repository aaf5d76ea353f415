"""Access requests, and what links show, for people without a role."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, field_validator
from sqlalchemy import and_
from sqlalchemy.orm import Session

from lepton_hub.api.answers import LinkedItem, RequestAnswer, RequestList, version_answer
from lepton_hub.api.byte_ranges import content_response
from lepton_hub.api.conditional import tagged
from lepton_hub.api.idempotency import IdempotencyKey, KeptAnswer, once
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, Number, State, note, version_number
from lepton_hub.api.routes.sharing_routes import GivenRole, request_answer
from lepton_hub.api.routes.version_routes import CONTENT, FilePath
from lepton_hub.catalogue.cards import Text, Told
from lepton_hub.catalogue.items import NotVisible, card_of
from lepton_hub.catalogue.names import NameProblem, parse_reference
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.catalogue.versions import find_file, find_version, list_versions
from lepton_hub.identity.person import Person
from lepton_hub.permissions import AccessRequest, Role, SharedLink
from lepton_hub.permissions.access_requests import TooManyRequests, ask, requests_by, waiting
from lepton_hub.permissions.links import link_by

router = APIRouter(tags=["access requests"])

Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]


class NewRequest(Told):
    """A request for access to an item, by its name."""

    item: Annotated[str, Field(max_length=200)]
    role: GivenRole = Role.READ
    message: Annotated[Text, Field(max_length=1000)] = ""

    @field_validator("item")
    @classmethod
    def _is_name(cls, text: str) -> str:
        try:
            found = parse_reference(text)
        except NameProblem as problem:
            raise ValueError(str(problem)) from problem
        return f"{found.space}/{found.name}"

    @field_validator("role")
    @classmethod
    def _is_given(cls, role: Role) -> Role:
        if role is Role.OWNER:
            raise ValueError("nobody is made an owner")
        return role


@router.get("/requests", response_model=RequestList, responses=described())
def list_mine(state: State, person: Asker) -> RequestList:
    """List your access requests of the last 30 days. A refusal is not revealed here."""
    with state.reading.begin() as session:
        mine = requests_by(session, person.name)
        answer = RequestList(requests=[request_answer(one, one.shown_answer) for one in mine])
        note(session, person, "request.list", "requests")
        return answer


@router.get("/requests/to-me", response_model=RequestList, responses=described())
def list_to_me(state: State, person: Asker) -> RequestList:
    """List pending access requests for items you own."""
    with state.reading.begin() as session:
        found = requests_to(session, person)
        note(session, person, "request.list", "requests to me")
        return RequestList(requests=found)


def requests_to(session: Session, person: Person) -> list[RequestAnswer]:
    """Return pending access requests for the items a person owns, oldest first."""
    mine = and_(
        SharedItem.space == AccessRequest.space,
        SharedItem.name == AccessRequest.item_name,
        SharedItem.owner == person.name,
        SharedItem.deleted_at.is_(None),
    )
    found = session.scalars(waiting().join(SharedItem, mine))
    return [request_answer(one, one.answer) for one in found]


@router.post("/requests", status_code=202, response_model=RequestAnswer, responses=described(409))
def make(
    request: Request, state: State, person: Asker, told: NewRequest, key: IdempotencyKey = None
) -> Response:
    """Request access to an item. The answer is the same whether the item exists or not."""
    reference = parse_reference(told.item)

    def work() -> KeptAnswer:
        try:
            made = ask(
                session, person.name, reference.space, reference.name, told.role, told.message
            )
        except TooManyRequests as error:
            raise Problem(
                409, "Too many of your requests are pending: wait for answers first."
            ) from error
        note(session, person, "request.make", told.item, role=told.role)
        return KeptAnswer(202, request_answer(made, made.shown_answer))

    with state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get("/links/{secret}", response_model=LinkedItem, responses=described(404))
def follow(request: Request, state: State, person: Asker, secret: Secret) -> Response:
    """Return the item that a link shows."""
    with state.reading.begin() as session:
        link, item = linked(session, secret)
        if link.version is None:
            versions = list(list_versions(session, item, 100, None)[0])
        else:
            versions = [find_version(session, item, link.version)]
        answer = LinkedItem(
            reference=item.reference,
            kind=item.kind,
            owner=item.owner,
            card=card_of(item),
            versions=[version_answer(session, person, item, version) for version in versions],
            expires_at=link.expires_at,
        )
        note(session, person, "link.follow", item.reference, link=link.id)
    return tagged(request, answer)


@router.get(
    "/links/{secret}/files/{number}/{path:path}", responses={**described(404, 416), **CONTENT}
)
def download(
    request: Request, state: State, person: Asker, secret: Secret, number: Number, path: FilePath
) -> Response:
    """Return a file that a link shows."""
    with state.reading.begin() as session:
        link, item = linked(session, secret)
        version = find_version(session, item, version_number(number))
        if link.version not in (None, version.number):
            raise NotVisible
        file = find_file(version, path)
        reference = f"{item.reference}@{version.number}"
        note(session, person, "file.download", reference, path=file.path, link=link.id)
    return content_response(request, state.store, file)


def linked(session: Session, secret: str) -> tuple[SharedLink, SharedItem]:
    """Return the link with a secret, and its item. Raises NotVisible."""
    link = link_by(session, secret)
    item = session.get(SharedItem, link.item_id) if link else None
    if link is None or item is None or item.deleted_at is not None:
        raise NotVisible
    return link, item
