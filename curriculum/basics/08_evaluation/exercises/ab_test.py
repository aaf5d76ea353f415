"""Repair the analysis of an A/B test: the exercise `ab_test`."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import negated, rounded

repair = exercise(
    "ab_test",
    title="Repair the analysis of an A/B test",
    points=3,
    difficulty=4,
    minutes=13,
    probe=Call(),
    compare=close(rtol=1e-4, atol=1e-7),
    read="lesson.ipynb#Ratio-metrics",
    returns=("difference", "low", "high", "p"),
    forms=[
        negated("You subtracted the new arm from the old one.", of="difference"),
        rounded(2, of="p"),
    ],
)

Z = 1.959964


@repair.reference
def ab_test(customer, arm, revenue):
    """Return (difference, low, high, p), floats, of the revenue per visit.

    customer: number of the customer of each visit, int (N,); arm: 0 old, 1 new, int (N,), the same
    for all visits of a customer, at least two customers in each; revenue: float (N,). Delta method
    over customers, 95 % interval, two-sided p-value, both from the normal distribution.
    Source: Deng, Knoblich, Lu (2018), arXiv:1803.06336.
    """
    (old, old_variance), (new, new_variance) = (
        _ratio(customer[arm == one], revenue[arm == one]) for one in (0, 1)
    )
    difference = new - old
    error = math.sqrt(old_variance + new_variance)
    p = 2 * ndtr(-abs(difference) / error)
    return difference, difference - Z * error, difference + Z * error, float(p)


def _ratio(customer, revenue):
    """Return revenue per visit, and its variance over customers."""
    _, place, visits = np.unique(customer, return_inverse=True, return_counts=True)
    ratio = revenue.mean()
    residuals = np.bincount(place, revenue) - ratio * visits
    return float(ratio), residuals.var(ddof=1) * len(visits) / len(revenue) ** 2


def _test(
    customer, arm, revenue, *, visits_alone=False, kept=None, of_customers=False, per_visit=True,
    phantoms=False, common=False, fixed_visits=False, ddof=1, without_n=False, tails=2,
    signed=False, wide=Z, pooled=False, sign=1, of_visits=False, rootless=False, below=False,
):  # fmt: skip
    """Evaluate the test, with any of the usual slips."""
    if kept:
        rows = kept(revenue)
        customer, arm, revenue = customer[rows], arm[rows], revenue[rows]
    if visits_alone:
        customer = np.arange(len(revenue))
    ratios, squares = [], []
    for one in (0, 1):
        place = customer[arm == one]
        if not phantoms:
            _, place = np.unique(place, return_inverse=True)
        spent = np.bincount(place, revenue[arm == one])
        came = np.bincount(place).astype(float)
        if of_customers:
            spent, came = spent / came, np.ones(len(came))
        if not per_visit:
            came = np.ones(len(came))
        ratio = spent.sum() / came.sum()
        left = spent - (revenue.mean() if common else 0.0 if fixed_visits else ratio) * came
        ratios.append(ratio)
        variance = left.var(ddof=ddof) if len(left) > ddof else math.nan
        number = 1 if without_n else came.sum() if of_visits else len(came)
        squares.append(number * variance / came.sum() ** 2)
    error = math.sqrt(sum(squares)) if not pooled else math.sqrt(squares[0]) + math.sqrt(squares[1])
    error = error**2 if rootless else error
    difference = sign * (ratios[1] - ratios[0])
    tail = ndtr(-(difference if signed else abs(difference)) / error)
    tail = 1 - tail if below else tail
    low, high = difference - wide * error, difference + wide * error
    return float(difference), float(low), float(high), float(tails * tail)


@repair.alternative
def with_covariances(customer, arm, revenue):
    """The delta method as it is usually written, with variances and a covariance."""
    means, variances = [], []
    for one in (0, 1):
        own = arm == one
        people = np.unique(customer[own])
        spent = np.array([revenue[customer == c].sum() for c in people])
        visits = np.array([(customer == c).sum() for c in people])
        (vs, cov), (_, vv) = np.cov(spent, visits)
        m = spent.mean() / visits.mean()
        means.append(m)
        variances.append((vs - 2 * m * cov + m * m * vv) / visits.mean() ** 2 / len(people))
    gap = means[1] - means[0]
    half = Z * math.sqrt(variances[0] + variances[1])
    p = math.erfc(abs(gap) / math.sqrt(2 * (variances[0] + variances[1])))
    return float(gap), float(gap - half), float(gap + half), p


@repair.cases
def cases(rng):
    def drawn(part, people, lift, loyal=3.0, refunds=False):
        visits = 1 + rng.poisson(loyal * rng.gamma(1.0, size=people))
        group = rng.integers(0, 2, people)
        group[:4] = [0, 1, 0, 1]
        taste = rng.gamma(2.0, size=people) * (1 + lift * group)
        owner = rng.permutation(np.repeat(np.arange(people), visits))
        paid = rng.random(len(owner)) < 0.6
        prices = 10 * taste[owner] * rng.gamma(2.0, size=len(owner))
        revenue = np.where(paid, np.round(prices, 2), 0)
        if refunds:
            revenue = np.where(rng.random(len(owner)) < 0.2, -revenue, revenue)
        numbers = rng.choice(10 * people, people, replace=False)
        return Case(part, (numbers[owner], group[owner], revenue))

    return [
        drawn("a gain", 60, 0.6),
        drawn("a gain", 45, 0.9, loyal=6.0),
        drawn("a loss", 50, -0.5),
        drawn("a loss", 40, -0.7, loyal=1.0),
        drawn("one visit each", 30, 0.3, loyal=0.0),
        drawn("refunds", 50, 0.2, loyal=4.0, refunds=True),
        drawn("few customers", 5, 0.0, loyal=8.0),
    ]


def _slipped(**slip):
    return lambda customer, arm, revenue: _test(customer, arm, revenue, **slip)


unit = repair.group("What was randomised", make=lambda slip: _slipped(**slip()))


@unit.mistake(
    "You treated visits as independent: customers were randomised, and the visits of one customer "
    "are correlated, so compute the error over customers."
)
def visits_are_independent():
    return {"visits_alone": True}


@unit.mistake(
    "You averaged revenue per visit over customers: the metric is all revenue of an arm divided by "
    "all its visits."
)
def mean_of_ratios():
    return {"of_customers": True}


@unit.mistake("You dropped the visits without an order: they count, with a revenue of 0.")
def empty_visits_dropped():
    return {"kept": lambda revenue: revenue != 0}


@unit.mistake(
    "You kept only the visits that brought money: visits without an order count with 0, and "
    "refunds with a negative revenue."
)
def only_sales_kept():
    return {"kept": lambda revenue: revenue > 0}


@unit.mistake("You dropped the refunds: they count, with their negative revenue.")
def refunds_dropped():
    return {"kept": lambda revenue: revenue >= 0}


@unit.mistake(
    "You computed the revenue per customer: divide all revenue of an arm by all its visits."
)
def revenue_per_customer():
    return {"per_visit": False}


@unit.mistake(
    "You counted customers up to the highest number, so numbers that never came enter n: count "
    "the customers who came, with np.unique."
)
def numbers_that_never_came():
    return {"phantoms": True}


spread = repair.group("The variance", make=lambda slip: _slipped(**slip()))


@spread.mistake(
    "You took the variance of the revenues X alone: the visits V vary, too, so take that of "
    "X - R V."
)
def visits_taken_as_fixed():
    return {"fixed_visits": True}


@spread.mistake("You used one R for both arms: each arm has its own, in its own residuals.")
def one_ratio_for_both():
    return {"common": True}


@spread.mistake("Your variance divides by n: divide by n - 1, with ddof=1.")
def divided_by_n():
    return {"ddof": 0}


@spread.mistake("The factor n is missing: the variance of R is n var(X - R V) / (sum of V) ** 2.")
def factor_n_missing():
    return {"without_n": True}


@spread.mistake("Your n counts visits: it is the number of the arm's customers.")
def n_of_visits():
    return {"of_visits": True}


numbers = repair.group(
    "The numbers", read="lesson.ipynb#An-A/B-test", make=lambda slip: _slipped(**slip())
)


@numbers.mistake("You subtracted the new arm from the old one: a gain must be positive.")
def old_less_new():
    return {"sign": -1}


@numbers.mistake(
    "Your p-value is one-sided: a difference as large in the other direction would also have "
    "surprised you, so count both tails."
)
def one_sided():
    return {"tails": 1}


@numbers.mistake(
    "Your p-value exceeds 1 where the new arm lost: take the absolute value of the difference."
)
def without_absolute_value():
    return {"signed": True}


@numbers.mistake(
    "Your interval extends one standard error to either side, which covers 68 %: a 95 % interval "
    "extends 1.96."
)
def one_standard_error():
    return {"wide": 1.0}


@numbers.mistake(
    "You added the standard errors of the two arms: add the variances, and take the root last."
)
def errors_added():
    return {"pooled": True}


@numbers.mistake(
    "You took the sum of the variances for the standard error: it is the root of that sum."
)
def root_forgotten():
    return {"rootless": True}


@numbers.mistake(
    "Your p-value is never below 1: you doubled the probability of less than |difference| / error. "
    "Double that of more, norm.sf."
)
def doubled_below():
    return {"below": True}


repair.hints(
    "Read the script line by line against the statement. Which visits does it keep? In which "
    "direction does it subtract? What did the shop randomise?",
    "For each arm, `totals` gives the revenue X and the visits V of each customer. "
    "R = sum(X) / sum(V); the residuals X - R V of the n customers give its variance, "
    "n * var(X - R V) / sum(V) ** 2, with ddof=1.",
    "difference = R1 - R0; error = the root of the sum of the two variances; interval: difference "
    "-/+ 1.959964 * error; p = 2 * scipy.special.ndtr(-abs(difference) / error). The "
    "old arm: totals(customer[arm == 0], revenue[arm == 0]).",
)
