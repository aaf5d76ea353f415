"""Nobody keeps the others waiting: how many requests of one person are worked on at a time.

The hub has 40 threads for requests. Whoever sends many at once would hold them all, so each person
has a few turns, and so has each address of people who are not known yet. The rest is answered
without a thread.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lepton_hub.api.middleware.turns import Lane, Turn, TurnKeeper
from lepton_hub.api.problems import Problem
from lepton_hub.identity.oauth import COOKIE

MOST_KNOWN = 10_000
RETRY_SECONDS = 1
TOO_MANY = (
    "You have many requests under way already, so this one was not begun. Go on after "
    f"{RETRY_SECONDS} s."
)
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
        self._known: OrderedDict[bytes, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        content = is_content(scope["method"], scope["path"], self.prefix)
        if not content and scope["method"] not in ("GET", "HEAD"):
            receive = await _arrived(receive)  # a slow sender takes no turn
        shown = _credentials(scope)
        turn = self._turn(scope, shown, content)
        if not await self.turns.take(turn):
            problem = Problem(429, TOO_MANY, {"Retry-After": str(RETRY_SECONDS)})
            await self.answer(scope, problem)(scope, receive, send)
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

    def _turn(self, scope: Scope, shown: dict[str, bytes], content: bool) -> Turn:
        for credential in shown.values():
            if credential in self._known:
                self._known.move_to_end(credential)
                return self._contents if content else self._requests, self._known[credential]
        lane = self._tokens if "token" in shown else self._strangers
        return lane, _neighbourhood(scope)

    def _remember(self, scope: Scope, shown: dict[str, bytes]) -> None:
        """Keep who showed what; of two credentials, it is not known which one counted."""
        person = scope.get("state", {}).get("person")
        if person is None or len(shown) != 1:
            return
        [credential] = shown.values()
        self._known[credential] = person.name
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)


async def _arrived(receive: Receive) -> Receive:
    """Wait for a request's body, whose size the guards bound; return how to read it."""
    body = bytearray()
    message = await receive()
    while message["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            message = {"type": "http.request", "body": bytes(body), "more_body": False}
            break
        message = await receive()
    first = [message]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


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


def _neighbourhood(scope: Scope) -> str:
    """Return the address that a request comes from; of IPv6, the network of one household."""
    host = scope["client"][0] if scope.get("client") else ""
    with suppress(ValueError):
        address = ip_address(host)
        if isinstance(address, IPv6Address):
            mapped = address.ipv4_mapped
            return str(mapped or ip_network((address, 64), strict=False))
    return host
