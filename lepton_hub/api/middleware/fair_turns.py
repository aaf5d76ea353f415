"""Limit each person's concurrent requests, so that nobody starves the others.

The hub has 40 threads for requests. A client that sends many at once would occupy them all, so each
person has a few turns, and so has each address of unknown callers. The rest are refused without a
thread. Authentication comes first, so newcomers have their own turns from their first request on.

Where more people ask than the hub can answer, their requests wait in one queue for its threads.
Those who give up leave it: otherwise the hub would soon answer only people who are gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lepton_hub.api.authentication import Introduction, introduce, place_of
from lepton_hub.api.middleware.early_messages import EarlyMessages
from lepton_hub.api.middleware.request_bodies import (
    ARRIVAL_SECONDS,
    ArrivesTooSlowly,
    ArrivingBodies,
    TooMuchArrives,
)
from lepton_hub.api.problems import Problem
from lepton_hub.api.service_state import ServiceState
from lepton_hub.turns import Lane, Turn, TurnKeeper

RETRY_SECONDS = 1
TOO_MANY = (
    "Too many of your requests are in progress, so this one was not started. Try again in "
    f"{RETRY_SECONDS} s."
)
CROWDED_SECONDS = 5
CROWDED = (
    "Too many people are using the hub at the moment, so this request was not started. Try again "
    f"in {CROWDED_SECONDS} s."
)
TOO_SLOW = f"The request did not arrive within {ARRIVAL_SECONDS:g} s. Send it again."
_CONTENT = re.compile(r"/(items|links|documents)/.*/(files|attachments)/|/data|/graph/triples")


EVERYBODY = Lane("everybody", 40, 2000, 20.0)
"""All requests in progress, except content transfers, which hold threads only now and then, and
those that wait for JupyterHub, which hold none."""
ALL_STRANGERS = Lane("all strangers", 10, 2000, 20.0)
"""Instead, for requests of unknown callers, whose addresses may be many."""


def lanes(at_once: int) -> tuple[Lane, Lane, Lane, Lane]:
    """Return the lanes for requests, content transfers, unknown callers and invalid tokens.

    With `at_once` at 10, whatever one person occupies from one address leaves 10 threads to the
    others. An unknown caller is often a colleague at the same address who is signing in, so many
    may wait, and for long.
    """
    return (
        Lane("requests", at_once, 2 * at_once, 2.0),
        Lane("contents", 8, 16, 2.0),
        Lane("strangers", 8, 1000, 20.0),
        Lane("tokens", 4, 1000, 5.0),
    )


def is_content(method: str, path: str, prefix: str = "") -> bool:
    """Return whether a request uploads or downloads a content, which may take hours.

    path: with the hub's prefix.
    """
    path = path.removeprefix(prefix)
    if method == "PATCH":
        return path.startswith("/uploads/")
    return method in ("GET", "HEAD") and bool(_CONTENT.match(path))


class FairTurns:
    """Refuses requests beyond a caller's turns with status 429, beyond the hub's with status 503.

    answer: builds the response for a request from its message. open_paths: paths that are
    answered at once, without a turn and without asking JupyterHub who the caller is.
    threadless_paths: paths that wait for JupyterHub without a thread; everybody else would wait
    with them.
    """

    def __init__(
        self,
        app: ASGIApp,
        state: ServiceState,
        turns: TurnKeeper,
        answer: Callable[[Scope, Problem], ASGIApp],
        open_paths: frozenset[str] = frozenset(),
        threadless_paths: frozenset[str] = frozenset(),
    ) -> None:
        self.app, self.state, self.turns, self.answer = app, state, turns, answer
        self.open_paths, self.threadless_paths = open_paths, threadless_paths
        self._requests, self._contents, self._strangers, self._tokens = lanes(
            state.settings.requests_at_once
        )
        self._everybody, self._all_strangers = EVERYBODY, ALL_STRANGERS
        self._bodies = ArrivingBodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self.open_paths:
            await self.app(scope, receive, send)
            return
        content = is_content(scope["method"], scope["path"], self.state.settings.prefix)
        turn = self._turn(scope, await introduce(scope, self.state), content)
        lane, who = turn
        body = self._bodies.of((lane.name, who), lane in (self._strangers, self._tokens))
        try:
            if not content and scope["method"] not in ("GET", "HEAD"):
                receive = await body.arrived(receive)
                if lane is self._requests:  # their rights may have changed meanwhile
                    await introduce(scope, self.state)
            await self._in_turn(turn, scope, receive, send)
        except TooMuchArrives:
            await self._refuse(turn, scope, receive, send)
        except ArrivesTooSlowly:
            await self.answer(scope, Problem(408, TOO_SLOW))(scope, receive, send)
        finally:
            body.let_go()

    async def _in_turn(self, turn: Turn, scope: Scope, receive: Receive, send: Send) -> None:
        early = EarlyMessages(receive)
        content = turn[0] is self._contents
        alone = content or scope["path"] in self.threadless_paths
        everybody = self._everybody if turn[0] is self._requests else self._all_strangers
        held: list[Turn] = []

        async def sent(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body")
            if content or not last:
                await send(message)
                return
            with self.turns.released(held):  # a slow reader holds none
                await send(message)

        waited = False
        try:
            for one in (turn,) if alone else (turn, (everybody, "")):
                waited = waited or not self.turns.has_room(one)
                if not await self.turns.take(one, early.disconnected):
                    await self._refuse(one, scope, receive, send)
                    return
                held.append(one)
            if waited and turn[0] in (self._requests, self._contents):
                with self.turns.released(held[1:]):  # nobody else waits for JupyterHub
                    await introduce(scope, self.state)  # their rights may have changed meanwhile
            await self.app(scope, early.receive, sent)
        finally:
            for one in held:
                self.turns.leave(one)

    async def _refuse(self, turn: Turn, scope: Scope, receive: Receive, send: Send) -> None:
        if turn[0] in (self._everybody, self._all_strangers):
            problem = Problem(503, CROWDED, {"Retry-After": str(CROWDED_SECONDS)})
        else:
            problem = Problem(429, TOO_MANY, {"Retry-After": str(RETRY_SECONDS)})
        await self.answer(scope, problem)(scope, receive, send)

    def _turn(self, scope: Scope, shown: Introduction, content: bool) -> Turn:
        if shown.somebody:
            return self._contents if content else self._requests, shown.somebody.name
        return self._tokens if shown.token else self._strangers, place_of(scope)
