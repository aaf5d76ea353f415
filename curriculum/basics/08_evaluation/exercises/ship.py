"""Decide on tests with real customers: the exercise `ship`.

Customers and what they spent are CDNOW's. Which arm they were in, and what the new version did to
their spending, is drawn for each case, so that the truth is known to the judge alone.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chisquare, linregress, norm, ttest_ind

from lepton_course.authoring import Call, Case, accuracy, exercise

from .simulated_tests import (
    BROKEN,
    KEEP,
    KINDS,
    SHIP,
    adjusted,
    adjusted_by_inverse_slope,
    drawn_tests,
    unevenness,
    z_scores,
)

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


@shipping.cases
def cases(rng):
    def mixed(part, people, **numbers):
        """One case with so many tests of each kind, in any order."""
        parts = [drawn_tests(rng, number, people, KINDS[name]) for name, number in numbers.items()]
        truths = [KINDS[name].truth for name in numbers]
        labels = np.repeat(truths, list(numbers.values()))
        order = rng.permutation(len(labels))
        arrays = [np.concatenate(arrays)[order] for arrays in zip(*parts, strict=True)]
        return Case(part, tuple(arrays), expected=labels[order])

    return [
        mixed("plain tests", 700, gain_of_a_few=10, no_gain=5, not_quite=5),
        mixed("gains hidden by luck", 640, hidden_gain=10, no_gain=10),
        mixed("arms that differed before", 780, rich_arm=12, poor_arm=8),
        mixed("losses", 560, loss=10, a_little_uneven=10),
        mixed("broken tests", 700, broken_gain=8, broken_none=4, plain_gain=5, no_gain=5),
    ]


deciding = shipping.group("The decision")


@deciding.mistake(
    "Losses were shipped: a large difference in either direction is significant, but only a gain "
    "should be shipped."
)
def losses_shipped(arm, before, after):
    decided = (np.abs(z_scores(arm, adjusted(before, after))) > Z).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@deciding.mistake(
    "Tests without a gain are decided almost at random: a difference above 0 is not enough, it "
    "must be larger than luck explains."
)
def any_gain_is_shipped(arm, before, after):
    decided = (z_scores(arm, adjusted(before, after)) > 0).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@deciding.mistake(
    "Some gains that luck may explain were shipped: a two-sided test at 5 % asks for z > 1.96, not "
    "z > 1.645."
)
def one_sided(arm, before, after):
    decided = (z_scores(arm, adjusted(before, after)) > 1.645).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@deciding.mistake(
    "Gains that are not large were not shipped: each test is judged at 0.05 by itself, without a "
    "correction for the number of tests."
)
def corrected_for_many_tests(arm, before, after):
    limit = norm.isf(0.025 / len(arm))
    decided = (z_scores(arm, adjusted(before, after)) > limit).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@deciding.mistake(
    "Losses were shipped, and gains were not: subtract the old arm from the new one, not the new "
    "one from the old."
)
def new_less_old_reversed(arm, before, after):
    decided = (z_scores(arm, adjusted(before, after)) < -Z).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@deciding.mistake(
    "Broken splits are found, but not one gain is shipped: is the difference divided by its "
    "standard error, the root of var1 / n1 + var0 / n0, and does it compare all customers of the "
    "new arm with all of the old one?"
)
def no_gain_is_shipped(arm, before, after):
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, KEEP)


@deciding.mistake("Every test gets the same decision: decide each from its own customers.")
def always_the_same(arm, before, after):
    return np.full(len(arm), KEEP)


adjusting = shipping.group("Spending before the test")


@adjusting.mistake(
    "Plain tests are right, but not those in which luck hides or fakes a gain: adjust the spending "
    "by `before`, as CUPED does, with one mean of `before` for both arms."
)
def not_adjusted(arm, before, after):
    decided = (z_scores(arm, after) > Z).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@adjusting.mistake(
    "You subtracted all of the spending before: multiply it by theta, the slope of after on before."
)
def all_of_before_subtracted(arm, before, after):
    decided = (z_scores(arm, after - before) > Z).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@adjusting.mistake(
    "You divided the covariance by the variance of `after`: theta is the slope of after on before, "
    "cov(before, after) / var(before). They differ where the two periods do."
)
def slope_of_before_on_after(arm, before, after):
    decided = (z_scores(arm, adjusted_by_inverse_slope(before, after)) > Z).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


@adjusting.mistake(
    "You divided the spending by that before, so that those who spent little before count most: "
    "what counts is dollars, so subtract theta times `before` from `after`."
)
def divided_by_before(arm, before, after):
    decided = (z_scores(arm, after / np.maximum(before, 1)) > Z).astype(int)
    return np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, decided)


validity = shipping.group("Is the test valid?", read="lesson.ipynb#An-A/B-test")


@validity.mistake(
    "Broken tests did not get a 2: check first whether each arm got about half of the customers."
)
def never_broken(arm, before, after):
    return (z_scores(arm, adjusted(before, after)) > Z).astype(int)


@validity.mistake(
    "Too many valid tests were called broken: arms differ a little by chance, so require p < 0.001."
)
def broken_by_a_hair(right, a):
    return np.where(np.abs(unevenness(a.arm)) > Z, BROKEN, right())


@validity.mistake(
    "This is a plain test of `after`: it notices neither a broken split nor arms that differed "
    "before. Check the arms' sizes, and adjust by `before`."
)
def plain_test(arm, before, after):
    return (z_scores(arm, after) > Z).astype(int)


@validity.mistake(
    "Broken tests with a gain were shipped: look at the split first, since nothing can be "
    "concluded where it is broken."
)
def gain_before_the_split(arm, before, after):
    gains = z_scores(arm, adjusted(before, after)) > Z
    return np.where(gains, SHIP, np.where(np.abs(unevenness(arm)) > TOO_UNEVEN, BROKEN, KEEP))


@validity.mistake(
    "A split is broken for you where the new arm is too large, but not where it is too small (or "
    "the other way round): take the absolute value."
)
def only_one_arm_too_large(arm, before, after):
    decided = (z_scores(arm, adjusted(before, after)) > Z).astype(int)
    return np.where(unevenness(arm) > TOO_UNEVEN, BROKEN, decided)


@validity.mistake(
    "You called a split broken beyond a fixed share of the customers, such as 45 % to 55 %: how "
    "far chance carries it depends on their number, so compute a p-value."
)
def fixed_share(arm, before, after):
    decided = (z_scores(arm, adjusted(before, after)) > Z).astype(int)
    return np.where(np.abs(arm.mean(axis=1) - 0.5) > 0.05, BROKEN, decided)


@validity.mistake(
    "You called a split broken where the arms had spent different amounts before: it is the number "
    "of customers that shows it, and what they spent is what the adjustment is for."
)
def split_by_spending(arm, before, after):
    decided = (z_scores(arm, adjusted(before, after)) > Z).astype(int)
    return np.where(np.abs(z_scores(arm, before.astype(float))) > TOO_UNEVEN, BROKEN, decided)


shipping.hints(
    "Ask three questions, in this order. Is the split intact? How large is the gain, adjusted by "
    "the spending before? Is it larger than luck explains?",
    "Broken: the new arm's size is more than 3.3 standard errors, each sqrt(N) / 2, from N / 2. "
    "Otherwise regress after on before, and compare the residuals of the two arms.",
    "theta = cov(before, after) / var(before); y = after - theta * (before - its mean); z = gap "
    "between the means over sqrt(var1 / n1 + var0 / n0). 2 where the arms are uneven, 1 where "
    "z > 1.96, else 0.",
)
