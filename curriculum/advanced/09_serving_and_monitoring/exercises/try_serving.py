"""Small exercises of the lesson. They earn no points."""

from __future__ import annotations

import math

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import complement, in_percent

parts_of_pages = exercise(
    "allowed_slow",
    title="Try it: how slow may a part be?",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-12),
    read="lesson.ipynb#What-goes-wrong:-the-mean-is-reported",
    forms=[in_percent(), complement()],
)


@parts_of_pages.reference
def allowed_slow(pages, parts):
    """Return the largest fraction of slow answers, a float, for a fraction of slow pages.

    pages: float from 0 to 1, below 1. parts: int, at least 1, the answers that a page needs.
    """
    return 1 - (1 - pages) ** (1 / parts)


@parts_of_pages.alternative
def by_logarithms(pages, parts):
    return float(-np.expm1(np.log1p(-pages) / parts))


@parts_of_pages.cases
def page_cases(rng):
    return [
        Case("one part", (0.05, 1)),
        Case("several parts", (0.01, 30)),
        Case("several parts", (float(rng.uniform(0.1, 0.5)), 7)),
        Case("several parts", (0.9, 2)),
        Case("no slow page allowed", (0.0, 4)),
    ]


@parts_of_pages.mistake("You computed the fraction of slow pages: here it is given.")
def the_other_way(pages, parts):
    return 1 - (1 - pages) ** parts


@parts_of_pages.mistake(
    "You divided by the number of parts: that is close, but probabilities multiply."
)
def divided(pages, parts):
    return pages / parts


parts_of_pages.hints(
    "A page is fast if all of its parts are fast. What is the probability of that?",
    "(1 - slow) to the power parts is 1 - pages. Solve for slow: take the parts-th root.",
    "def allowed_slow(pages, parts):\n    return 1 - (1 - pages) ** (1 / parts)",
)


index = exercise(
    "stability_index",
    title="Try it: the population stability index",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-12),
    read="lesson.ipynb#Try-it:-the-population-stability-index",
)


@index.reference
def stability_index(p, q):
    """Return the population stability index, a float, of two arrays of fractions.

    p, q: float arrays (B,), each above 0 and with the sum 1; the reference's and today's.
    """
    return np.sum((q - p) * np.log(q / p))


@index.alternative
def by_two_divergences(p, q):
    there = sum(b * math.log(b / a) for a, b in zip(p, q, strict=True))
    back = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    return there + back


@index.cases
def fractions(rng):
    def draw(part, bins):
        p = rng.dirichlet(np.full(bins, 3.0)) + 0.001
        q = rng.dirichlet(np.full(bins, 3.0)) + 0.001
        return Case(part, (p / p.sum(), q / q.sum()))

    same = rng.dirichlet(np.full(5, 3.0)) + 0.001
    same /= same.sum()
    return [
        draw("two bins", 2),
        draw("several bins", 7),
        draw("several bins", 12),
        draw("one bin", 1),
        Case("no change", (same, same.copy())),
    ]


@index.mistake(
    "You weighted by one sample's fractions: that is one divergence. Use their difference."
)
def one_way(p, q):
    return np.sum(q * np.log(q / p))


@index.mistake(
    "You weighted by one sample's fractions: that is one divergence. Use their difference."
)
def the_other_divergence(p, q):
    return np.sum(p * np.log(p / q))


@index.mistake("Your index is negative where it should be positive: both factors run from p to q.")
def turned(right, a):
    return -right()


@index.mistake("You took the mean over the bins: the index is their sum.")
def mean_of_bins(p, q):
    return np.mean((q - p) * np.log(q / p))


@index.mistake("You took the logarithm to base 10: np.log is the natural one.")
def base_ten(right, a):
    return right() / np.log(10)


@index.mistake("You took the logarithm to base 2: np.log is the natural one.")
def base_two(right, a):
    return right() / np.log(2)


@index.mistake("You squared the difference: the second factor is the logarithm of the ratio.")
def squared(p, q):
    return np.sum((q - p) ** 2)


index.hints(
    "Read the formula from left to right: what are the two factors of each term?",
    "The first blank is the difference q - p, the second the ratio q / p, both bin by bin.",
    "def stability_index(p, q):\n    return np.sum((q - p) * np.log(q / p))",
)


gap = exercise(
    "largest_gap",
    title="Try it: the distance of Kolmogorov and Smirnov",
    points=0,
    difficulty=2,
    minutes=6,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-12),
    read="deeper.ipynb#The-distance-of-Kolmogorov-and-Smirnov",
)


@gap.reference
def largest_gap(a, b):
    """Return the largest distance, a float, between two samples' cumulative distributions.

    a: float array (N,), b: float array (M,), at least one value each, in any order.
    """
    values = np.concatenate([a, b])
    up_to_a = (a[None, :] <= values[:, None]).mean(axis=1)
    up_to_b = (b[None, :] <= values[:, None]).mean(axis=1)
    return np.abs(up_to_a - up_to_b).max()


@gap.alternative
def by_searching(a, b):
    values = [*a, *b]
    a = np.sort(a)
    b = np.sort(b)
    gaps = [
        np.searchsorted(a, edge, side="right") / len(a)
        - np.searchsorted(b, edge, side="right") / len(b)
        for edge in values
    ]
    return float(max(np.abs(gaps)))


@gap.alternative
def by_a_loop(a, b):
    widest = 0.0
    for value in sorted({*a.tolist(), *b.tolist()}):
        below_a = sum(x <= value for x in a.tolist()) / len(a)
        below_b = sum(x <= value for x in b.tolist()) / len(b)
        widest = max(widest, abs(below_a - below_b))
    return widest


@gap.cases
def samples(rng):
    whole = rng.integers(-3, 4, 9).astype(float)
    ordered = np.arange(6.0)
    return [
        Case("samples of different length", (rng.normal(0, 1, 8), rng.normal(0.5, 1, 5))),
        Case("samples of different length", (rng.normal(1, 2, 3), rng.normal(0, 1, 11))),
        Case("a below b", (rng.uniform(-2, -1, 4), rng.uniform(0, 1, 4))),
        Case("a above b", (rng.uniform(3, 4, 5), rng.uniform(0, 3.5, 7))),
        Case("equal values", (whole, rng.integers(-3, 4, 6).astype(float))),
        Case("equal values", (whole, rng.permutation(whole))),
        Case("a within b", (np.array([2.5, 2.6, 2.4]), ordered)),
        Case("b within a", (ordered, np.array([2.4, 2.5]))),
        Case("one value", (np.array([0.7]), rng.normal(0, 1, 6))),
        Case("one value", (rng.normal(0, 1, 7), np.array([-0.2]))),
    ]


@gap.mistake("You looked at the values of a only: the largest distance may be at a value of b.")
def at_values_of_a(a, b):
    gaps = [(a <= value).mean() - (b <= value).mean() for value in a]
    return np.abs(gaps).max()


@gap.mistake("You looked at the values of b only: the largest distance may be at a value of a.")
def at_values_of_b(a, b):
    gaps = [(a <= value).mean() - (b <= value).mean() for value in b]
    return np.abs(gaps).max()


@gap.mistake("A distance has no sign: take the absolute value before the maximum.")
def with_its_sign(a, b):
    gaps = [(a <= value).mean() - (b <= value).mean() for value in np.concatenate([a, b])]
    return np.max(gaps)


@gap.mistake("A distance has no sign: take the absolute value before the maximum.")
def with_the_other_sign(a, b):
    gaps = [(b <= value).mean() - (a <= value).mean() for value in np.concatenate([a, b])]
    return np.max(gaps)


@gap.mistake("You compared numbers of values: divide each by the length of its sample.")
def counted(a, b):
    gaps = [(a <= value).sum() - (b <= value).sum() for value in np.concatenate([a, b])]
    return float(np.abs(gaps).max())


@gap.mistake("You compared the samples' means: compare the fractions up to each value.")
def of_means(a, b):
    return abs(a.mean() - b.mean())


@gap.mistake("You took the mean over the values: the test takes the largest distance.")
def mean_gap(a, b):
    gaps = [(a <= value).mean() - (b <= value).mean() for value in np.concatenate([a, b])]
    return np.abs(gaps).mean()


gap.hints(
    "What fraction of a is at most 3, say? And what fraction of b? How far apart are the two?",
    "For each value v of np.concatenate([a, b]): (a <= v).mean() and (b <= v).mean(). Keep the "
    "largest absolute difference.",
    "def largest_gap(a, b):\n"
    "    apart = []\n"
    "    for value in np.concatenate([a, b]):\n"
    "        apart.append(abs((a <= value).mean() - (b <= value).mean()))\n"
    "    return max(apart)",
)


pricing = exercise(
    "cost_per_thousand",
    title="Try it: what does a thousand cost?",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-12),
    read="lesson.ipynb#In-production,-2026",
)


@pricing.reference
def cost_per_thousand(price, rate, busy):
    """Return the dollars, a float, for a thousand answers.

    price: dollars an hour, at least 0. rate: answers a second at most, above 0. busy: fraction of
    that which the machine is asked for, above 0.
    """
    return 1000 * price / (3600 * rate * busy)


@pricing.alternative
def by_the_time_taken(price, rate, busy):
    hours = 1000 / (rate * busy) / 60 / 60
    return hours * price


@pricing.cases
def machines(rng):
    return [
        Case("a machine that is half busy", (0.1, 200.0, 0.5)),
        Case("another one", (2.5, 40.0, 0.2)),
        Case("another one", (float(rng.uniform(0.5, 3.0)), float(rng.uniform(1, 9)), 1.0)),
        Case("another one", (0.0, 0.5, 0.75)),
    ]


@pricing.mistake("You took the machine as always busy: it answers only rate * busy a second.")
def always_busy(right, a):
    return right(busy=1.0)


@pricing.mistake("You multiplied by busy: a machine that idles costs more per answer, not less.")
def busy_on_top(right, a):
    return right(busy=1 / a.busy)


@pricing.mistake("That is the price of one answer: you were asked for a thousand.")
def of_one(right, a):
    return right() / 1000


@pricing.mistake("The price is per hour, but the rate is per second: an hour has 3600 seconds.")
def seconds_for_hours(right, a):
    return right() * 3600


pricing.hints(
    "How many answers does the machine give in an hour?",
    "It gives 3600 * rate * busy answers for the price of an hour. What do 1000 of them cost?",
    "def cost_per_thousand(price, rate, busy):\n"
    "    answers_per_hour = 3600 * rate * busy\n"
    "    return 1000 * price / answers_per_hour",
)
