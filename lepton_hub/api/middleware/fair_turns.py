"""Nobody keeps the others waiting: how many requests of one person are worked on at a time.

The hub has 40 threads for requests. Whoever sends many at once would hold them all, so each person
has a few turns, and so has each address of people who are not known yet. The rest is answered
without a thread.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable
from hashlib import sha256

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lepton_hub.api.middleware.arriving_bodies import (
    ARRIVAL_SECONDS,
    ArrivesTooSlowly,
    ArrivingBodies,
    TooMuchArrives,
)
from lepton_hub.api.middleware.turns import Lane, Turn, TurnKeeper
from lepton_hub.api.problems import Problem
from lepton_hub.identity.oauth import COOKIE
from lepton_hub.proxies.neighbourhoods import neighbourhood_of

MOST_KNOWN, MOST_OF_ONE = 10_000, 50
"""How many tokens and cookies are kept, in all and of one person."""
RETRY_SECONDS = 1
TOO_MANY = (
    "You have many requests under way already, so this one was not begun. Go on after "
    f"{RETRY_SECONDS} s."
)
TOO_SLOW = f"The request did not arrive within {ARRIVAL_SECONDS:g} s. Send it again."
_CONTENT = re.compile(r"/(items|links|documents)/.*/(files|attachments)/|/data|/graph/triples")


def lanes(at_once: int) -> tuple[Lane, Lane, Lane, Lane]:
    """Return the lanes of requests, of contents that travel, of strangers, of unknown tokens.

    All that one person can fill from one address leaves the others 10 of the hub's threads, where
    `at_once` is 10. A stranger's turn is often that of a colleague at the same address who signs
    in, or of one notebook of a class that begins, so many of them may wait. Whose token is not
    known, JupyterHub is asked, which takes longer.
    """
    return (
        Lane("requests", at_once, 2 * at_once, 2.0),
        Lane("contents", 8, 16, 2.0),
        Lane("strangers", 8, 1000, 5.0),
        Lane("tokens", 4, 1000, 5.0),
    )


def is_content(method: str, path: str, prefix: str = "") -> bool:
    """Return whether a request sends or fetches a content, which may take hours.

    path: with the hub's prefix.
    """
    path = path.removeprefix(prefix)
    if method == "PATCH":
        return path.startswith("/uploads/")
    return method in ("GET", "HEAD") and bool(_CONTENT.match(path))


class FairTurns:
    """Refuses, with status 429, what goes beyond somebody's turns.

    Who somebody is, is known once the hub has found it out for a request with the same token or
    cookie; what has become of that since counts for nothing here but whose turns are taken.
    answer: returns how a request is answered, given what to say.
    """

    def __init__(
        self, app: ASGIApp, prefix: str, at_once: int, answer: Callable[[Scope, Problem], ASGIApp]
    ) -> None:
        self.app, self.prefix, self.answer = app, prefix, answer
        self.turns = TurnKeeper()
        self._requests, self._contents, self._strangers, self._tokens = lanes(at_once)
        self._bodies = ArrivingBodies()
        self._known: OrderedDict[bytes, str] = OrderedDict()
        self._shown: dict[str, deque[bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        content = is_content(scope["method"], scope["path"], self.prefix)
        shown = _credentials(scope)
        lane, who = self._turn(scope, shown, content)
        body = self._bodies.of((lane.name, who), lane in (self._strangers, self._tokens))
        try:
            if not content and scope["method"] not in ("GET", "HEAD"):
                receive = await body.arrived(receive)
            await self._in_turn(scope, receive, send, shown, content)
        except TooMuchArrives:
            await self._refuse(scope, receive, send)
        except ArrivesTooSlowly:
            await self.answer(scope, Problem(408, TOO_SLOW))(scope, receive, send)
        finally:
            body.let_go()

    async def _in_turn(
        self, scope: Scope, receive: Receive, send: Send, shown: dict[str, bytes], content: bool
    ) -> None:
        turn = self._turn(scope, shown, content)
        if not await self.turns.take(turn):
            await self._refuse(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body")
            if content or not last:
                await send(message)
                return
            self.turns.leave(turn)  # nor does a slow reader
            try:
                await send(message)
            finally:
                self.turns.join(turn)  # for what the hub does afterwards

        try:
            await self.app(scope, receive, sent)
        finally:
            self.turns.leave(turn)
            self._remember(scope, shown)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = Problem(429, TOO_MANY, {"Retry-After": str(RETRY_SECONDS)})
        await self.answer(scope, problem)(scope, receive, send)

    def _turn(self, scope: Scope, shown: dict[str, bytes], content: bool) -> Turn:
        for credential in shown.values():
            if credential in self._known:
                self._known.move_to_end(credential)
                return self._contents if content else self._requests, self._known[credential]
        lane = self._tokens if "token" in shown else self._strangers
        return lane, neighbourhood_of(scope["client"][0] if scope.get("client") else "")

    def _remember(self, scope: Scope, shown: dict[str, bytes]) -> None:
        """Keep who showed what; of two credentials, it is not known which one counted.

        One cookie can be written in many ways: nobody's push the others' out.
        """
        person = scope.get("state", {}).get("person")
        if person is None or len(shown) != 1:
            return
        [credential] = shown.values()
        own = self._shown.setdefault(person.name, deque())
        if credential not in self._known:
            own.append(credential)
        self._known[credential] = person.name
        if len(own) > MOST_OF_ONE:
            self._forget(own[0])
        elif len(self._known) > MOST_KNOWN:
            self._forget(next(iter(self._known)))

    def _forget(self, credential: bytes) -> None:
        name = self._known.pop(credential)
        self._shown[name].remove(credential)
        if not self._shown[name]:
            del self._shown[name]


def _credentials(scope: Scope) -> dict[str, bytes]:
    """Return what a request shows of who asks, as hashes: a token, a browser's cookie."""
    request = Request(scope)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = {
        "token": token.strip() if kind.lower() in ("token", "bearer") else "",
        "cookie": request.cookies.get(COOKIE, ""),
    }
    return {name: _hash(name, text) for name, text in found.items() if text}


def _hash(name: str, text: str) -> bytes:
    return sha256(f"{name} {text}".encode("utf-8", "surrogatepass")).digest()
