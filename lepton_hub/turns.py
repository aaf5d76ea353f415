"""Concurrency limits per caller, with bounded queues."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Lane:
    """A class of requests with its own limits.

    most: concurrent requests per caller. waiting, seconds: the queue's length, and the longest
    wait.
    """

    name: str
    most: int
    waiting: int
    seconds: float


Turn = tuple[Lane, str]
"""A lane and a caller."""


Departure = Callable[[], Awaitable[None]]
"""Waits until a caller is gone."""


async def never() -> None:
    """Wait forever."""
    await asyncio.Event().wait()


class TurnKeeper:
    """Grants turns. For one event loop: waiting occupies no thread."""

    def __init__(self) -> None:
        self._busy: Counter[Turn] = Counter()
        self._waiting: dict[Turn, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        """The number of requests that wait for a turn."""
        return sum(map(len, self._waiting.values()))

    def has_room(self, turn: Turn) -> bool:
        """Return whether a turn would be granted without waiting."""
        return self._busy[turn] < turn[0].most

    async def take(self, turn: Turn, gone: Departure = never) -> bool:
        """Acquire a turn, waiting if necessary; return whether it was granted. See `leave`.

        gone: called only where the caller has to wait; whoever is gone gives up their place.
        """
        if self.has_room(turn):
            self.join(turn)
            return True
        queue = self._waiting.get(turn, ())
        if len(queue) >= turn[0].waiting:
            return False
        return await self._wait(turn, gone)

    def join(self, turn: Turn) -> None:
        """Acquire a turn regardless of the limit."""
        self._busy[turn] += 1

    def leave(self, turn: Turn) -> None:
        """Release a turn: the longest-waiting request proceeds if the lane has room."""
        queue = self._waiting.get(turn)
        if queue and self._busy[turn] <= turn[0].most:
            queue.popleft().set_result(None)
            self._forget_empty(turn, queue)
            return
        self._busy[turn] -= 1
        if self._busy[turn] <= 0:
            del self._busy[turn]

    @contextmanager
    def released(self, turns: Sequence[Turn]) -> Iterator[None]:
        """Release turns for a while, then acquire them again regardless of the limit."""
        for turn in turns:
            self.leave(turn)
        try:
            yield
        finally:
            for turn in turns:
                self.join(turn)

    async def _wait(self, turn: Turn, gone: Departure) -> bool:
        queue = self._waiting.setdefault(turn, deque())
        mine = asyncio.get_running_loop().create_future()
        queue.append(mine)
        leaving = asyncio.ensure_future(gone())
        try:
            try:
                first = asyncio.FIRST_COMPLETED
                await asyncio.wait([mine, leaving], timeout=turn[0].seconds, return_when=first)
            finally:
                leaving.cancel()
                await asyncio.wait([leaving])
        except asyncio.CancelledError:
            if mine.done():
                self.leave(turn)
            raise
        finally:
            if not mine.done():
                queue.remove(mine)
                self._forget_empty(turn, queue)
        return mine.done()

    def _forget_empty(self, turn: Turn, queue: deque[asyncio.Future[None]]) -> None:
        if not queue and self._waiting.get(turn) is queue:
            del self._waiting[turn]
