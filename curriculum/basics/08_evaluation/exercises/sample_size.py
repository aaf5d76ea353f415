"""How many visitors a test needs: the exercise `sample_size`."""

from __future__ import annotations

import math
from statistics import NormalDist

from scipy.stats import norm

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_float, one_too_few

planning = exercise(
    "sample_size",
    title="How many visitors",
    points=2,
    difficulty=2,
    minutes=7,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Power-and-sample-size",
    forms=[
        as_float(),
        one_too_few("Your number is one too small: round up, so that the power is reached."),
    ],
)


@planning.reference
def sample_size(rate, lift, share=0.5, level=0.05, power=0.8):
    """Return the number of visitors, an int, in both arms together.

    rate: conversion in the old arm; lift: the relative change to be found, so that the new arm's
    rate is rate * (1 + lift); share: fraction of visitors in the new arm; level: of the two-sided
    test; power: probability of finding the lift.
    """
    new = rate * (1 + lift)
    spread = rate * (1 - rate) / (1 - share) + new * (1 - new) / share
    deviates = norm.isf(level / 2) + norm.ppf(power)
    return math.ceil(spread * (deviates / (new - rate)) ** 2)


@planning.alternative
def with_the_standard_library(rate, lift, share=0.5, level=0.05, power=0.8):
    bell = NormalDist()
    reach = bell.inv_cdf(1 - level / 2) - bell.inv_cdf(1 - power)
    other = rate + rate * lift
    error_of_one = math.sqrt(rate * (1 - rate) / (1 - share) + other * (1 - other) / share)
    return int(math.ceil((reach * error_of_one / abs(other - rate)) ** 2))


@planning.cases
def cases(rng):
    def near(value):
        return round(value * rng.uniform(0.9, 1.1), 4)

    return [
        Case("half of the visitors in each arm", (near(0.1), near(0.2))),
        Case("half of the visitors in each arm", (near(0.03), near(0.1))),
        Case("half of the visitors in each arm", (near(0.55), near(0.04))),
        Case("a lift below 0", (near(0.2), -near(0.15))),
        Case("a lift below 0", (near(0.7), -near(0.6))),
        Case("unequal arms", (near(0.05), near(0.3), near(0.1))),
        Case("unequal arms", (near(0.3), near(0.8), near(0.75))),
        Case("other levels and powers", (near(0.1), near(0.5), 0.5, near(0.01))),
        Case("other levels and powers", (near(0.25), near(0.2), near(0.4), 0.1, 0.95)),
        Case("other levels and powers", (near(0.08), near(1.0), 0.5, 0.05, near(0.6))),
    ]


effect = planning.group("The effect")


@effect.mistake(
    "You treated lift as a difference of rates: it is relative, so the new rate is "
    "rate * (1 + lift)."
)
def lift_is_absolute(rate, lift, share=0.5, level=0.05, power=0.8):
    new = rate + lift
    spread = rate * (1 - rate) / (1 - share) + new * (1 - new) / share
    return math.ceil(spread * ((_z(1 - level / 2) + _z(power)) / lift) ** 2)


@effect.mistake(
    "You used the old arm's variance for both arms: the new arm has its own, from its own rate."
)
def one_variance(rate, lift, share=0.5, level=0.05, power=0.8):
    spread = rate * (1 - rate) * (1 / (1 - share) + 1 / share)
    return math.ceil(spread * ((_z(1 - level / 2) + _z(power)) / (rate * lift)) ** 2)


def _z(probability):
    return NormalDist().inv_cdf(probability)


@effect.mistake(
    "You pooled the two rates: each arm has the variance of its own rate, p (1 - p) or q (1 - q)."
)
def pooled_rate(rate, lift, share=0.5, level=0.05, power=0.8):
    mean = rate * (1 + share * lift)
    spread = mean * (1 - mean) * (1 / (1 - share) + 1 / share)
    return math.ceil(spread * ((_z(1 - level / 2) + _z(power)) / (rate * lift)) ** 2)


@effect.mistake("You did not square the difference of the two rates.")
def difference_not_squared(right, a):
    return math.ceil(_visitors(a) * abs(a.rate * a.lift))


@effect.mistake("You planned a drop as if it were a rise: with a lift below 0, q is below p.")
def drop_taken_for_a_rise(right, a):
    return right(lift=abs(a.lift))


def _visitors(a, square=None):
    """The number of visitors before rounding; square: another square of the sum of quantiles."""
    if square is None:
        square = (_z(1 - a.level / 2) + _z(a.power)) ** 2
    new = a.rate * (1 + a.lift)
    spread = a.rate * (1 - a.rate) / (1 - a.share) + new * (1 - new) / a.share
    return spread * square / (new - a.rate) ** 2


errors = planning.group("The two errors")


@errors.mistake("Your test is one-sided: in a two-sided test, each tail gets half of level.")
def one_sided(right, a):
    return right(level=2 * a.level)


@errors.mistake(
    "You ignored power: with this many visitors, the test detects the lift only half of the time."
)
def power_ignored(right, a):
    return right(power=0.5)


@errors.mistake("You ignored level: use that significance level, and not always 0.05.")
def level_ignored(right, a):
    return right(level=0.05)


@errors.mistake(
    "You squared the two normal quantiles separately: add them first, then square the sum."
)
def squared_separately(right, a):
    return math.ceil(_visitors(a, _z(1 - a.level / 2) ** 2 + _z(a.power) ** 2))


@errors.mistake("You did not square the sum of the two normal quantiles.")
def not_squared(right, a):
    return math.ceil(_visitors(a, _z(1 - a.level / 2) + _z(a.power)))


@errors.mistake(
    "You used the quantile for 1 - power, which is negative: add the quantile for power."
)
def quantile_of_the_other_error(right, a):
    return math.ceil(_visitors(a, (_z(1 - a.level / 2) + _z(1 - a.power)) ** 2))


@errors.mistake(
    "You wrote 1.96 and 0.84: they are rounded, and hold only for level 0.05 and power 0.8. "
    "Compute the quantiles with norm.ppf."
)
def quantiles_written_out(right, a):
    return math.ceil(_visitors(a, (1.96 + 0.84) ** 2))


arms = planning.group("The arms")


@arms.mistake("You returned the visitors in one arm: return those in both arms together.")
def one_arm(right, a):
    return math.ceil(right() / 2)


@arms.mistake(
    "That is the lesson's formula, for the visitors in one of two equal arms: N counts both arms, "
    "and the new one gets the fraction share of them."
)
def formula_of_the_lesson(right, a):
    return math.ceil(right(share=0.5) / 2)


@arms.mistake(
    "You rounded up the visitors in one of two equal arms and doubled them: compute N for the "
    "given share, and round up once."
)
def one_arm_doubled(right, a):
    return 2 * math.ceil(right(share=0.5) / 2)


@arms.mistake("You rounded to the nearest whole number: round up, so that the power is reached.")
def rounded_to_nearest(right, a):
    return round(_visitors(a))


@arms.mistake(
    "You ignored share: it sets the sizes of the two arms, and so the variance of the difference."
)
def share_ignored(right, a):
    return right(share=0.5)


@arms.mistake("You swapped the arms: share is the fraction of visitors in the new one.")
def arms_exchanged(right, a):
    return right(share=1 - a.share)


planning.hints(
    "With N visitors in total, what is the variance of the difference between the two rates?",
    "It is (p (1 - p) / (1 - share) + q (1 - q) / share) / N, with p the old and q the new rate. "
    "Its root, times the sum of two normal quantiles, must equal |q - p|.",
    "N = ceil(spread * ((z(1 - level / 2) + z(power)) / (q - p)) ** 2), with spread the bracket "
    "above and z the quantile function statistics.NormalDist().inv_cdf.",
)
