"""People as JupyterHub knows them: it is asked whose a token is, and what the token may do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import sha256

import httpx

from lepton_hub.identity.person import IdentityError, Person, SignInUnavailable, person_of

ADMINISTER = "custom:lepton-hub:administer"
"""The scope of those who may manage every item."""
MOST_KNOWN = 10_000

_WHO = (
    "Nobody is known by this token. In a notebook on the hub it comes by itself; elsewhere, make "
    "one under File → Hub Control Panel → Token and set LEPTON_HUB_TOKEN to it."
)


class JupyterHubIdentity:
    """Asks JupyterHub who has a token, and believes the answer for some seconds.

    api: the address of its API. service: this service's name there: a token must have the scope
    `access:services!service=NAME`, so one that was made for something else opens nothing here.
    """

    notice: str | None = None

    def __init__(
        self,
        api: str,
        service: str,
        seconds: float = 10.0,
        client: httpx.Client | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = f"{api.rstrip('/')}/user"
        self._scopes = {"access:services", f"access:services!service={service}"}
        self._seconds, self._clock = seconds, clock
        self._client = client or httpx.Client(timeout=10.0)
        self._known: dict[str, tuple[float, Person | None]] = {}
        self._lock = threading.Lock()

    def person(self, token: str) -> Person:
        """Return whose a token is. Raises IdentityError, SignInUnavailable."""
        key = sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            until, person = self._known.get(key, (0.0, None))
        if self._clock() >= until:
            person = self._ask(token)
            with self._lock:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[key] = (self._clock() + self._seconds, person)
        if person is None:
            raise IdentityError(_WHO)
        return person

    def _ask(self, token: str) -> Person | None:
        if not token.isascii() or not token.isprintable():
            return None
        try:
            answer = self._client.get(self._address, headers={"Authorization": f"token {token}"})
        except httpx.HTTPError as error:
            raise SignInUnavailable from error
        if answer.status_code in (401, 403):
            return None
        if answer.status_code != 200:
            raise SignInUnavailable
        told = answer.json()
        scopes = set(told.get("scopes", ()))
        if told.get("kind") != "user" or not scopes & self._scopes:
            return None
        try:
            return person_of(told["name"], told.get("groups", ()), ADMINISTER in scopes)
        except IdentityError:
            return None
