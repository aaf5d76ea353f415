"""This machine's current speed: a fixed piece of work, timed while something else runs.

A core computes more slowly when its hyperthread, its caches or its host is shared, and so does the
fixed work at the same moment.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

REFERENCE_SECONDS = 0.0100
"""Processor time of a sample on an idle core of the machine for which budgets are stated."""

ROUNDS = 4
"""Rounds of the work in a sample: longer than the scheduler's tick, 4 ms, but soon over."""

_VALUES = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
_LEFT, _RIGHT = _VALUES[:25_600].reshape(160, 160), _VALUES[25_600:51_200].reshape(160, 160)


@dataclass(frozen=True)
class SpeedSample:
    """Seconds of the fixed work: on a core, and lost on none without having waited for one.

    The lost time is what the machine's host took, or the accounts of a busy machine missed.
    """

    cpu: float
    lost: float = 0.0


def sample() -> SpeedSample:
    """Do the fixed work once, and time it."""
    started, waited_before, cpu_before = time.perf_counter(), _waited_seconds(), time.thread_time()
    for _ in range(ROUNDS):
        _work()
    cpu, waited = time.thread_time() - cpu_before, _waited_seconds() - waited_before
    return SpeedSample(cpu, max(0.0, time.perf_counter() - started - waited - cpu))


def _work() -> float:
    """Compute something of each kind that a lesson does, with no library that starts threads."""
    total = 0
    for number in range(20_000):  # Python itself
        total += number * number % 7
    ordered = np.sort(_VALUES)  # branches and caches
    smooth = np.tanh(ordered) * np.exp(-np.abs(_VALUES))  # arithmetic in vectors
    product = np.einsum("ij,jk->ik", _LEFT, _RIGHT)  # a layer
    return float(smooth.sum() + product.sum()) + total


def _waited_seconds() -> float:
    """Return the seconds that this thread was ready without a core."""
    try:
        text = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text()
        return int(text.split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
