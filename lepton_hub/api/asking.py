"""Who asks, and with what: the dependencies of all routes."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from lepton_hub.api.form_tokens import HEADER, is_form_token, is_same_origin
from lepton_hub.api.introductions import introduction_of, place_of
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

Space = Annotated[str, Path(pattern=f"^{SPACE}$", description="A team, or ~ and a person.")]
Name = Annotated[str, Path(pattern=f"^{ITEM}$")]
Number = Annotated[
    str, Path(pattern=r"^(newest|[1-9][0-9]{0,8})$", description="A version's number, or newest.")
]


async def state_of(request: Request) -> ServiceState:
    """Return what all requests share."""
    return request.app.state.hub


State = Annotated[ServiceState, Depends(state_of)]


async def asker(request: Request, state: State) -> Person:
    """Return who asks. Raises Problem when nobody is known, or when they ask too much."""
    try:
        return identify(request, state, _token(request, state))
    except IdentityError as error:
        raise Problem(401, str(error), {"WWW-Authenticate": 'Bearer realm="hub"'}) from error


def identify(request: Request, state: ServiceState, token: str) -> Person:
    """Return whose a token of the request is; "" is nobody's.

    Raises IdentityError, and Problem when they ask too much or JupyterHub does not answer. Only
    tokens that somebody presents in a header count as guesses: many people may come from one
    address, and whoever guesses there must not keep the others from signing in.
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
    """Write into the audit log, in the same transaction; last, since others then wait.

    A session that only reads (`ServiceState.reading`) ends its reading here. What it has read is
    answered once the entry is committed. Where somebody used an item, that is kept as well, for
    what colleagues may also need.
    """
    begin_writing(session)
    keep_item_use(session, person.name, action, subject, detail)
    append(session, actor=person.name, action=action, subject=subject, detail=detail)


def begin_writing(session: Session) -> None:
    """Have a session that has only read write from now on. Another one does so already."""
    if session.info.pop(ONLY_READ, False):
        write_after_reading(session.connection())


def version_number(number: str) -> int | None:
    """Return a version's number from an address; None for the newest."""
    return None if number == "newest" else int(number)


def _token(request: Request, state: ServiceState) -> str:
    """Return the token of a request, or "".

    A browser's cookie counts for reading, and for changes that a page of the hub's own sends: no
    other page knows the token of its forms, nor can it send this header.
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
