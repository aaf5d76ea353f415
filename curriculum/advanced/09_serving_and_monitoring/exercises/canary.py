"""Promote a new version, go on watching it, or roll it back: the exercise `canary`."""

from __future__ import annotations

import math

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import (
    as_list,
    in_percent,
    only_value,
    transposed,
    tuple_order,
)

releasing = exercise(
    "canary",
    title="Decide on a canary",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb#Shadow,-canary,-A/B,-rollback",
    returns=("decision", "intervals"),
    forms=[
        as_list(of="intervals"),
        in_percent(of="intervals"),
        transposed(
            "Your ends stand in rows: there is a row for each kind of fault.", of="intervals"
        ),
        tuple_order((1, 0), "You swapped the two values: the decision comes first."),
        only_value(0, "You returned the decision alone: return (decision, intervals)."),
    ],
)


@releasing.reference
def canary(stable, candidate, margins, least, z):
    """Return (decision, intervals): a text, and float (K, 2), low and high for each kind of fault.

    stable, candidate: int arrays (1 + K,), requests and then, for each of K kinds of fault, the
    requests with it. margins: list of K floats. least: int. z: float.
    Source: Agresti and Caffo (2000), for the intervals.
    """
    variances = []
    rates = []
    for counts in (candidate, stable):
        rate = (counts[1:] + 1) / (counts[0] + 2)
        rates.append(rate)
        variances.append(rate * (1 - rate) / (counts[0] + 2))
    half = z * np.sqrt(variances[0] + variances[1])
    low = rates[0] - rates[1] - half
    high = rates[0] - rates[1] + half
    decision = "continue"
    if (low > 0).any():
        decision = "roll back"
    elif (high < np.array(margins)).all() and candidate[0] >= least:
        decision = "promote"
    return decision, np.column_stack([low, high])


def _interval(bad, count, other_bad, other_count, z, extra=1, root=np.sqrt, pooled=False):
    """Low and high of the candidate's rate minus the stable one's."""
    p = (bad + extra) / (count + 2 * extra)
    q = (other_bad + extra) / (other_count + 2 * extra)
    spread = p * (1 - p) / (count + 2 * extra) + q * (1 - q) / (other_count + 2 * extra)
    if pooled:
        both = (bad + other_bad + 2 * extra) / (count + other_count + 4 * extra)
        spread = both * (1 - both) * (1 / (count + 2 * extra) + 1 / (other_count + 2 * extra))
    return p - q - z * root(spread), p - q + z * root(spread)


def intervals_of(stable, candidate, z, **slips):
    pairs = zip(candidate[1:], stable[1:], strict=True)
    rows = [_interval(bad, candidate[0], other, stable[0], z, **slips) for bad, other in pairs]
    return np.stack(rows)


def decided(intervals, margins, enough, *, worse=any, good=all, harm=0.0, promote_first=False):
    low, high = intervals.T
    is_worse = worse(low > harm)
    is_good = good(high < np.array(margins)) and enough
    if is_worse and not (promote_first and is_good):
        return "roll back"
    return "promote" if is_good else "continue"


@releasing.alternative
def in_two_steps(stable, candidate, margins, least, z):
    intervals = intervals_of(stable, candidate, z)
    return decided(intervals, margins, candidate[0] >= least), intervals


@releasing.alternative
def fault_by_fault(stable, candidate, margins, least, z):
    rows = []
    for number, _ in enumerate(margins, start=1):
        variance = difference = 0.0
        for counts, sign in ((candidate, 1), (stable, -1)):
            rate = float(counts[number] + 1) / float(counts[0] + 2)
            difference += sign * rate
            variance += rate * (1 - rate) / float(counts[0] + 2)
        half = z * math.sqrt(variance)
        rows.append([difference - half, difference + half])
    decision = "continue"
    if candidate[0] >= least and all(
        row[1] < margin for row, margin in zip(rows, margins, strict=True)
    ):
        decision = "promote"
    if any(row[0] > 0 for row in rows):
        decision = "roll back"
    return decision, np.array(rows)


@releasing.cases
def cases(rng):
    def case(part, stable, candidate, margins, least=200, z=2.5):
        return Case(part, (np.array(stable), np.array(candidate), margins, least, z))

    def around(number, spread=0.1):
        return int(number * rng.uniform(1 - spread, 1 + spread))

    part = "clearly worse, or clearly not"
    yield case(part, [around(9000), around(45), 200], [around(1000), 60, 25], [0.01, 0.02])
    yield case(part, [around(8000), 80, around(300)], [around(2000), 17, 190], [0.02, 0.03], 1)
    yield case(part, [around(20000), 200], [around(9000), 85], [0.01], 5000, 3.0)
    yield case(part, [around(700), 9, 20, 5], [around(6000), 60, 150, 40], [0.03, 0.05, 0.02])
    part = "not decided yet"
    yield case(part, [around(5000), 50, 150], [around(150), 3, 4], [0.01, 0.02], 0)
    yield case(part, [around(9000), 90, around(300)], [around(800), 8, 24], [0.05, 0.004], 3)
    yield case(part, [around(9000), 90, around(300)], [around(800), 8, 24], [0.004, 0.05], 7)
    yield case(part, [around(4000), 40], [around(3000), 30], [0.05], 5001)
    yield case(part, [9000, 900, 90], [800, 80, 8], [0.005, 0.02], 100)
    part = "no faults, and few requests"
    yield case(part, [around(5000), 0, 0], [around(1500), 0, 0], [0.004, 0.006], 50, 2.0)
    yield case(part, [around(3000), 3, 0], [0, 0, 0], [0.01, 0.5], 0, 4.0)
    yield case(part, [around(900), 2], [7, 5], [0.1], 400, 2.25)
    yield case(part, [1, 0], [1, 1], [0.2], 1, 1.0)
    part = "at the limits"
    # Surely worse, and surely by less than the margin.
    yield case(part, [40000, 200, 400], [40000, around(420), 410], [0.02, 0.02], 100, 2.0)
    yield case(part, [around(6000), 60], [500, 5], [0.03], 500, 2.0)
    yield case(part, [around(6000), 60], [501, 5], [0.03], 501, 2.0)
    yield case(part, [around(6000), 60], [499, 5], [0.03], 500, 2.0)
    yield case(part, [around(6000), 60], [around(900), 8], [0.03], 30000, 2.0)
    # Surely better, and not sure at all.
    yield case(part, [around(9000), 900], [around(3000), 90], [0.01], 100, 2.0)
    yield case(part, [around(900), 45], [around(300), 15], [0.01], 100, 2.0)
    # One kind of fault is worse, the other better by as much.
    yield case(part, [around(9000), 90, 900], [3000, 75, 210], [0.01, 0.01], 2)


def with_slip(decide=None, enough=lambda count, least: count >= least, **slips):
    """Return a decision with a slip in the intervals (`slips`) or after them (`decide`)."""

    def canary(stable, candidate, margins, least, z):
        intervals = intervals_of(stable, candidate, z, **slips)
        options = decide or {}
        return decided(intervals, margins, enough(candidate[0], least), **options), intervals

    return canary


intervals = releasing.group("Intervals")


@intervals.mistake(
    "You took the rates as they are: without any fault their standard error is 0, and a handful of "
    "requests would seem to prove everything. Add 1 fault and 2 requests to each version."
)
def nothing_added(stable, candidate, margins, least, z):
    return with_slip(extra=1e-9)(stable, candidate, margins, least, z)


@intervals.mistake(
    "You pooled both versions for the standard error: each has a variance of its own."
)
def pooled(*args):
    return with_slip(pooled=True)(*args)


@intervals.mistake("You left out the root: the standard error is the root of the sum of variances.")
def variance_as_error(*args):
    return with_slip(root=lambda value: value)(*args)


@intervals.mistake("You added standard errors: variances add up, and the root comes last.")
def errors_added(stable, candidate, margins, least, z):
    p = (candidate[1:] + 1) / (candidate[0] + 2)
    q = (stable[1:] + 1) / (stable[0] + 2)
    half = np.sqrt(p * (1 - p) / (candidate[0] + 2)) + np.sqrt(q * (1 - q) / (stable[0] + 2))
    found = np.column_stack([p - q - z * half, p - q + z * half])
    return decided(found, margins, candidate[0] >= least), found


@intervals.mistake(
    "Your difference has the wrong sign: it is the candidate's rate minus the other."
)
def stable_minus_candidate(stable, candidate, margins, least, z):
    found = intervals_of(candidate, stable, z)
    return decided(found, margins, candidate[0] >= least), found


@intervals.mistake("Your rates are divided by the requests of both versions together.")
def divided_by_all(stable, candidate, margins, least, z):
    everything = stable[0] + candidate[0]
    counts = [np.array([everything, *side[1:]]) for side in (stable, candidate)]
    found = intervals_of(*counts, z)
    return decided(found, margins, candidate[0] >= least), found


@intervals.mistake("You divided the variances by the requests: 2 are added there, too.")
def variance_by_plain_requests(stable, candidate, margins, least, z):
    p, q = ((side[1:] + 1) / (side[0] + 2) for side in (candidate, stable))
    spread = p * (1 - p) / max(candidate[0], 1) + q * (1 - q) / max(stable[0], 1)
    half = z * np.sqrt(spread)
    found = np.column_stack([p - q - half, p - q + half])
    return decided(found, margins, candidate[0] >= least), found


@intervals.mistake("You added half a fault and one request: add 1 fault and 2 requests.")
def half_a_fault_added(*args):
    return with_slip(extra=0.5)(*args)


releasing.hints(
    "Two questions: is it surely worse? Is it surely not worse by more than we accept?",
    "For each kind of fault an interval of the difference of rates, with 1 fault and 2 requests "
    "added to each version. The lower ends tell whether to roll back, the upper ends whether to "
    "promote.",
    "p = (bad + 1) / (requests + 2) for both; half = z times the root of the sum of p (1 - p) / "
    "(requests + 2); roll back if any low > 0; promote if all high < margin and there are least "
    "requests; otherwise continue.",
)
