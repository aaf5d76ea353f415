"""Bodies of requests that arrive: they are read before anything is done, within bounds."""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.types import Message, Receive

MOST_OF_ONE = 64 * 1024 * 1024
"""Bytes that one person, or one address of strangers, may have the hub hold at a time."""
MOST_OF_STRANGERS = 256 * 1024 * 1024
"""Bytes that all strangers together may, from however many addresses they come."""
ARRIVAL_SECONDS = 120.0
"""For how long a body of at most 2 MB may take: there are only so many connections."""


class ArrivesTooSlowly(Exception):
    """A body did not arrive in time."""


class TooMuchArrives(Exception):
    """Somebody's requests hold as much as they may already."""


class ArrivingBodies:
    """Counts what requests hold that have not ended. For one event loop."""

    def __init__(self) -> None:
        self._held: Counter[object] = Counter()
        self._strangers = 0

    def of(self, who: object, is_stranger: bool) -> HeldBody:
        """Return the body of a request of somebody's, which holds nothing yet."""
        return HeldBody(self, who, is_stranger)

    def take(self, who: object, is_stranger: bool, size: int) -> None:
        """Count bytes more of somebody's, or less. Raises TooMuchArrives."""
        self._held[who] += size
        self._strangers += size if is_stranger else 0
        if self._held[who] <= 0:
            del self._held[who]
        too_much = is_stranger and self._strangers > MOST_OF_STRANGERS
        if size > 0 and (too_much or self._held[who] > MOST_OF_ONE):
            raise TooMuchArrives


class HeldBody:
    """The body of one request, from its first byte to the end of the request."""

    def __init__(self, bodies: ArrivingBodies, who: object, is_stranger: bool) -> None:
        self._bodies, self._who, self._is_stranger = bodies, who, is_stranger
        self._size = 0

    async def arrived(self, receive: Receive) -> Receive:
        """Wait for the body, whose size the guards bound; return how to read it.

        A slow sender takes no turn meanwhile. Raises TooMuchArrives, ArrivesTooSlowly.
        """
        whole = asyncio.timeout(ARRIVAL_SECONDS)
        try:
            async with whole:
                first = [await self._whole(receive)]
        except TimeoutError as error:
            if whole.expired():
                raise ArrivesTooSlowly from error
            raise

        async def again() -> Message:
            return first.pop() if first else await receive()

        return again

    async def _whole(self, receive: Receive) -> Message:
        """Return the body as one message, or that the sender has gone."""
        body = bytearray()
        while (message := await receive())["type"] == "http.request":
            piece = message.get("body", b"")
            self._size += len(piece)
            self._bodies.take(self._who, self._is_stranger, len(piece))
            body += piece
            if not message.get("more_body"):
                return {"type": "http.request", "body": bytes(body), "more_body": False}
        return message

    def let_go(self) -> None:
        """Say that the request has ended."""
        self._bodies.take(self._who, self._is_stranger, -self._size)
        self._size = 0
