"""More mistakes in `drift_alarm`, which is declared beside: tests week by week."""

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
