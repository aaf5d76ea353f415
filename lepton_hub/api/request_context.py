"""Dependencies of all routes: the authenticated person, their token and the request's state."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from lepton_hub.api.authentication import introduction_of, place_of
from lepton_hub.api.form_tokens import HEADER, is_form_token, is_same_origin
from lepton_hub.api.problems import Problem
from lepton_hub.api.service_state import ONLY_READ, ServiceState
from lepton_hub.audit import append
from lepton_hub.catalogue.names import ITEM, SPACE
from lepton_hub.database import write_after_reading
from lepton_hub.identity.person import IdentityError, Person, SignInCrowded, SignInUnavailable
from lepton_hub.recommendations.usage_keeping import keep_item_use

SAFE_METHODS = ("GET", "HEAD")
WHO_ARE_YOU = (
    "Say who you are: send the header 'Authorization: token YOUR_TOKEN'. In a notebook, "
    "lepton_course.hub does so for you."
)
CROWDED = "Many new users are signing in from your network at once. Try again in 2 s."

Space = Annotated[str, Path(pattern=f"^{SPACE}$", description="A team, or ~ followed by a person.")]
Name = Annotated[str, Path(pattern=f"^{ITEM}$")]
Number = Annotated[
    str, Path(pattern=r"^(newest|[1-9][0-9]{0,8})$", description="A version's number, or newest.")
]


async def state_of(request: Request) -> ServiceState:
    """Return what all requests share."""
    return request.app.state.hub


State = Annotated[ServiceState, Depends(state_of)]


async def asker(request: Request, state: State) -> Person:
    """Return the person who makes the request. Raises Problem if unknown or over the rate limit."""
    try:
        return identify(request, state, _token(request, state))
    except IdentityError as error:
        raise Problem(401, str(error), {"WWW-Authenticate": 'Bearer realm="hub"'}) from error


def identify(request: Request, state: ServiceState, token: str) -> Person:
    """Return the owner of the request's token; "" belongs to nobody.

    Raises IdentityError, and Problem over the rate limit or if JupyterHub does not answer. Only
    tokens sent in a header count as guesses: many people may share one address, and somebody who
    guesses there must not keep the others from signing in.
    """
    try:
        if not token:
            raise IdentityError(WHO_ARE_YOU)
        person = introduction_of(request).person(token)
    except IdentityError:
        if token and "authorization" in request.headers:
            _take(state.strangers.wait_of(place_of(request.scope)))
        raise
    except SignInCrowded as error:
        raise Problem(429, CROWDED, {"Retry-After": "2"}) from error
    except SignInUnavailable as error:
        detail = "JupyterHub, which identifies you, does not answer. Try again soon."
        raise Problem(503, detail, {"Retry-After": "5"}) from error
    _take(state.limiter.wait_of(person.name))
    request.state.person = person
    return person


Asker = Annotated[Person, Depends(asker)]


def note(session: Session, person: Person, action: str, subject: str, /, **detail: Any) -> None:
    """Add an audit log entry in the same transaction; call it last, since other writers then wait.

    A read-only session (`ServiceState.reading`) stops reading here; the response is sent once the
    entry is committed. If the entry counts as a use of an item, the use is recorded as well, for
    recommendations.
    """
    begin_writing(session)
    keep_item_use(session, person.name, action, subject, detail)
    append(session, actor=person.name, action=action, subject=subject, detail=detail)


def begin_writing(session: Session) -> None:
    """Let a read-only session write from now on; no-op for any other session."""
    if session.info.pop(ONLY_READ, False):
        write_after_reading(session.connection())


def version_number(number: str) -> int | None:
    """Return the version number in a path; None for the newest."""
    return None if number == "newest" else int(number)


def _token(request: Request, state: ServiceState) -> str:
    """Return the token of a request, or "".

    A browser's cookie authorises reading, and changes sent by one of the hub's own pages: no other
    page knows the form token, nor can it send this header.
    """
    shown = introduction_of(request)
    if shown.token:
        return shown.token
    by_page = is_same_origin(request) and is_form_token(
        request, state.form_key, request.headers.get(HEADER, "")
    )
    if request.method in SAFE_METHODS or by_page:
        return shown.cookie
    return ""


def _take(wait: float) -> None:
    if wait > 0:
        seconds = str(math.ceil(wait))
        detail = f"Too many requests. Try again in {seconds} s."
        raise Problem(429, detail, {"Retry-After": seconds})
