"""Servers start in the order in which they are asked for, a few at a time.

Where hundreds sign in at once, servers that all start side by side share the processors until the
hub gives all of them up as too slow. In turn, the first are ready soon, and none is given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class StartQueue:
    """Lets so many start at once."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._waiting: list[object] = []

    @asynccontextmanager
    async def turn(self, who: object) -> AsyncIterator[None]:
        """Wait for a place, and hold it. Who is cancelled meanwhile leaves the queue."""
        self._waiting.append(who)
        try:
            await self._places.acquire()
        finally:
            self._waiting.remove(who)
        try:
            yield
        finally:
            self._places.release()

    def ahead_of(self, who: object) -> int | None:
        """Return how many wait before somebody; None for who does not wait."""
        return self._waiting.index(who) if who in self._waiting else None
