"""The report's statistics, as pure functions of points.

Definitions, with a student i, an exercise j and points x_ij of m_j:

facility: the mean of x_ij over the students, divided by m_j; 1 when everybody has full marks.
    Crocker and Algina, Introduction to Classical and Modern Test Theory, 1986, chapter 14.
discrimination: Pearson's correlation of x_ij with the student's points in all *other* exercises,
    the corrected item-total correlation (Henrysson, Correction of item-total correlations in item
    analysis, Psychometrika 28, 1963, 211-218). With x_ij either 0 or m_j it is the corrected
    point-biserial correlation.
normalised gain: (after - before) / (1 - before) of a group's mean fractions of the points (Hake,
    Interactive-engagement versus traditional methods, American Journal of Physics 66, 1998, 64-74).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST_FOR_INTERVAL = 5
"""Number of learners below which an interval would promise more than the data hold."""

RESAMPLES = 10_000
_NORMAL_95 = 1.959964  # the standard normal distribution's 97.5 % point


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; None for what `n` learners do not determine."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Gain:
    """Mean fractions (0 to 1) of the same learners before and after, and the normalised gain."""

    before: float
    after: float
    gain: Estimate


def facility(points: Sequence[float], max_points: float) -> float | None:
    """Return the mean fraction of the points, or None without learners or points.

    points: one number per learner.
    """
    if not points or max_points <= 0:
        return None
    return float(np.mean(points)) / max_points


def discrimination(points: np.ndarray, column: int) -> Estimate:
    """Return the corrected item-total correlation of one exercise, with its 95 % interval.

    points: array (learners, exercises). column: the exercise. The interval is Fisher's,
    tanh(artanh r ± 1.96 / √(n - 3)). The value is None when the exercise, or the rest of the
    assignment, gave everybody the same points.
    """
    n = len(points)
    item = points[:, column]
    rest = points.sum(axis=1) - item
    if n < 3 or np.ptp(item) < 1e-12 or np.ptp(rest) < 1e-12:
        return Estimate(None, None, None, n)
    r = float(np.clip(np.corrcoef(item, rest)[0, 1], -1.0, 1.0))
    if n < FEWEST_FOR_INTERVAL or abs(r) > 1 - 1e-12:
        return Estimate(r, None, None, n)
    half = _NORMAL_95 / math.sqrt(n - 3)
    return Estimate(r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half), n)


def normalised_gain(before: Sequence[float], after: Sequence[float], seed: int = 0) -> Gain | None:
    """Return a group's normalised gain, from each learner's fractions, or None for an empty group.

    The interval is the percentile bootstrap's: learners are drawn with replacement, 10,000 times,
    from a fixed seed (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
    There is no gain when everybody knew everything before.
    """
    n = len(before)
    if n == 0:
        return None
    pairs = np.array([before, after], dtype=float)
    start, end = pairs.mean(axis=1)
    value = float((end - start) / (1 - start)) if start < 1 else None
    low = high = None
    if value is not None and n >= FEWEST_FOR_INTERVAL:
        chosen = np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))
        starts, ends = pairs[:, chosen].mean(axis=2)
        left = starts < 1
        gains = (ends[left] - starts[left]) / (1 - starts[left])
        low, high = (float(q) for q in np.percentile(gains, [2.5, 97.5]))
    return Gain(float(start), float(end), Estimate(value, low, high, n))
