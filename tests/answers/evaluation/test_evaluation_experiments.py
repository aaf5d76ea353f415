"""Answers to basics/08_evaluation on A/B tests and its small exercises, and what each loses."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from scipy.stats import binomtest, linregress, norm, pearsonr, ttest_ind

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "08_evaluation")


# --- How many visitors --------------------------------------------------------------------------


def visitors(p, q, share, level, power):
    deviates = NormalDist().inv_cdf(1 - level / 2) + NormalDist().inv_cdf(power)
    return deviates**2 * (p * (1 - p) / (1 - share) + q * (1 - q) / share) / (p - q) ** 2


@TABLE.answer("sample_size")
def rounded_up_in_whole_numbers(rate, lift, share=0.5, level=0.05, power=0.8):
    return -int(-visitors(rate, rate * (1 + lift), share, level, power) // 1)


@TABLE.answer("sample_size")
def with_erfinv(rate, lift, share=0.5, level=0.05, power=0.8):
    def z(u):
        return (2**0.5 * torch.erfinv(torch.tensor(2 * u - 1, dtype=torch.float64))).item()

    new = rate + rate * lift
    noise = rate * (1 - rate) / (1 - share) + new * (1 - new) / share
    return math.ceil(noise / ((rate * lift) / (z(1 - level / 2) + z(power))) ** 2)


@TABLE.answer("sample_size")
def by_bisection(rate, lift, share=0.5, level=0.05, power=0.8):
    new = rate * (1 + lift)
    noise = rate * (1 - rate) / (1 - share) + new * (1 - new) / share
    low, high = 0, 10**9
    while high - low > 1:
        n = (low + high) // 2
        reached = norm.cdf(abs(new - rate) / math.sqrt(noise / n) - norm.isf(level / 2)) >= power
        low, high = (low, n) if reached else (n, high)
    return high


@TABLE.answer("sample_size", loses=TABLE.parts("sample_size"))
def both_arms_alike(rate, lift, share=0.5, level=0.05, power=0.8):
    return 2 * math.ceil(visitors(rate, rate * (1 + lift), share, level, power) / 2)


@TABLE.answer("sample_size", loses=TABLE.parts("sample_size"))
def pooled_rate(rate, lift, share=0.5, level=0.05, power=0.8):
    mean = rate * (1 + share * lift)
    deviates = norm.isf(level / 2) + norm.ppf(power)
    noise = mean * (1 - mean) * (1 / share + 1 / (1 - share))
    return math.ceil(noise * (deviates / (rate * lift)) ** 2)


@TABLE.answer("sample_size", loses=TABLE.parts("sample_size"))
def sixteen_variances(rate, lift, share=0.5, level=0.05, power=0.8):
    return math.ceil(2 * 16 * rate * (1 - rate) / (rate * lift) ** 2)


@TABLE.answer("sample_size", loses={"a lift below 0"})
def gains_alone(rate, lift, share=0.5, level=0.05, power=0.8):
    return max(0, math.ceil(visitors(rate, rate * (1 + abs(lift)), share, level, power)))


@TABLE.answer("sample_size", loses=TABLE.parts("sample_size"))
def three_digits_of_the_quantiles(rate, lift, share=0.5, level=0.05, power=0.8):
    z = round(norm.isf(level / 2), 2) + round(norm.ppf(power), 2)
    exact = norm.isf(level / 2) + norm.ppf(power)
    return math.ceil(visitors(rate, rate * (1 + lift), share, level, power) * (z / exact) ** 2)


@TABLE.answer("sample_size", loses={"other levels and powers", "unequal arms"})
def the_larger_arm_doubled(rate, lift, share=0.5, level=0.05, power=0.8):
    n = visitors(rate, rate * (1 + lift), share, level, power)
    return math.ceil(2 * n * max(share, 1 - share))


# --- Repair the analysis of an A/B test ---------------------------------------------------------


def evaluated(arms, z=1.959964):
    """(difference, low, high, p) from (ratio, variance) of each arm."""
    (old, old_variance), (new, new_variance) = arms
    error = math.sqrt(old_variance + new_variance)
    gap = float(new - old)
    return gap, gap - z * error, gap + z * error, float(2 * norm.sf(abs(gap) / error))


def by_customer(customer, revenue):
    spent, came = {}, {}
    for who, paid in zip(customer.tolist(), revenue.tolist(), strict=True):
        spent[who] = spent.get(who, 0.0) + paid
        came[who] = came.get(who, 0) + 1
    return np.array(list(spent.values())), np.array(list(came.values()))


@TABLE.answer("ab_test")
def with_dictionaries(customer, arm, revenue):
    arms = []
    for one in (0, 1):
        x, v = by_customer(customer[arm == one], revenue[arm == one])
        ratio = x.sum() / v.sum()
        arms.append((ratio, len(x) * (x - ratio * v).var(ddof=1) / v.sum() ** 2))
    return evaluated(arms)


@TABLE.answer("ab_test")
def as_cluster_robust_regression(customer, arm, revenue):
    arms = []
    for one in (0, 1):
        own = revenue[arm == one]
        clusters = customer[arm == one]
        scores = {c: (own - own.mean())[clusters == c].sum() for c in set(clusters.tolist())}
        n = len(scores)
        squares = sum(value**2 for value in scores.values())
        arms.append((own.mean(), n / (n - 1) * squares / len(own) ** 2))
    return evaluated(arms)


@TABLE.answer("ab_test")
def as_numpy_numbers(customer, arm, revenue):
    return tuple(np.float64(value) for value in with_dictionaries(customer, arm, revenue))


@TABLE.answer("ab_test", loses=TABLE.parts("ab_test"))
def variance_of_the_population(customer, arm, revenue):
    arms = []
    for one in (0, 1):
        x, v = by_customer(customer[arm == one], revenue[arm == one])
        ratio = x.sum() / v.sum()
        arms.append((ratio, len(x) * (x - ratio * v).var() / v.sum() ** 2))
    return evaluated(arms)


@TABLE.answer("ab_test", loses={"a gain", "a loss", "few customers", "refunds"})
def visits_taken_as_fixed(customer, arm, revenue):
    arms = []
    for one in (0, 1):
        x, v = by_customer(customer[arm == one], revenue[arm == one])
        arms.append((x.sum() / v.sum(), len(x) * x.var(ddof=1) / v.sum() ** 2))
    return evaluated(arms)


@TABLE.answer("ab_test", loses={"a gain", "a loss", "few customers", "refunds"})
def revenue_per_customer(customer, arm, revenue):
    arms = []
    for one in (0, 1):
        x, _ = by_customer(customer[arm == one], revenue[arm == one])
        arms.append((x.mean(), x.var(ddof=1) / len(x)))
    return evaluated(arms)


@TABLE.answer("ab_test", loses={"refunds"})
def refunds_left_out(customer, arm, revenue):
    kept = revenue >= 0
    return with_dictionaries(customer[kept], arm[kept], revenue[kept])


@TABLE.answer("ab_test", loses={"a gain", "a loss", "one visit each", "refunds"})
def customers_who_never_bought_left_out(customer, arm, revenue):
    bought = np.isin(customer, customer[revenue != 0])
    return with_dictionaries(customer[bought], arm[bought], revenue[bought])


@TABLE.answer("ab_test", loses=TABLE.parts("ab_test"))
def of_a_t_distribution(customer, arm, revenue):
    gap, low, high, _ = with_dictionaries(customer, arm, revenue)
    error = (high - low) / 2 / 1.959964
    return gap, low, high, float(ttest_ind([0, 1, 2], [0, 1, 2]).df and 2 * _t(gap / error, 20))


def _t(statistic, df):
    from scipy.stats import t

    return t.sf(abs(statistic), df)


# --- Decide on tests with real customers --------------------------------------------------------


@TABLE.answer("ship")
def with_scipy(arm, before, after):
    found = []
    for group, x, y in zip(arm, before, after, strict=True):
        if binomtest(int(group.sum()), len(group)).pvalue < 0.001:
            found.append(2)
            continue
        rest = y - linregress(x, y).slope * x
        test = ttest_ind(rest[group == 1], rest[group == 0], equal_var=False)
        found.append(int(test.statistic > 0 and test.pvalue < 0.05))
    return np.array(found)


@TABLE.answer("ship")
def with_a_permutation_of_residuals(arm, before, after):
    rng = np.random.default_rng(0)
    found = []
    for group, x, y in zip(arm, before.astype(float), after.astype(float), strict=True):
        slope = pearsonr(x, y).statistic * y.std() / x.std()
        rest = y - slope * x
        rest -= rest.mean()
        mixed = rng.permuted(np.tile(group, (2000, 1)), axis=1)
        gaps = mixed @ rest / group.sum() + mixed @ rest / (len(group) - group.sum())
        own = rest[group == 1].mean() - rest[group == 0].mean()
        uneven = abs(2 * group.mean() - 1) * len(group) ** 0.5
        found.append(2 if uneven > 3.29 else int((gaps >= own).mean() < 0.025))
    return np.array(found)


@TABLE.answer("ship")
def with_lines_for_each_arm(arm, before, after):
    found = []
    for group, x, y in zip(arm == 1, before.astype(float), after.astype(float), strict=True):
        slopes = [np.polyfit(x[g], y[g], 1)[0] for g in (group, ~group)]
        gain, variance = 0.0, 0.0
        for g, slope, sign in zip((group, ~group), slopes, (1, -1), strict=True):
            gain += sign * (y[g].mean() - slope * (x[g].mean() - x.mean()))
            variance += (y[g] - slope * x[g]).var(ddof=2) / g.sum()
        uneven = abs(group.mean() - 0.5) / (0.25 / len(group)) ** 0.5
        found.append(2 if uneven > 3.3 else int(gain > 1.96 * variance**0.5))
    return np.array(found)


@TABLE.answer("ship", loses={"arms that differed before"})
def gain_scores(arm, before, after):
    found = []
    for group, change in zip(arm, after - before, strict=True):
        test = ttest_ind(change[group == 1], change[group == 0])
        found.append(int(test.statistic > 0 and test.pvalue < 0.05))
    return np.where(TABLE.exercises["ship"].reference(arm, before, after) == 2, 2, found)


@TABLE.answer("ship", loses=TABLE.parts("ship"))
def all_shipped(arm, before, after):
    return np.ones(len(arm), dtype=int)


@TABLE.answer("ship", loses={"arms that differed before", "gains hidden by luck", "losses"})
def broken_where_the_arms_differed_before(arm, before, after):
    right = TABLE.exercises["ship"].reference(arm, before, after)
    z = [
        ttest_ind(x[group == 1], x[group == 0]).statistic
        for group, x in zip(arm, before, strict=True)
    ]
    return np.where(np.abs(z) > 1.2, 2, right)


@TABLE.answer("ship", loses=TABLE.parts("ship"))
def regressed_on_spending_after(arm, before, after):
    return TABLE.exercises["ship"].reference(arm, after, before)


@TABLE.answer("ship", loses={"arms that differed before", "plain tests"})
def medians_compared(arm, before, after):
    right = TABLE.exercises["ship"].reference(arm, before, after)
    better = [
        np.median(y[group == 1]) > np.median(y[group == 0])
        for group, y in zip(arm, after, strict=True)
    ]
    return np.where(right == 2, 2, np.array(better).astype(int))


@TABLE.answer("ship", loses={"arms that differed before", "gains hidden by luck"})
def corrected_for_twenty_tests(arm, before, after):
    found = []
    for group, x, y in zip(arm, before, after, strict=True):
        rest = y - linregress(x, y).slope * x
        test = ttest_ind(rest[group == 1], rest[group == 0], equal_var=False)
        found.append(int(test.statistic > 0 and test.pvalue < 0.05 / 20))
    right = TABLE.exercises["ship"].reference(arm, before, after)
    return np.where(right == 2, 2, found)


# --- The lesson's small exercises and predictions -----------------------------------------------


@TABLE.answer("cuped")
def with_least_squares(after, before):
    design = np.column_stack([np.ones(len(before)), before])
    weights = np.linalg.lstsq(design, after, rcond=None)[0]
    return after - weights[1] * (before - before.mean())


@TABLE.answer("cuped", loses=TABLE.parts("cuped"))
def residuals_alone(after, before):
    right = TABLE.exercises["cuped"].reference(after, before)
    return right - right.mean()


@TABLE.answer("best_threshold", loses={"at the threshold"})
def strictly_above(labels, scores, thresholds, cost_missed, cost_false):
    right = TABLE.exercises["best_threshold"].reference
    return right(labels, np.nextafter(scores, -np.inf), thresholds, cost_missed, cost_false)


TABLE.prediction("predicted_accuracy", 0.98, right=True)
TABLE.prediction("predicted_accuracy", 0.02, right=False)
TABLE.prediction("predicted_factor", 4, right=True)
TABLE.prediction("predicted_factor", 3.8423, right=True)
TABLE.prediction("predicted_factor", 3, right=False)
TABLE.prediction("predicted_peeking", "c", right=True)
TABLE.prediction("predicted_peeking", "d", right=False)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
