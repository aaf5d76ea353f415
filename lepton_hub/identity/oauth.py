"""Browser sign-in through JupyterHub's OAuth, with the token in an encrypted cookie."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from secrets import token_urlsafe
from urllib.parse import urlencode

import httpx
from cryptography.fernet import Fernet, InvalidToken

from lepton_hub.identity.jupyterhub_answers import GivenToken, parsed
from lepton_hub.identity.person import IdentityError, SignInUnavailable

COOKIE = "lepton-hub"
STATE_COOKIE = "lepton-hub-state"
LASTS_SECONDS = 8 * 3600
STATE_SECONDS = 600


@dataclass(frozen=True)
class OAuthSignIn:
    """JupyterHub's OAuth as a service uses it.

    client, secret: the service's OAuth credentials. authorize: the authorisation endpoint; token:
    the token endpoint; callback: the redirect URI. Only this process can decrypt the cookies, so
    after a restart browsers pass through JupyterHub again, which does not ask them for anything.
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
        """Return the URL to redirect a browser to, and the state it must return with."""
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
        """Return the cookie for a browser that returned with a code, and the path where it started.

        Raises IdentityError, SignInUnavailable.
        """
        known, path = self._state(state)
        if not nonce or nonce != known:
            raise IdentityError("This sign-in was not started in this browser. Start again.")
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
            raise IdentityError("JupyterHub no longer knows this sign-in. Start again.")
        token = parsed(answer, GivenToken).access_token
        return self.fernet.encrypt(token.encode()).decode(), path

    def token_in(self, cookie: str) -> str:
        """Return the token that a cookie holds. Raises IdentityError."""
        try:
            return self.fernet.decrypt(cookie.encode(), ttl=LASTS_SECONDS).decode()
        except (InvalidToken, ValueError) as error:
            raise IdentityError("This browser's session has expired. Sign in again.") from error

    def _state(self, state: str) -> tuple[str, str]:
        try:
            plain = self.fernet.decrypt_at_time(state.encode(), STATE_SECONDS, int(time.time()))
            nonce, path = json.loads(plain)
        except (InvalidToken, ValueError) as error:
            raise IdentityError("This sign-in took too long. Start again.") from error
        return nonce, path
