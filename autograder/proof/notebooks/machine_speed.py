"""How fast this machine is at the moment: a fixed piece of work, timed while something else runs.

A core computes more slowly when its hyperthread, its caches or its host is shared, and neither
processor time nor the time spent waiting for a core shows it. The same work, timed at the same
moment, does.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np

REFERENCE_SECONDS = 0.0100
"""What `sample` takes on an idle core of the machine for which budgets are stated."""

ROUNDS = 4
"""Rounds of the work in a sample: longer than the scheduler's tick, 4 ms, and soon over."""

_VALUES = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
_LEFT, _RIGHT = _VALUES[:25_600].reshape(160, 160), _VALUES[25_600:51_200].reshape(160, 160)


def sample() -> float:
    """Do the fixed work once. Return its seconds without those spent waiting for a core."""
    started = time.perf_counter()
    waited_before = _waited_seconds()
    for _ in range(ROUNDS):
        _work()
    waited = _waited_seconds() - waited_before
    return time.perf_counter() - started - waited


def _work() -> float:
    """Work of the kinds that a lesson does, without a library that starts threads of its own."""
    total = 0
    for number in range(20_000):  # Python itself
        total += number * number % 7
    ordered = np.sort(_VALUES)  # branches and caches
    smooth = np.tanh(ordered) * np.exp(-np.abs(_VALUES))  # arithmetic in vectors
    product = np.einsum("ij,jk->ik", _LEFT, _RIGHT)  # a layer
    return float(smooth.sum() + product.sum()) + total


def _waited_seconds() -> float:
    """Seconds that this thread was ready and had no core."""
    try:
        text = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text()
        return int(text.split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
