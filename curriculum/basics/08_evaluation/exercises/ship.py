"""Decide on tests with real customers: the exercise `ship`.

Customers and what they spent are CDNOW's. Which arm they were in, and what the new version did to
their spending, is drawn for each case, so that the truth is known to the judge alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import chisquare, linregress, norm, ttest_ind

from lepton_course import load_dataset
from lepton_course.authoring import Call, Case, accuracy, exercise

DAY_0, MIDDLE, END = 90, 318, 546
CAP = 300.0
"""Dollars at which spending is capped, so that a few buyers do not decide a test."""
KEEP, SHIP, BROKEN = 0, 1, 2
Z, TOO_UNEVEN = 1.96, 3.3


shipping = exercise(
    "ship",
    title="Decide on tests with real customers",
    points=3,
    difficulty=5,
    minutes=18,
    probe=Call(),
    compare=accuracy(at_least=0.85, tolerance=0.04),
    read="lesson.ipynb#CUPED",
)


@shipping.reference
def ship(arm, before, after):
    """Return the decision on each of T tests, int64 (T,): 0 keep the old, 1 ship, 2 broken.

    arm: 0 old, 1 new, int8 (T, N); before, after: dollars spent before and in the test, float32
    (T, N). A test is broken if the arms are too uneven (p < 0.001); the new version is shipped
    if the difference, adjusted by the spending before, is above 0 with p < 0.05.
    """
    return np.array([_decide(*test) for test in zip(arm, before, after, strict=True)])


def _decide(arm, before, after):
    """Return the decision on one test, from arrays (N,)."""
    if chisquare(np.bincount(arm, minlength=2)).pvalue < 0.001:
        return BROKEN
    rest = after - linregress(before, after).slope * before
    found = ttest_ind(rest[arm == 1], rest[arm == 0], equal_var=False, alternative="greater")
    return SHIP if found.pvalue < 0.025 else KEEP


def _unevenness(arm):
    """Return by how many standard errors the new arm exceeds half of the customers, (T,)."""
    n = arm.shape[1]
    return (arm.sum(axis=1) - n / 2) / np.sqrt(n / 4)


def _adjusted(before, after):
    """Return spending minus what earlier spending predicts, (T, N)."""
    x = before - before.mean(axis=1, keepdims=True, dtype=float)
    y = after - after.mean(axis=1, keepdims=True, dtype=float)
    return y - (x * y).sum(axis=1, keepdims=True) / (x * x).sum(axis=1, keepdims=True) * x


def _z_scores(arm, y):
    """Return the difference between the arms in standard errors, (T,)."""
    new = arm == 1
    gap, variance = 0.0, 0.0
    for mask, sign in ((new, 1), (~new, -1)):
        n = mask.sum(axis=1)
        mean = (y * mask).sum(axis=1) / n
        gap = gap + sign * mean
        variance = variance + (((y - mean[:, None]) * mask) ** 2).sum(axis=1) / (n - 1) / n
    return gap / np.sqrt(variance)


@shipping.alternative
def by_regression(arm, before, after):
    """Least squares of spending on arm and spending before, test by test."""
    decisions = []
    for group, x, y in zip(arm, before.astype(float), after.astype(float), strict=True):
        n = len(group)
        design = np.column_stack([np.ones(n), group, x])
        inverse = np.linalg.inv(design.T @ design)
        weights = inverse @ design.T @ y
        error = np.sqrt(((y - design @ weights) ** 2).sum() / (n - 3) * inverse[1, 1])
        chi = ((group == 1).sum() - n / 2) ** 2 / (n / 4)
        decisions.append(2 if chi > 10.83 else int(weights[1] / error > 1.96))
    return np.array(decisions)


@functools.cache
def _customers():
    """Return the dollars of customers active in the first part, in it and after it, each (C,)."""
    log = load_dataset("cdnow")
    day, customer = log.column("day"), log.column("customer")

    def spent(start, end):
        kept = (day >= start) & (day < end)
        paid = log.column("dollars")[kept]
        return np.bincount(customer[kept], paid, customer.max() + 1)

    before = spent(DAY_0, MIDDLE)
    active = before > 0
    return np.minimum(before, CAP)[active], np.minimum(spent(MIDDLE, END), CAP)[active]


def _tests(rng, number, people, kind):
    """Draw tests until `number` of them fit: arm int8, before, after float32, each (number, N).

    kind.effect: dollars that the new version adds to each customer's spending. kind.halves: the
    probability of the new arm, one of them at random; kind.lean: how much it grows with a standard
    deviation of spending before. kind.fits: a function of the z-scores of `after`, of it adjusted,
    of `after` less `before`, and of the unevenness without its sign, each (T,).
    """
    before, after = _customers()
    chance = rng.choice(kind.halves) + kind.lean * np.clip(
        (before - before.mean()) / before.std(), -2, 2
    )
    kept = []
    while sum(map(len, kept)) < number:
        chosen = rng.integers(0, len(before), (4 * number, people))
        arm = (rng.random(chosen.shape) < chance[chosen]).astype(np.int8)
        y = np.maximum(after[chosen] + kind.effect * arm, 0)
        x = before[chosen]
        scores = [_z_scores(arm, values) for values in (y, _adjusted(x, y), y - x)]
        mask = kind.fits(*scores, np.abs(_unevenness(arm)))
        kept.append(np.stack([arm, x, y], axis=1)[mask])
    found = np.concatenate(kept)[:number]
    return found[:, 0].astype(np.int8), *found[:, 1:].astype(np.float32).transpose(1, 0, 2)


class Kind(NamedTuple):
    """A kind of test. halves, lean: see `_tests`; fits: which draws are clear enough to ask for."""

    truth: int
    effect: float
    fits: Callable[..., np.ndarray]
    halves: tuple[float, ...] = (0.5,)
    lean: float = 0.0


KINDS = {
    "plain_gain": Kind(SHIP, 30, lambda raw, z, own, u: (raw > 2.4) & (z > 2.8) & (u < 2)),
    "no_gain": Kind(KEEP, 0, lambda raw, z, own, u: (abs(raw) < 1.5) & (abs(z) < 1.3) & (u < 2)),
    "not_quite": Kind(
        KEEP, 9, lambda raw, z, own, u: (raw < 1.8) & (z > 1.69) & (z < 1.84) & (u < 2)
    ),
    "hidden_gain": Kind(SHIP, 16, lambda raw, z, own, u: (raw < 1.5) & (z > 2.3) & (u < 2.5)),
    "poor_arm": Kind(
        SHIP, 18, lambda raw, z, own, u: (own < 1.5) & (z > 2.3) & (u < 2.5), lean=0.03
    ),
    "rich_arm": Kind(
        KEEP, 0, lambda raw, z, own, u: (raw > 2.2) & (z < 1.4) & (u < 2.5), lean=0.08
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


@shipping.cases
def cases(rng):
    def mixed(part, people, **numbers):
        """One case with so many tests of each kind, in any order."""
        parts = [_tests(rng, number, people, KINDS[name]) for name, number in numbers.items()]
        truths = [KINDS[name].truth for name in numbers]
        labels = np.repeat(truths, list(numbers.values()))
        order = rng.permutation(len(labels))
        arrays = [np.concatenate(arrays)[order] for arrays in zip(*parts, strict=True)]
        return Case(part, tuple(arrays), expected=labels[order])

    return [
        mixed("plain tests", 700, plain_gain=10, no_gain=5, not_quite=5),
        mixed("gains hidden by luck", 640, hidden_gain=10, no_gain=10),
        mixed("arms that differed before", 780, rich_arm=10, poor_arm=10),
        mixed("losses", 560, loss=10, a_little_uneven=10),
        mixed("broken tests", 700, broken_gain=6, broken_none=6, plain_gain=5, no_gain=5),
    ]


deciding = shipping.group("The decision")


@deciding.mistake(
    "Losses were shipped: a large difference in either direction is significant, but only a gain "
    "should be shipped."
)
def losses_shipped(arm, before, after):
    decided = (np.abs(_z_scores(arm, _adjusted(before, after))) > Z).astype(int)
    return np.where(np.abs(_unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@deciding.mistake(
    "Tests without a gain are decided almost at random: a difference above 0 is not enough, it "
    "must be larger than luck explains."
)
def any_gain_is_shipped(arm, before, after):
    decided = (_z_scores(arm, _adjusted(before, after)) > 0).astype(int)
    return np.where(np.abs(_unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@deciding.mistake(
    "Some gains that luck may explain were shipped: a two-sided test at 5 % asks for z > 1.96, not "
    "z > 1.645."
)
def one_sided(arm, before, after):
    decided = (_z_scores(arm, _adjusted(before, after)) > 1.645).astype(int)
    return np.where(np.abs(_unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@deciding.mistake(
    "Gains that are not large were not shipped: each test is judged at 0.05 by itself, without a "
    "correction for the number of tests."
)
def corrected_for_many_tests(arm, before, after):
    limit = norm.isf(0.025 / len(arm))
    decided = (_z_scores(arm, _adjusted(before, after)) > limit).astype(int)
    return np.where(np.abs(_unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


adjusting = shipping.group("Spending before the test")


@adjusting.mistake(
    "Plain tests are right, but not those in which luck hides or fakes a gain: adjust the spending "
    "by `before`, as CUPED does, with one mean of `before` for both arms."
)
def not_adjusted(arm, before, after):
    decided = (_z_scores(arm, after) > Z).astype(int)
    return np.where(np.abs(_unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@adjusting.mistake(
    "You subtracted all of the spending before: multiply it by theta, the slope of after on before."
)
def all_of_before_subtracted(arm, before, after):
    decided = (_z_scores(arm, after - before) > Z).astype(int)
    return np.where(np.abs(_unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


validity = shipping.group("Is the test valid?", read="lesson.ipynb#An-A/B-test")


@validity.mistake(
    "Broken tests did not get a 2: check first whether each arm got about half of the customers."
)
def never_broken(arm, before, after):
    return (_z_scores(arm, _adjusted(before, after)) > Z).astype(int)


@validity.mistake(
    "Too many valid tests were called broken: arms differ a little by chance, so require p < 0.001."
)
def broken_by_a_hair(right, a):
    return np.where(np.abs(_unevenness(a.arm)) > Z, BROKEN, right())


@validity.mistake(
    "This is a plain test of `after`: it notices neither a broken split nor arms that differed "
    "before. Check the arms' sizes, and adjust by `before`."
)
def plain_test(arm, before, after):
    return (_z_scores(arm, after) > Z).astype(int)


shipping.hints(
    "Ask three questions, in this order. Is the split intact? How large is the gain, adjusted by "
    "the spending before? Is it larger than luck explains?",
    "Broken: the new arm's size is more than 3.3 standard errors, each sqrt(N) / 2, from N / 2. "
    "Otherwise regress after on before, and compare the residuals of the two arms.",
    "theta = cov(before, after) / var(before); y = after - theta * (before - its mean); z = gap "
    "between the means over sqrt(var1 / n1 + var0 / n0). 2 where the arms are uneven, 1 where "
    "z > 1.96, else 0.",
)
