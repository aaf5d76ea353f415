"""More mistakes in `drift_alarm`, which is declared beside: tests, and kinds of fault unseen."""

from __future__ import annotations

import numpy as np
from scipy.stats import ks_2samp

from .drift_alarm import alarming

tests = alarming.group("Tests week by week")


@tests.mistake(
    "You judge a week by its sum alone, perhaps, as when it is three standard deviations from the "
    "mean: that misses whatever leaves sums as they were, and one odd week is enough for it. "
    "Compare weekday by weekday, and ask for several weeks."
)
def sums_beyond_three_sigma(reference, live):
    known = reference.reshape(-1, 7).mean(axis=1)
    far = np.abs(live.reshape(-1, 7).mean(axis=1) - known.mean())
    return (far > 3 * known.std()).astype(np.int64)


@tests.mistake(
    "You alarm as soon as one day is far from the mean of its weekday, perhaps: any holiday is. "
    "Judge a week by all of its days, and ask for several weeks."
)
def one_day_is_enough(reference, live):
    known, new = reference.reshape(-1, 7), live.reshape(-1, 7)
    return (np.abs(new - known.mean(axis=0)) > 3 * known.std(axis=0)).any(axis=1).astype(np.int64)


@tests.mistake(
    "You compare a week's seven counts with all of the reference's in bins, perhaps: so few values "
    "fill bins unevenly without any fault. Compare weekday by weekday instead."
)
def stability_index(reference, live):
    edges = np.quantile(reference, np.linspace(0, 1, 11))
    edges[0], edges[-1] = 0, np.inf
    usual = (np.histogram(reference, edges)[0] + 1) / (len(reference) + 10)
    shares = np.array([np.histogram(week, edges)[0] + 1 for week in live.reshape(-1, 7)]) / 17
    return (((shares - usual) * np.log(shares / usual)).sum(axis=1) > 0.25).astype(np.int64)


@tests.mistake(
    "You test a week's seven counts against all of the reference's, perhaps: so few values prove "
    "little, and the test forgets which day is a Sunday. Compare weekday by weekday."
)
def tested_by_week(reference, live):
    found = [ks_2samp(week, reference).pvalue < 0.01 for week in live.reshape(-1, 7)]
    return np.array(found, dtype=np.int64)


@tests.mistake(
    "You alarm as soon as one day is far from the mean of its weekday, perhaps: any holiday is. "
    "Judge a week by all of its days, and ask for several weeks.",
    name="one day by its ratio",
)
def one_day_by_its_ratio(reference, live):
    usual = np.median(reference.reshape(-1, 7), axis=0)
    return (np.abs(live.reshape(-1, 7) / usual - 1) > 0.4).any(axis=1).astype(np.int64)


@tests.mistake(
    "You compare a week with the one before, perhaps: a fault that lasts stands out where it "
    "begins and ends, and not in between. Compare with the reference."
)
def against_the_week_before(reference, live):
    sums = np.concatenate([reference[-7:], live]).reshape(-1, 7).sum(axis=1)
    return (np.abs(np.diff(np.log(sums + 1))) > 0.25).astype(np.int64)


@tests.mistake(
    "Odd weeks raise your alarm by themselves, perhaps: a fault lasts five weeks or more, so ask "
    "for several weeks before you believe it.",
    name="an odd week by its level or pattern",
)
def odd_week_by_level_or_pattern(reference, live):
    return (_far_levels(reference, live) | _far_patterns(reference, live)).astype(np.int64)


@tests.mistake(
    "Odd weeks raise your alarm by themselves, perhaps: a fault lasts five weeks or more, so ask "
    "for several weeks before you believe it.",
    name="a week by its ratio to means",
)
def week_by_its_ratio_to_means(reference, live):
    usual = reference.reshape(-1, 7).mean(axis=0)
    return (np.abs(np.log(live.reshape(-1, 7) / usual)).mean(axis=1) > 0.22).astype(np.int64)


@tests.mistake(
    "You count days that are several spreads of their weekday away, perhaps: where counts vary "
    "much, a fault hides in the spread, and where they vary little, any odd week is far outside. "
    "Ask by what factor the counts of a week changed, and for how many weeks."
)
def several_days_by_their_spread(reference, live):
    known = reference.reshape(-1, 7)
    usual = np.median(known, axis=0)
    spread = 1.48 * np.median(np.abs(known - usual), axis=0)
    far = np.abs(live.reshape(-1, 7) - usual) > 5 * spread
    return (far.sum(axis=1) >= 3).astype(np.int64)


@tests.mistake(
    "You test stretches of weeks for any difference, perhaps: in so many days seasons and growth "
    "are significant, too. Ask how large a change is, and compare weekday by weekday."
)
def stretches_tested(reference, live):
    labels = np.zeros(len(live) // 7, dtype=np.int64)
    for first in range(len(labels) - 4):
        if ks_2samp(live[7 * first : 7 * (first + 5)], reference).pvalue < 0.01:
            labels[first : first + 5] = 1
    return labels


@tests.mistake(
    "You compare live with itself, perhaps: a long fault moves its mean and its spread, and the "
    "oddest of calm weeks are labelled as well. Compare with the reference."
)
def outliers_of_live(reference, live):
    sums = live.reshape(-1, 7).sum(axis=1)
    return (np.abs(sums - sums.mean()) > sums.std()).astype(np.int64)


kinds = alarming.group("Kinds of fault")


@kinds.mistake(
    "You miss passengers counted twice, perhaps: a fault may raise the counts as well as lower "
    "them. Look at the absolute value of the log ratio."
)
def rises_unseen(right, a):
    risen = _levels(a.reference, a.live) > 0.26
    return np.where(risen, 0, right())


@kinds.mistake(
    "You miss days that come early, perhaps: Saturday's count may stand on a Thursday as well as "
    "on a Monday."
)
def early_days_unseen(right, a):
    shares, usual = _patterns(a.reference, a.live)
    shifts = (-3, -2, 0, 2, 3)
    distances = [np.abs(shares - np.roll(usual, shift)).sum(axis=1) for shift in shifts]
    return np.where(np.argmin(distances, axis=0) < 2, 0, right())


@kinds.mistake(
    "Your alarm, once raised, stays: a fault ends when somebody repairs it, and later weeks are "
    "calm again.",
    name="the first odd level stays",
)
def first_odd_level_stays(reference, live):
    return np.maximum.accumulate(_far_levels(reference, live)).astype(np.int64)


@kinds.mistake(
    "Your alarm comes too late: a week is asked for by itself, with the weeks after it at hand, so "
    "the first weeks of a fault are faulty, too.",
    name="after five weeks",
)
def after_five_weeks(right, a):
    labels = right()
    return (np.convolve(labels, np.ones(5))[: len(labels)] == 5).astype(np.int64)


def _levels(reference, live):
    """Log ratio (M,) of each week's mean to the usual one."""
    usual = np.median(reference.reshape(-1, 7).mean(axis=1))
    return np.log(live.reshape(-1, 7).mean(axis=1) / usual)


def _patterns(reference, live):
    """Shares of a week's days (M, 7), and the usual ones (7,)."""
    known, new = reference.reshape(-1, 7), live.reshape(-1, 7)
    usual = np.median(known / known.sum(axis=1, keepdims=True), axis=0)
    return new / new.sum(axis=1, keepdims=True), usual


def _far_levels(reference, live):
    return np.abs(_levels(reference, live)) > 0.26


def _far_patterns(reference, live):
    shares, usual = _patterns(reference, live)
    return np.abs(shares - usual).sum(axis=1) > 0.15
