"""Read request bodies completely before handling them, within limits on memory and time."""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.types import Message, Receive

MOST_OF_ONE = 64 * 1024 * 1024
"""Bytes buffered at a time for one person, or for one address of unknown callers."""
MOST_OF_STRANGERS = 256 * 1024 * 1024
"""Bytes buffered at a time for all unknown callers together."""
ARRIVAL_SECONDS = 120.0
"""Seconds that a body of at most 2 MB may take to arrive, since connections are limited."""


class ArrivesTooSlowly(Exception):
    """A body did not arrive in time."""


class TooMuchArrives(Exception):
    """A caller's requests already hold the maximum number of bytes."""


class ArrivingBodies:
    """Counts the bytes held by requests in progress. For one event loop."""

    def __init__(self) -> None:
        self._held: Counter[object] = Counter()
        self._strangers = 0

    def of(self, who: object, is_stranger: bool) -> HeldBody:
        """Return a caller's new request body, which holds nothing yet."""
        return HeldBody(self, who, is_stranger)

    def take(self, who: object, is_stranger: bool, size: int) -> None:
        """Add to a caller's count of bytes, or subtract. Raises TooMuchArrives."""
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
        """Wait for the whole body, whose size `Guards` limits; return a function that replays it.

        A slow sender occupies no turn meanwhile. Raises TooMuchArrives, ArrivesTooSlowly.
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
        """Return the body as one message, or a disconnect message."""
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
        """Release the bytes of a request that has ended."""
        self._bodies.take(self._who, self._is_stranger, -self._size)
        self._size = 0
