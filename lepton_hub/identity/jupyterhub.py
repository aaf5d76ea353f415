"""Identify people by asking JupyterHub for a token's owner and scopes."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from hashlib import sha256

import httpx

from lepton_hub.identity.jupyterhub_answers import HubUser, parsed
from lepton_hub.identity.person import (
    IdentityError,
    Person,
    SignInCrowded,
    SignInUnavailable,
    person_of,
)
from lepton_hub.turns import Lane, Turn, TurnKeeper

ADMINISTER = "custom:lepton-hub:administer"
"""The scope of those who may manage every item."""
MOST_KNOWN = 10_000
"""The maximum number of cached tokens, for valid and for invalid ones each."""

NEWCOMERS = Lane("newcomers", 16, 1000, 60.0)
"""Concurrent queries about new tokens from one address, which a whole company may share. A refused
client loses its place, so clients wait as long as people would."""
RENEWALS = Lane("renewals", 2, 100, 60.0)
"""Concurrent queries about one person's tokens whose cached answer has expired."""
ALL_NEWCOMERS = Lane("all newcomers", 32, 5000, 60.0)
ALL_RENEWALS = Lane("all renewals", 32, 5000, 60.0)
"""Unknown callers, from however many addresses, never delay people who were known before."""

_WHO = (
    "This token is unknown. A notebook on the hub has a valid one already; elsewhere, create one "
    "under File → Hub Control Panel → Token and set LEPTON_HUB_TOKEN to it."
)


class JupyterHubIdentity:
    """Asks JupyterHub for a token's owner, and caches the answer for a few seconds.

    For one event loop: waiting for an answer holds no thread. A limited number of tokens are
    queried at a time, first come, first served, and each once, however many requests carry it.

    api: the URL of its API. service: this service's name there: a token must have the scope
    `access:services!service=NAME`, so a token issued for another purpose is useless here.
    """

    notice: str | None = None

    def __init__(
        self,
        api: str,
        service: str,
        seconds: float = 10.0,
        client: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = f"{api.rstrip('/')}/user"
        self._scopes = {"access:services", f"access:services!service={service}"}
        self._client = client or httpx.AsyncClient(timeout=10.0)
        self._people = TokenMemory(seconds, clock)
        self._nobodies = TokenMemory(seconds, clock)
        self._asking: dict[str, asyncio.Task[Person | None]] = {}
        self._turns = TurnKeeper()

    async def person(self, token: str, place: str) -> Person:
        """Return a token's owner. place: the request's origin, for tokens not known yet.

        Raises IdentityError, SignInUnavailable.
        """
        key = sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        person = self._people.fresh(key)
        if person is None and not self._nobodies.is_fresh(key):
            person = await self._answer(key, token, place)
        if person is None:
            raise IdentityError(_WHO)
        return person

    async def _answer(self, key: str, token: str, place: str) -> Person | None:
        """Wait for the answer to a query, shared with others for the same token."""
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._ask_in_turn(key, token, place))
            self._asking[key] = asking
            asking.add_done_callback(lambda _: self._asking.pop(key))
        return await asyncio.shield(asking)  # others may be waiting for it, too

    async def _ask_in_turn(self, key: str, token: str, place: str) -> Person | None:
        before = self._people.last(key)
        if before is None:
            turns = (NEWCOMERS, place), (ALL_NEWCOMERS, "")
        else:
            turns = (RENEWALS, before.name), (ALL_RENEWALS, "")
        async with self._in_turn(*turns):
            person = await self._ask(token)
        self._people.forget(key)
        (self._nobodies if person is None else self._people).keep(key, person)
        return person

    @asynccontextmanager
    async def _in_turn(self, *turns: Turn) -> AsyncIterator[None]:
        with ExitStack() as taken:
            for turn in turns:
                if not await self._turns.take(turn):
                    raise SignInCrowded
                taken.callback(self._turns.leave, turn)
            yield

    async def _ask(self, token: str) -> Person | None:
        if not token.isascii() or not token.isprintable():
            return None
        headers = {"Authorization": f"token {token}"}
        try:
            answer = await self._client.get(self._address, headers=headers)
        except httpx.HTTPError as error:
            raise SignInUnavailable from error
        if answer.status_code in (401, 403):
            return None
        if answer.status_code != 200:
            raise SignInUnavailable
        told = parsed(answer, HubUser)
        if told.kind != "user" or self._scopes.isdisjoint(told.scopes):
            return None
        try:
            return person_of(told.name, told.groups, ADMINISTER in told.scopes)
        except IdentityError:
            return None


class TokenMemory:
    """Caches tokens' owners by the token's hash, with an expiry time.

    The oldest entries are evicted first. Valid and invalid tokens have a cache each, so that a
    flood of invalid tokens evicts no person.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds, self._clock = seconds, clock
        self._kept: OrderedDict[str, tuple[float, Person | None]] = OrderedDict()

    def keep(self, key: str, person: Person | None) -> None:
        """Cache an answer that was given just now."""
        self._kept[key] = (self._clock() + self._seconds, person)
        if len(self._kept) > MOST_KNOWN:
            self._kept.popitem(last=False)

    def forget(self, key: str) -> None:
        """Remove a token from the cache."""
        self._kept.pop(key, None)

    def is_fresh(self, key: str) -> bool:
        """Return whether there is an answer that has not expired."""
        return key in self._kept and self._clock() < self._kept[key][0]

    def fresh(self, key: str) -> Person | None:
        """Return the person of an answer that has not expired."""
        return self._kept[key][1] if self.is_fresh(key) else None

    def last(self, key: str) -> Person | None:
        """Return the person of the last answer, however old."""
        return self._kept[key][1] if key in self._kept else None
