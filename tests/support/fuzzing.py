"""Fuzzing that is short in the test suite, and as long as one likes on request.

`make fuzz SECONDS=600` gives each fuzzer so many seconds of processor time, with new examples each
time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

SECONDS = float(os.environ.get("LEPTON_FUZZ_SECONDS", "0"))
EXAMPLES = 60
EXAMPLES_OF_A_ROUND = 500


def _processor_seconds() -> float:
    """Return the processor time that this process and its ended children have used."""
    return sum(os.times()[:4])


def fuzz(**strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Have a function tried with examples: always the same few, or new ones for long."""

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        tried = settings(
            max_examples=EXAMPLES_OF_A_ROUND if SECONDS else EXAMPLES,
            derandomize=not SECONDS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )(given(**strategies)(check))

        def test() -> None:
            end = _processor_seconds() + SECONDS
            while True:
                tried()
                if _processor_seconds() >= end:
                    return

        test.__doc__ = check.__doc__
        return test

    return decorate
