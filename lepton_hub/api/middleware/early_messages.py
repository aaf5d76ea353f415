"""Notice that a caller has disconnected while their request waits."""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import Message, Receive


class EarlyMessages:
    """Reads a request's messages while it waits, and replays them afterwards."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: deque[Message] = deque()

    async def disconnected(self) -> None:
        """Wait until the caller has disconnected; cancel it before `receive` is called.

        No more than one piece of a body is buffered.
        """
        is_whole = True
        while is_whole:
            message = await self._receive()
            self._read.append(message)
            if message["type"] == "http.disconnect":
                return
            is_whole = not message.get("more_body")
        await asyncio.Event().wait()

    async def receive(self) -> Message:
        """Return the request's next message."""
        return self._read.popleft() if self._read else await self._receive()
