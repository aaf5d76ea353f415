"""Authenticate a request before its turn, so that waiting for JupyterHub holds no thread."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope

from lepton_hub.api.service_state import ServiceState
from lepton_hub.identity.oauth import COOKIE
from lepton_hub.identity.person import IdentityError, Person, SignInUnavailable
from lepton_hub.proxies.client_networks import neighbourhood_of


@dataclass(frozen=True)
class Introduction:
    """A request's credentials, and the outcome of authenticating them.

    token: from the header; cookie: the token in the browser's cookie; "" if there is none.
    """

    token: str
    cookie: str
    found: dict[str, Person | IdentityError | SignInUnavailable]

    def person(self, token: str) -> Person:
        """Return the owner of one of the tokens. Raises IdentityError, SignInUnavailable."""
        answer = self.found[token]
        if isinstance(answer, Person):
            return answer
        raise answer

    @property
    def somebody(self) -> Person | None:
        """The authenticated person, if any; the header takes precedence."""
        answers = (self.found.get(token) for token in (self.token, self.cookie))
        return next((one for one in answers if isinstance(one, Person)), None)


async def introduce(scope: Scope, state: ServiceState) -> Introduction:
    """Authenticate the request and store the outcome on it."""
    request = Request(scope)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip() if kind.lower() in ("token", "bearer") else ""
    made = Introduction(token, _token_in(request.cookies.get(COOKIE, ""), state), {})
    for shown in filter(None, (made.token, made.cookie)):
        try:
            made.found[shown] = await state.identity.person(shown, place_of(scope))
        except (IdentityError, SignInUnavailable) as error:
            made.found[shown] = error
    scope.setdefault("state", {})["introduction"] = made
    return made


def introduction_of(request: Request) -> Introduction:
    """Return the stored outcome of authenticating the request."""
    return request.state.introduction


def place_of(scope: Scope) -> str:
    """Return a request's origin: an IPv4 address, or the IPv6 network of a household."""
    return neighbourhood_of(scope["client"][0] if scope.get("client") else "")


def _token_in(cookie: str, state: ServiceState) -> str:
    if not cookie or state.browsers is None:
        return ""
    try:
        return state.browsers.token_in(cookie)
    except IdentityError:
        return ""
