"""Tests with real customers whose truth is known, for the exercise `ship`.

Customers and what they spent are CDNOW's. Which arm they were in, and what the new version did to
their spending, is drawn, and draws are kept where right methods agree.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lepton_course import load_dataset

DAY_0, MIDDLE, END = 90, 318, 546
CAP = 300.0
"""Dollars at which spending is capped, so that a few buyers do not decide a test."""
KEEP, SHIP, BROKEN = 0, 1, 2


def unevenness(arm):
    """Return by how many standard errors the new arm exceeds half of the customers, (T,)."""
    n = arm.shape[1]
    return (arm.sum(axis=1) - n / 2) / np.sqrt(n / 4)


def adjusted(before, after):
    """Return spending minus what earlier spending predicts, (T, N)."""
    x = _centred(before)
    y = _centred(after)
    return y - (x * y).sum(axis=1, keepdims=True) / (x * x).sum(axis=1, keepdims=True) * x


def adjusted_by_inverse_slope(before, after):
    """Return spending minus earlier spending times the slope of before on after, (T, N)."""
    x = _centred(before)
    y = _centred(after)
    return y - (x * y).sum(axis=1, keepdims=True) / (y * y).sum(axis=1, keepdims=True) * x


def _centred(dollars):
    return dollars - dollars.mean(axis=1, keepdims=True, dtype=float)


def z_scores(arm, y):
    """Return the difference between the arms in standard errors, (T,)."""
    new = arm == 1
    gap, variance = 0.0, 0.0
    for mask, sign in ((new, 1), (~new, -1)):
        n = mask.sum(axis=1)
        mean = (y * mask).sum(axis=1) / n
        gap = gap + sign * mean
        variance = variance + (((y - mean[:, None]) * mask) ** 2).sum(axis=1) / (n - 1) / n
    return gap / np.sqrt(variance)


@functools.cache
def _customers(begin):
    """Return the dollars from day `begin` to MIDDLE, where above 0, and after it, each (C,)."""
    log = load_dataset("cdnow")
    day, customer = log.column("day"), log.column("customer")

    def spent(start, end):
        kept = (day >= start) & (day < end)
        paid = log.column("dollars")[kept]
        return np.bincount(customer[kept], paid, customer.max() + 1)

    before = spent(begin, MIDDLE)
    active = before > 0
    return np.minimum(before, CAP)[active], np.minimum(spent(MIDDLE, END), CAP)[active]


def drawn_tests(rng, number, people, kind):
    """Draw tests until `number` of them fit: arm int8, before, after float32, each (number, N).

    kind.effect: dollars that the new version adds to the spending of each customer who spent at
    least kind.spent before, which counts from day kind.begin. kind.halves: the probabilities of the
    new arm, each for an equal share of the tests; kind.lean: how much it grows with a standard
    deviation of spending before. kind.fits: a function of the z-scores of `after`, of it adjusted,
    of `after` less `before`, and of the unevenness without its sign, each (T,).
    """
    before, after = _customers(kind.begin)
    leaning = kind.lean * np.clip((before - before.mean()) / before.std(), -2, 2)
    kept = []
    for place, half in enumerate(kind.halves):
        wanted = len(range(place, number, len(kind.halves)))
        found = []
        while sum(map(len, found)) < wanted:
            chosen = rng.integers(0, len(before), (4 * number, people))
            arm = (rng.random(chosen.shape) < half + leaning[chosen]).astype(np.int8)
            x = before[chosen]
            y = np.maximum(after[chosen] + kind.effect * arm * (x >= kind.spent), 0)
            scores = [z_scores(arm, values) for values in (y, adjusted(x, y), y - x)]
            mask = kind.fits(*scores, np.abs(unevenness(arm)))
            found.append(np.stack([arm, x, y], axis=1)[mask])
        kept.append(np.concatenate(found)[:wanted])
    found = np.concatenate(kept)
    return found[:, 0].astype(np.int8), *found[:, 1:].astype(np.float32).transpose(1, 0, 2)


class Kind(NamedTuple):
    """A kind of test. fits: which draws are clear enough; the others: see `drawn_tests`."""

    truth: int
    effect: float
    fits: Callable[..., np.ndarray]
    halves: tuple[float, ...] = (0.5,)
    lean: float = 0.0
    spent: float = 0.0
    begin: int = DAY_0


KINDS = {
    "plain_gain": Kind(SHIP, 30, lambda raw, z, own, u: (raw > 2.4) & (z > 2.8) & (u < 2)),
    "gain_of_a_few": Kind(
        SHIP, 80, lambda raw, z, own, u: (raw > 2.4) & (z > 2.8) & (u < 2), spent=100
    ),
    "no_gain": Kind(KEEP, 0, lambda raw, z, own, u: (abs(raw) < 1.5) & (abs(z) < 1.3) & (u < 2)),
    "not_quite": Kind(
        KEEP, 9, lambda raw, z, own, u: (raw < 1.8) & (z > 1.69) & (z < 1.84) & (u < 2)
    ),
    "hidden_gain": Kind(SHIP, 16, lambda raw, z, own, u: (raw < 1.5) & (z > 2.3) & (u < 2.5)),
    "poor_arm": Kind(
        SHIP, 18, lambda raw, z, own, u: (own < 1.5) & (z > 2.3) & (u < 2.5), lean=0.03
    ),
    "rich_arm": Kind(
        KEEP, 0, lambda raw, z, own, u: (raw > 2.6) & (z < 1.4) & (u < 2.5),
        lean=0.11, begin=MIDDLE - 30,
    ),
    "loss": Kind(KEEP, -25, lambda raw, z, own, u: (raw < -2.6) & (z < -2.8) & (u < 2.5)),
    "a_little_uneven": Kind(
        SHIP, 25, lambda raw, z, own, u: (z > 2.5) & (u > 2.05) & (u < 2.9), halves=(0.448, 0.552)
    ),
    "broken_gain": Kind(
        BROKEN, 30, lambda raw, z, own, u: (raw > 2.2) & (z > 2.4) & (u > 3.8), halves=(0.42, 0.58)
    ),
    "broken_none": Kind(
        BROKEN, 0, lambda raw, z, own, u: (raw < 1.5) & (abs(z) < 1.5) & (u > 3.8),
        halves=(0.42, 0.58),
    ),
}  # fmt: skip
