"""The population stability index, with bins from the reference: the exercise `psi`."""

from __future__ import annotations

import math

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, in_percent, negated

stability = exercise(
    "psi",
    title="Population stability index",
    points=2,
    difficulty=2,
    minutes=7,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb",
    forms=[
        as_array("Your index is right, but in an array: end with float(…)."),
        in_percent(),
        negated(),
    ],
)


@stability.reference
def psi(reference, live, bins):
    """Return the population stability index, a float, of live (M,) against reference (N,).

    The edges are the reference's quantiles k / bins, each once; each share is
    (count + 0.5) / (rows + 0.5 * number of bins).
    """
    edges = np.unique(np.quantile(reference, np.arange(1, bins) / bins))
    shares = []
    for values in (reference, live):
        counts = np.bincount(np.digitize(values, edges), minlength=len(edges) + 1) + 0.5
        shares.append(counts / counts.sum())
    return float(np.dot(shares[1] - shares[0], np.log(shares[1] / shares[0])))


def _edges(values, bins):
    """Inner edges: the quantiles 1 / bins, 2 / bins, …, each once."""
    return np.unique(np.quantile(values, np.arange(1, bins) / bins))


def _shares(values, edges, extra=0.5, side="right"):
    places = np.searchsorted(edges, values, side=side)
    counts = np.bincount(places, minlength=len(edges) + 1)
    return (counts + extra) / (len(values) + extra * (len(edges) + 1))


def _index(
    reference, live, edges, shares=_shares, log=np.log,
    total=lambda p, q, log: (q - p) * log(q / p),
):  # fmt: skip
    return float(np.sum(total(shares(reference, edges), shares(live, edges), log)))


@stability.alternative
def bin_by_bin(reference, live, bins):
    inner = sorted({float(np.quantile(reference, k / bins)) for k in range(1, bins)})
    lower = [-np.inf, *inner]
    upper = [*inner, np.inf]
    index = 0.0
    for low, high in zip(lower, upper, strict=True):
        p = (((reference >= low) & (reference < high)).sum() + 0.5) / (
            len(reference) + 0.5 * len(lower)
        )
        q = (((live >= low) & (live < high)).sum() + 0.5) / (len(live) + 0.5 * len(lower))
        index += (p - q) * (np.log(p) - np.log(q))
    return index


@stability.alternative
def by_places(reference, live, bins):
    return _index(reference, live, _edges(reference, bins))


@stability.alternative
def both_divergences(reference, live, bins):
    edges = np.unique(np.percentile(reference, 100 * np.arange(1, bins) / bins))
    table = np.full((2, len(edges) + 1), 0.5)
    for row, values in enumerate((reference, live)):
        np.add.at(table[row], np.digitize(values, edges), 1)
    p, q = table / table.sum(axis=1, keepdims=True)
    return float((p * np.log(p / q) + q * np.log(q / p)).sum())


@stability.cases
def cases(rng):
    def case(part, known, asked, bins, digits=6):
        """No inner quantile is a value itself: rounding must not decide on the bin of a value."""
        assert len(set(known)) == 1 or math.gcd(len(known) - 1, bins) == 1
        return Case(part, (np.round(known, digits), np.round(asked, digits), bins))

    def normal(mean, spread, size):
        return rng.normal(mean, spread, size)

    part = "moved and spread"
    yield case(part, normal(0, 1, 200), normal(0.4, 1, 150), 10)
    yield case(part, normal(-3, 2, 92), normal(-3, 3, 240), 5)
    yield case(part, rng.exponential(4, 130), rng.exponential(5, 130), 8)
    part = "bins that stay empty"
    yield case(part, normal(0, 1, 121), normal(2.5, 0.4, 40), 7)
    yield case(part, normal(5, 1, 60), normal(-5, 0.3, 12), 4)
    yield case(part, normal(0, 1, 8), normal(0, 2, 3), 10)
    part = "equal values"
    yield case(part, rng.poisson(1.2, 160).astype(float), rng.poisson(2, 90).astype(float), 10)
    yield case(part, normal(0, 1, 80), normal(0.2, 1, 100), 6, digits=0)
    mostly = np.where(rng.uniform(size=72) < 0.7, 0.0, normal(1, 1, 72))
    yield case(part, mostly, normal(0.5, 1, 33), 9, digits=2)
    part = "few values, and one bin"
    yield case(part, np.array([2.5]), normal(2.5, 1, 14), 3)
    yield case(part, normal(0, 1, 26), np.array([0.7]), 2)
    yield case(part, normal(1, 1, 31), normal(4, 1, 17), 1)
    yield case(part, np.array([-1.5, -1.5, -1.5]), np.array([-1.5, 3.25]), 5)


choice = stability.group("Bins")


@choice.mistake(
    "You took the bins from the live rows: they come from the reference, so that every day is "
    "measured by the same ones."
)
def bins_of_the_live_rows(reference, live, bins):
    return _index(reference, live, _edges(live, bins))


@choice.mistake("You took the bins from both samples together: they come from the reference alone.")
def bins_of_both(reference, live, bins):
    return _index(reference, live, _edges(np.concatenate([reference, live]), bins))


@choice.mistake(
    "Your bins are equally wide: the reference's quantiles give bins that are equally full."
)
def equally_wide(reference, live, bins):
    inner = np.linspace(reference.min(), reference.max(), bins + 1)[1:-1]
    return _index(reference, live, np.unique(inner))


@choice.mistake(
    "You dropped live rows outside of the reference's range: the first and last bin are open, and "
    "such rows are the drift that you look for."
)
def outside_dropped(reference, live, bins):
    inside = live[(live >= reference.min()) & (live <= reference.max())]
    return _index(reference, inside, _edges(reference, bins))


@choice.mistake("A value equal to an edge belongs to the bin above; you put it into the one below.")
def edge_goes_below(reference, live, bins):
    return _index(
        reference, live, _edges(reference, bins), lambda v, edges: _shares(v, edges, side="left")
    )


@choice.mistake("You kept equal edges, which make empty bins: take each edge once.")
def edges_repeated(reference, live, bins):
    return _index(reference, live, np.quantile(reference, np.arange(1, bins) / bins))


shares = stability.group("Shares")


def _with_extra(extra):
    return lambda reference, live, bins: _index(
        reference, live, _edges(reference, bins), lambda v, edges: _shares(v, edges, extra)
    )


@shares.mistake(
    "You added a tiny number to each share: an empty bin then contributes a logarithm of millions. "
    "Add 0.5 to each count."
)
def tiny_shares(reference, live, bins):
    def of(values, edges):
        return _shares(values, edges, 0) + 1e-6

    with np.errstate(invalid="ignore"):
        return _index(reference, live, _edges(reference, bins), of)


@shares.mistake("You left out empty bins: add 0.5 to each count, so that none is empty.")
def empty_bins_skipped(reference, live, bins):
    edges = _edges(reference, bins)
    p, q = _shares(reference, edges, 0), _shares(live, edges, 0)
    kept = (p > 0) & (q > 0)
    return float(((q - p)[kept] * np.log(q[kept] / p[kept])).sum())


@shares.mistake("You added 1 to each count: it is 0.5.")
def one_added(reference, live, bins):
    return _with_extra(1.0)(reference, live, bins)


@shares.mistake(
    "Your shares do not add up to 1: where 0.5 is added to each count, rows + 0.5 * bins are "
    "divided by."
)
def divided_by_the_rows(reference, live, bins):
    def of(values, edges):
        return _shares(values, edges) * (len(values) + 0.5 * (len(edges) + 1)) / len(values)

    return _index(reference, live, _edges(reference, bins), of)


@shares.mistake(
    "Your number of bins counts equal edges more than once: there are as many bins as different "
    "edges, and one."
)
def bins_as_asked(reference, live, bins):
    def of(values, edges):
        counts = _shares(values, edges) * (len(values) + 0.5 * (len(edges) + 1))
        return counts / (len(values) + 0.5 * bins)

    return _index(reference, live, _edges(reference, bins), of)


sums = stability.group("The sum")


@sums.mistake(
    "You computed one Kullback-Leibler divergence: the index is (live - reference) times the "
    "logarithm of their ratio, the sum of the divergences in both directions."
)
def one_divergence(reference, live, bins):
    return _index(reference, live, _edges(reference, bins), total=lambda p, q, log: q * log(q / p))


@sums.mistake("You used a logarithm to another base: take the natural one.")
def another_logarithm(reference, live, bins):
    return _index(reference, live, _edges(reference, bins), log=np.log2)


@sums.mistake("You took the mean over the bins: the index is their sum.")
def mean_over_bins(right, a):
    return right() / (len(_edges(a.reference, a.bins)) + 1)


stability.hints(
    "Which sample says where the bins are, and which rows fall into none of them?",
    "Inner edges from the reference's quantiles, each once; below the first and above the last the "
    "bins are open. Count both samples, add 0.5, divide, and add up.",
    "np.unique(np.quantile(reference, np.arange(1, bins) / bins)) are the edges; np.digitize says "
    "which bin a value is in; np.bincount(…, minlength=len(edges) + 1) counts.",
)
