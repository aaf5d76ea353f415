"""Signing in with a browser: JupyterHub's OAuth, and a cookie that holds its token, encrypted."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from secrets import token_urlsafe
from urllib.parse import urlencode

import httpx
from cryptography.fernet import Fernet, InvalidToken

from lepton_hub.identity.hub_answers import GivenToken, parsed
from lepton_hub.identity.person import IdentityError, SignInUnavailable

COOKIE = "lepton-hub"
STATE_COOKIE = "lepton-hub-state"
LASTS_SECONDS = 8 * 3600
STATE_SECONDS = 600


@dataclass(frozen=True)
class OAuthSignIn:
    """JupyterHub's OAuth as a service uses it.

    client, secret: what JupyterHub knows the service by. authorize: the page to which a browser is
    sent; token: the address that exchanges a code for a token; callback: where browsers come back
    to. Cookies open in this process alone, so after a restart browsers pass through JupyterHub
    again, which does not ask them for anything.
    """

    client: str
    secret: str = field(repr=False)
    authorize: str
    token: str
    callback: str
    fernet: Fernet = field(default_factory=lambda: Fernet(Fernet.generate_key()), repr=False)
    jupyterhub: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(timeout=10.0), repr=False
    )

    def begin(self, path: str) -> tuple[str, str]:
        """Return the address to which a browser goes, and the state that it must bring back."""
        nonce = token_urlsafe(16)
        state = self.fernet.encrypt(json.dumps([nonce, path]).encode()).decode()
        query = {
            "client_id": self.client,
            "redirect_uri": self.callback,
            "response_type": "code",
            "state": nonce,
        }
        return f"{self.authorize}?{urlencode(query)}", state

    async def complete(self, code: str, nonce: str, state: str) -> tuple[str, str]:
        """Return the cookie of who came back with a code, and the path where they began.

        Raises IdentityError, SignInUnavailable.
        """
        known, path = self._state(state)
        if not nonce or nonce != known:
            raise IdentityError("This sign-in was not begun in this browser. Begin it again.")
        form = {
            "client_id": self.client,
            "client_secret": self.secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
        }
        try:
            answer = await self.jupyterhub.post(self.token, data=form)
        except httpx.HTTPError as error:
            raise SignInUnavailable from error
        if answer.status_code != 200:
            raise IdentityError("JupyterHub does not know this sign-in any more. Begin it again.")
        token = parsed(answer, GivenToken).access_token
        return self.fernet.encrypt(token.encode()).decode(), path

    def token_in(self, cookie: str) -> str:
        """Return the token that a cookie holds. Raises IdentityError."""
        try:
            return self.fernet.decrypt(cookie.encode(), ttl=LASTS_SECONDS).decode()
        except (InvalidToken, ValueError) as error:
            raise IdentityError("This browser's sign-in has ended. Sign in again.") from error

    def _state(self, state: str) -> tuple[str, str]:
        try:
            plain = self.fernet.decrypt_at_time(state.encode(), STATE_SECONDS, int(time.time()))
            nonce, path = json.loads(plain)
        except (InvalidToken, ValueError) as error:
            raise IdentityError("This sign-in took too long. Begin it again.") from error
        return nonce, path
