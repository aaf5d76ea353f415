"""How uncertain is the difference of two models: the exercise `bootstrap_interval`."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import in_percent, tuple_order

resampling = exercise(
    "bootstrap_interval",
    title="A paired bootstrap interval",
    points=2,
    difficulty=3,
    minutes=8,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Paired-comparison",
    returns=("low", "high"),
    forms=[
        in_percent(),
        tuple_order((1, 0), "You returned (high, low): the lower end comes first."),
    ],
)


@resampling.reference
def bootstrap_interval(losses_a, losses_b, draws, level=0.95):
    """Return (low, high), floats: the percentile interval of mean(losses_b) - mean(losses_a).

    losses_a, losses_b: float (N,), of the same N examples; draws: int (R, N), the examples of each
    resample; level: in 0…1, exclusive. Quantiles are interpolated linearly.
    Source: Efron and Tibshirani (1993), chapter 13.
    """
    means = (losses_b - losses_a)[draws].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@resampling.alternative
def one_resample_at_a_time(losses_a, losses_b, draws, level=0.95):
    gains = []
    for rows in draws:
        gains.append(float(np.mean(losses_b[rows]) - np.mean(losses_a[rows])))
    outside = 100 * (1 - level) / 2
    return float(np.percentile(gains, outside)), float(np.percentile(gains, 100 - outside))


@resampling.cases
def cases(rng):
    def drawn(part, rows, resamples, *level, wrong=False):
        common = rng.gamma(1.0, size=rows)
        a = common + 0.3 * rng.normal(size=rows)
        b = common + 0.3 * rng.normal(size=rows) + 0.1
        if wrong:
            a, b = (a > 1.0).astype(float), (b > 1.0).astype(float)
        return Case(part, (a, b, rng.integers(0, rows, (resamples, rows)), *level))

    return [
        drawn("the usual level", 40, 200),
        drawn("the usual level", 25, 99, wrong=True),
        drawn("the usual level", 1, 3),
        drawn("other levels", 30, 150, 0.8),
        drawn("other levels", 12, 301, 0.5),
        drawn("other levels", 17, 80, 0.99),
        drawn("a single resample", 8, 1, 0.9),
    ]


pairs = resampling.group("The pairs")


def _of(values, level, a=None):
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@pairs.mistake(
    "You resampled the two models separately: both answered the same examples, so one row of "
    "draws selects the examples for both."
)
def not_paired(losses_a, losses_b, draws, level=0.95):
    return _of(losses_b[draws].mean(axis=1) - losses_a[draws[::-1]].mean(axis=1), level)


@pairs.mistake("You subtracted b from a: the difference is the mean of b minus that of a.")
def a_less_b(right, a):
    return right(losses_a=a.losses_b, losses_b=a.losses_a)


@pairs.mistake(
    "You took the quantiles of the examples' own differences: take the mean of each resample, then "
    "the quantiles of these means."
)
def quantiles_of_examples(losses_a, losses_b, draws, level=0.95):
    return _of((losses_b - losses_a)[draws], level)


@pairs.mistake(
    "You subtracted the ends of two intervals, one for each model: compute the difference in each "
    "resample, then one interval of these differences."
)
def difference_of_intervals(losses_a, losses_b, draws, level=0.95):
    first, second = (
        _of(losses_a[draws].mean(axis=1), level),
        _of(losses_b[draws].mean(axis=1), level),
    )
    return second[0] - first[0], second[1] - first[1]


@pairs.mistake(
    "You took the mean over axis 0: a resample is a row of draws, so the mean runs along axis 1."
)
def mean_over_the_resamples(losses_a, losses_b, draws, level=0.95):
    return _of((losses_b - losses_a)[draws].mean(axis=0), level)


@pairs.mistake("You took the median of each resample: the difference is one of means.")
def medians(losses_a, losses_b, draws, level=0.95):
    return _of(np.median((losses_b - losses_a)[draws], axis=1), level)


@pairs.mistake(
    "You resampled b alone: draw the same examples for a, so that what they share cancels."
)
def only_b_resampled(losses_a, losses_b, draws, level=0.95):
    return _of(losses_b[draws].mean(axis=1) - losses_a.mean(), level)


@pairs.mistake(
    "You took the quantiles of the examples' differences without resampling: `draws` says which "
    "examples make up each resample."
)
def without_resampling(losses_a, losses_b, draws, level=0.95):
    return _of(losses_b - losses_a, level)


ends = resampling.group("The ends", read="lesson.ipynb#How-uncertain-is-the-accuracy?")


@ends.mistake(
    "You left out 1 - level on each side: half of it lies below the interval, and half above."
)
def all_on_each_side(right, a):
    return right(level=max(2 * a.level - 1, 0.0))


@ends.mistake("You ignored level: the interval contains that fraction of the resamples.")
def level_ignored(right, a):
    return right(level=0.95)


@ends.mistake(
    "You returned 1.96 standard deviations on either side: take quantiles of the resamples, which "
    "assume no normal distribution."
)
def normal_interval(losses_a, losses_b, draws, level=0.95):
    gains = (losses_b - losses_a)[draws].mean(axis=1)
    middle, width = gains.mean(), 1.96 * gains.std()
    return float(middle - width), float(middle + width)


@ends.mistake(
    "You went as many standard deviations to either side as the level asks for: take quantiles of "
    "the resamples, which need no bell curve."
)
def normal_interval_of_the_level(losses_a, losses_b, draws, level=0.95):
    gains = (losses_b - losses_a)[draws].mean(axis=1)
    middle, width = gains.mean(), NormalDist().inv_cdf((1 + level) / 2) * gains.std()
    return float(middle - width), float(middle + width)


@ends.mistake(
    "You took two of the sorted differences: a quantile may lie between two of them, so "
    "interpolate, as np.quantile does."
)
def two_of_the_sorted(losses_a, losses_b, draws, level=0.95):
    gains = np.sort((losses_b - losses_a)[draws].mean(axis=1))
    low, high = int((1 - level) / 2 * len(gains)), int((1 + level) / 2 * len(gains))
    return float(gains[low]), float(gains[min(high, len(gains) - 1)])


@ends.mistake(
    "You reflected the interval about the observed difference (the basic bootstrap): the quantiles "
    "themselves are its ends here."
)
def basic_bootstrap(right, a):
    low, high = right()
    observed = float(np.mean(a.losses_b - a.losses_a))
    return 2 * observed - high, 2 * observed - low


@ends.mistake("You returned the smallest and the largest resample: take quantiles.")
def smallest_and_largest(right, a):
    return right(level=1.0)


@ends.mistake(
    "You took level for what lies outside: it is the fraction inside, so each side loses half of "
    "1 - level."
)
def level_outside(right, a):
    return right(level=1 - a.level)


@ends.mistake(
    "You gave np.percentile fractions: it counts in per cent, from 0 to 100; np.quantile takes "
    "fractions."
)
def fractions_of_a_per_cent(losses_a, losses_b, draws, level=0.95):
    gains = (losses_b - losses_a)[draws].mean(axis=1)
    low, high = np.percentile(gains, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


resampling.hints(
    "One row of draws is one new data set. What is the difference of the two means there?",
    "(losses_b - losses_a)[draws] has shape (R, N): a mean along the axis of the examples gives R "
    "differences. The interval is two quantiles of them.",
    "np.quantile of these R differences at (1 - level) / 2 and 1 - (1 - level) / 2; return two "
    "floats.",
)
