"""Who asks, found out before a request takes its turn: whoever waits for that holds no thread."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope

from lepton_hub.api.service_state import ServiceState
from lepton_hub.identity.oauth import COOKIE
from lepton_hub.identity.person import IdentityError, Person, SignInUnavailable
from lepton_hub.proxies.neighbourhoods import neighbourhood_of


@dataclass(frozen=True)
class Introduction:
    """What a request shows of who asks, and what came of asking.

    token: of its header; cookie: the token in a browser's cookie. "" where it shows none.
    """

    token: str
    cookie: str
    found: dict[str, Person | IdentityError | SignInUnavailable]

    def person(self, token: str) -> Person:
        """Return whose one of the tokens is. Raises IdentityError, SignInUnavailable."""
        answer = self.found[token]
        if isinstance(answer, Person):
            return answer
        raise answer

    @property
    def somebody(self) -> Person | None:
        """Whoever is known, by the header first."""
        answers = (self.found.get(token) for token in (self.token, self.cookie))
        return next((one for one in answers if isinstance(one, Person)), None)


async def introduce(scope: Scope, state: ServiceState) -> Introduction:
    """Find out who asks; the request keeps it."""
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
    """Return what was found out of who asks."""
    return request.state.introduction


def place_of(scope: Scope) -> str:
    """Return where a request comes from: an address, or its household."""
    return neighbourhood_of(scope["client"][0] if scope.get("client") else "")


def _token_in(cookie: str, state: ServiceState) -> str:
    if not cookie or state.browsers is None:
        return ""
    try:
        return state.browsers.token_in(cookie)
    except IdentityError:
        return ""
