"""Answer waiting questions together."""

import asyncio
from typing import Any

import numpy as np


class Batches:
    """Answers waiting questions together, at most `largest` by one call of the model."""

    def __init__(self, largest: int, capacity: int) -> None:
        self.largest = largest
        self.queue = asyncio.Queue(capacity)
        self.longest = 0  # the most that have waited at a time

    async def answer(self, x: np.ndarray, usual: float, seconds: float) -> Any:
        """Return one question's result. Raises QueueFull at once, TimeoutError after `seconds`."""
        future = asyncio.get_running_loop().create_future()
        self.queue.put_nowait((x, usual, future))
        self.longest = max(self.longest, self.queue.qsize())
        return await asyncio.wait_for(future, seconds)

    async def waiting(self) -> list:
        """Wait for a question; return it and what else waits, without those given up."""
        items = [await self.queue.get()]
        while len(items) < self.largest and not self.queue.empty():
            items.append(self.queue.get_nowait())
        return [item for item in items if not item[2].done()]

    async def work(self, call) -> None:
        """Answer questions for ever by call(x, usual), a result for each, in another thread."""
        while True:
            items = await self.waiting()
            if not items:
                continue
            x = np.stack([x for x, _, _ in items])
            usual = np.array([usual for _, usual, _ in items], dtype=np.float32)
            try:
                results = await asyncio.to_thread(call, x, usual)
            except Exception as error:
                results = [error] * len(items)
            for (_, _, future), result in zip(items, results, strict=True):
                if future.done():  # given up meanwhile
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
