"""Answers to advanced/09_serving_and_monitoring on numbers over time, and the parts each loses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "09_serving_and_monitoring")


# --- Percentiles from histograms ----------------------------------------------------------------


def increase(before, after):
    return sum(
        new if any(n < o for o, n in zip(old, new, strict=True)) else new - old
        for old, new in zip(before, after, strict=True)
    )


@TABLE.answer("percentiles")
def level_by_level(before, after, bounds, levels):
    counts = increase(before, after)
    found = []
    for level in levels:
        rank = level * counts[-1]
        reached, low = 0, 0.0
        value = float("nan") if counts[-1] == 0 else bounds[-1]
        for bound, count in zip(bounds, counts[:-1], strict=True):
            if count >= rank and counts[-1]:
                value = low + (bound - low) * (rank - reached) / (count - reached)
                break
            reached, low = count, bound
        found.append(value)
    return np.array(found)


@TABLE.answer("percentiles")
def in_counts_per_bucket(before, after, bounds, levels):
    """From cumulative counts to counts, over replicas, and back."""
    fell = (np.diff(np.stack([before, after]), axis=0)[0] < 0).any(axis=1)
    start = before * ~fell[:, None]
    per_bucket = (np.diff(after, axis=1, prepend=0) - np.diff(start, axis=1, prepend=0)).sum(axis=0)
    total = per_bucket.sum()
    if not total:
        return np.array([np.nan for _ in levels])
    ends = np.cumsum(per_bucket)
    found = []
    for level in levels:
        place = next(i for i, end in enumerate(ends) if end >= level * total)
        if place == len(bounds):
            found.append(float(bounds[-1]))
            continue
        width = bounds[place] - (bounds[place - 1] if place else 0)
        over = ends[place] - level * total
        found.append(bounds[place] - width * over / per_bucket[place])
    return np.array(found)


@TABLE.answer("percentiles", loses=TABLE.parts("percentiles") - {"one replica since its start"})
def weighted_mean_of_percentiles(before, after, bounds, levels):
    replicas = [(b[None], a[None]) for b, a in zip(before, after, strict=True)]
    each = [level_by_level(*replica, bounds, levels) for replica in replicas]
    new = [increase(*replica)[-1] for replica in replicas]
    with np.errstate(invalid="ignore"):
        return np.average(each, axis=0, weights=new) if sum(new) else np.full(len(levels), np.nan)


@TABLE.answer("percentiles", loses={"restarted replicas"})
def negative_increases_are_none(before, after, bounds, levels):
    new = np.maximum(after - before, 0)
    return level_by_level(np.zeros_like(new), new, bounds, levels)


@TABLE.answer("percentiles", loses={"restarted replicas"})
def restart_bucket_by_bucket(before, after, bounds, levels):
    new = np.where(after < before, after, after - before)
    return level_by_level(np.zeros_like(new), new, bounds, levels)


@TABLE.answer("percentiles", loses=TABLE.parts("percentiles"))
def rank_rounded_up(before, after, bounds, levels):
    total = int(increase(before, after)[-1])
    whole = [math.ceil(level * total) / total if total else level for level in levels]
    return level_by_level(before, after, bounds, whole)


@TABLE.answer("percentiles", loses=TABLE.parts("percentiles"))
def levels_sorted(before, after, bounds, levels):
    return level_by_level(before, after, bounds, sorted(levels, reverse=True))


# --- Decide on a canary -------------------------------------------------------------------------


def ends(stable, candidate, z, extra=1.0, total=2.0):
    p, q = ((v[1:] + extra) / (v[0] + total) for v in (candidate, stable))
    half = z * np.sqrt(p * (1 - p) / (candidate[0] + total) + q * (1 - q) / (stable[0] + total))
    return np.stack([p - q - half, p - q + half], axis=-1)


def decided(found, margins, enough):
    if found[:, 0].max() > 0:
        return "roll back"
    return "promote" if enough and np.all(found[:, 1] < margins) else "continue"


@TABLE.answer("canary")
def in_arrays(stable, candidate, margins, least, z):
    found = ends(stable, candidate, z)
    return decided(found, margins, candidate[0] >= least), found


@TABLE.answer("canary")
def with_plain_numbers(stable, candidate, margins, least, z):
    rows = [ends(np.array([stable[0], s]), np.array([candidate[0], c]), z)[0].tolist()
            for s, c in zip(stable[1:].tolist(), candidate[1:].tolist(), strict=True)]  # fmt: skip
    votes = {"roll back" if low > 0 else "promote" if high < m else "continue"
             for (low, high), m in zip(rows, margins, strict=True)}  # fmt: skip
    if "roll back" in votes:
        return "roll back", np.array(rows)
    sure = votes == {"promote"} and candidate[0] >= least
    return "promote" if sure else "continue", np.array(rows)


@TABLE.answer("canary", loses=TABLE.parts("canary"))
def one_request_added(stable, candidate, margins, least, z):
    found = ends(stable, candidate, z, total=1.0, extra=0.5)
    return decided(found, margins, candidate[0] >= least), found


@TABLE.answer("canary", loses={"at the limits"})
def requests_of_both_count(stable, candidate, margins, least, z):
    found = ends(stable, candidate, z)
    return decided(found, margins, candidate[0] + 1 >= least), found


@TABLE.answer("canary", loses={"not decided yet", "at the limits"})
def faults_added_up(stable, candidate, margins, least, z):
    """Worse kinds are set off against better ones."""
    found = ends(stable, candidate, z)
    both = ends(*(np.array([v[0], min(v[0], v[1:].sum())]) for v in (stable, candidate)), z)
    return decided(both, [sum(margins)], candidate[0] >= least), found


@TABLE.answer("canary", loses={"not decided yet"})
def the_largest_margin_for_all(stable, candidate, margins, least, z):
    found = ends(stable, candidate, z)
    return decided(found, [max(margins)] * len(margins), candidate[0] >= least), found


@TABLE.answer("canary", loses=TABLE.parts("canary"))
def one_sided(stable, candidate, margins, least, z):
    found = ends(stable, candidate, z)
    found[:, 0] = -1
    return decided(found, margins, candidate[0] >= least), found


# --- An alarm that does not cry wolf ------------------------------------------------------------


def shaped(reference, live):
    return reference.reshape(-1, 7), live.reshape(-1, 7)


@TABLE.answer("drift_alarm")
def the_last_half_year_as_reference(reference, live):
    known, new = shaped(reference[-7 * 40 :], live)
    far = np.abs(new / np.median(known, axis=0) - 1).mean(axis=1)
    rolled = np.lib.stride_tricks.sliding_window_view(np.pad(far, 1, mode="edge"), 3)
    return (np.median(rolled, axis=1) > 0.2).astype(int)


@TABLE.answer("drift_alarm")
def in_spreads_of_the_weekday(reference, live):
    known, new = shaped(reference, live)
    distance = np.abs((new - known.mean(axis=0)) / known.std(axis=0)).mean(axis=1)
    near = [distance[max(0, w - 1) : w + 2] for w in range(len(new))]
    return np.array([np.median(group) > 1.8 for group in near]).astype(int)


@TABLE.answer("drift_alarm", loses=TABLE.parts("drift_alarm") - {"calm half-years"})
def no_alarm_at_all(reference, live):
    return np.zeros(len(live) // 7, dtype=int)


@TABLE.answer("drift_alarm", loses=TABLE.parts("drift_alarm"))
def always_an_alarm(reference, live):
    return np.ones(len(live) // 7, dtype=int)


@TABLE.answer("drift_alarm", loses={"calm half-years"})
def any_strange_week(reference, live):
    known, new = shaped(reference, live)
    return (np.abs(np.log(new / np.median(known, axis=0))).mean(axis=1) > 0.24).astype(int)


@TABLE.answer("drift_alarm", loses={"days late", "each day the mean of its week"})
def total_of_the_week(reference, live):
    known, new = shaped(reference, live)
    far = np.abs(np.log(new.sum(axis=1) / np.median(known.sum(axis=1))))
    return np.array([np.median(far[max(0, w - 1) : w + 2]) > 0.25 for w in range(len(new))]) * 1


@TABLE.answer("drift_alarm", loses={"passengers not counted", "passengers counted twice"})
def pattern_of_the_week(reference, live):
    known, new = shaped(reference, live)
    usual = np.median(known / known.sum(axis=1, keepdims=True), axis=0)
    far = np.abs(new / new.sum(axis=1, keepdims=True) - usual).sum(axis=1)
    return np.array([np.median(far[max(0, w - 1) : w + 2]) > 0.15 for w in range(len(new))]) * 1


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
