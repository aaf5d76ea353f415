"""How much one person may ask: a token bucket each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MOST_KNOWN = 10_000


class RateLimiter:
    """Lets through so many requests a minute on average, and `burst` at once."""

    def __init__(
        self, a_minute: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = a_minute / 60, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait_of(self, who: str) -> float:
        """Take one request of somebody's; return 0, or how many seconds they must wait first."""
        moment = self._clock()
        with self._lock:
            if who not in self._buckets and len(self._buckets) >= MOST_KNOWN:
                self._forget_the_idle(moment)
            left, last = self._buckets.get(who, (float(self._burst), moment))
            left = min(self._burst, left + (moment - last) * self._rate)
            if left >= 1:
                self._buckets[who] = (left - 1, moment)
                return 0.0
            self._buckets[who] = (left, moment)
            return (1 - left) / self._rate

    def _forget_the_idle(self, moment: float) -> None:
        """Forget whose buckets are full again; all, where everybody is busy."""
        full = self._burst / self._rate
        busy = {w: b for w, b in self._buckets.items() if moment - b[1] < full}
        self._buckets = busy if len(busy) < MOST_KNOWN else {}
