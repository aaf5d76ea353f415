"""Your identity, browser sign-in, a health check, and the endpoint for older clients."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lepton_hub.api.answers import PersonAnswer
from lepton_hub.api.authentication import place_of
from lepton_hub.api.byte_ranges import content_response
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.api.routes.version_routes import CONTENT, UsedIn, used_in
from lepton_hub.catalogue.cards import Text
from lepton_hub.catalogue.items import find_item, look_up
from lepton_hub.catalogue.names import PATH, NameProblem, own_space, parse_reference
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.catalogue.versions import find_file, find_version
from lepton_hub.database import reading
from lepton_hub.identity.oauth import COOKIE, LASTS_SECONDS, STATE_COOKIE, STATE_SECONDS
from lepton_hub.identity.person import IdentityError, SignInUnavailable
from lepton_hub.permissions import Action

router = APIRouter()


class Health(BaseModel):
    """The hub's health."""

    status: str


@router.get("/health", response_model=Health, tags=["hub"], responses={503: described()[503]})
def health(state: State) -> Health:
    """Check that the hub can reach its database."""
    try:
        with reading(state.engine).connect() as connection:  # does not wait for writers
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        raise Problem(503, "The database does not answer.", {"Retry-After": "5"}) from error
    return Health(status="works")


@router.get("/", include_in_schema=False)
def first(state: State) -> RedirectResponse:
    """Redirect the root to the pages."""
    return RedirectResponse(f"{state.settings.prefix}/pages/", 302)


@router.get("/me", response_model=PersonAnswer, tags=["hub"], responses=described())
def me(state: State, person: Asker) -> PersonAnswer:
    """Return your identity, and the spaces in which you may create items."""
    return PersonAnswer(
        name=person.name,
        teams=sorted(person.teams),
        organisation=person.organisation,
        admin=person.admin,
        spaces=[own_space(person), *sorted(person.teams)],
        sign_in=state.identity.notice or "JupyterHub",
    )


@router.get("/data", tags=["older clients"], responses={**described(400, 404, 416), **CONTENT})
def data(
    request: Request,
    state: State,
    person: Asker,
    id: Annotated[Text, Query(max_length=230, description="SPACE/NAME, SPACE/NAME@VERSION or id.")],
    path: Annotated[str | None, Query(max_length=PATH)] = None,
    module: UsedIn = None,
) -> Response:
    """Return an item's data for older clients: by default its newest version.

    path: the file; optional if the version has only one.
    """
    with state.reading.begin() as session:
        try:
            reference = parse_reference(id)
        except NameProblem:
            item = look_up(session, person, SharedItem.public_id == id)
            number = None
        else:
            item = find_item(session, person, reference.space, reference.name, Action.VIEW)
            number = reference.version
        version = find_version(session, item, number)
        if path is None and len(version.files) != 1:
            names = [file.path for file in version.files[:100]]
            raise Problem(400, "This version has several files: name one with path.", paths=names)
        file = find_file(version, path)
        named = f"{item.reference}@{version.number}"
        note(session, person, "file.download", named, path=file.path, **used_in(module))
    return content_response(request, state.store, file)


@router.get("/login", include_in_schema=False)
def login(request: Request, state: State, next: str = "") -> Response:
    """Redirect a browser to JupyterHub's sign-in, or to the choice of made-up people."""
    prefix = state.settings.prefix
    where = next if leads_here(next, prefix) else f"{prefix}/pages/"
    if state.made_up is not None:
        return RedirectResponse(f"{prefix}/pages/sign-in?{urlencode({'next': where})}", 302)
    if state.oauth is None:
        raise Problem(404, "This hub identifies people only by their tokens.")
    address, kept = state.oauth.begin(where)
    answer = RedirectResponse(address, 302)
    set_cookie(request, answer, STATE_COOKIE, kept, prefix, STATE_SECONDS)
    return answer


@router.get("/oauth_callback", include_in_schema=False)
async def callback(request: Request, state: State, code: str = "") -> Response:
    """Complete the sign-in of a browser that returns from JupyterHub."""
    nonce = request.query_params.get("state", "")
    if state.oauth is None:
        raise Problem(404, "This hub identifies people only by their tokens.")
    try:
        kept = request.cookies.get(STATE_COOKIE, "")
        cookie, where = await state.oauth.complete(code, nonce, kept)
        token = state.oauth.token_in(cookie)
        await state.identity.person(token, place_of(request.scope))
    except IdentityError as error:
        raise Problem(403, str(error)) from error
    except SignInUnavailable as error:
        raise Problem(503, "JupyterHub does not answer.", {"Retry-After": "5"}) from error
    answer = RedirectResponse(where, 302)
    prefix = state.settings.prefix
    answer.delete_cookie(STATE_COOKIE, path=f"{prefix}/")
    set_cookie(request, answer, COOKIE, cookie, prefix, LASTS_SECONDS)
    return answer


def leads_here(path: str, prefix: str) -> bool:
    """Return whether a path stays within this service, on this host and without dot segments."""
    before_query = path.partition("?")[0]
    return (
        path.startswith(f"{prefix}/")
        and not path.startswith("//")
        and ".." not in before_query
        and "%" not in before_query
        and "\\" not in path
        and path.isprintable()
        and path.isascii()
    )


def set_cookie(
    request: Request, answer: Response, name: str, value: str, prefix: str, seconds: int
) -> None:
    """Set an HttpOnly cookie scoped to this service."""
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path=f"{prefix}/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
