"""Rate limiting with a token bucket for each person."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MOST_KNOWN = 10_000


class RateLimiter:
    """Admits a given rate of requests per minute, with bursts of up to `burst`."""

    def __init__(
        self, a_minute: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = a_minute / 60, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait_of(self, who: str) -> float:
        """Admit one request and return 0, or return the seconds to wait first."""
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
        """Drop the buckets that are full again, or all of them if none is."""
        full = self._burst / self._rate
        busy = {w: b for w, b in self._buckets.items() if moment - b[1] < full}
        self._buckets = busy if len(busy) < MOST_KNOWN else {}
