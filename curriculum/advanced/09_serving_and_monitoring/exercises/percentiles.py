"""Latency percentiles from the histograms of several replicas: the exercise `percentiles`."""

from __future__ import annotations

import math

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_int, as_list, in_percent

measuring = exercise(
    "percentiles",
    title="Percentiles from histograms",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb#Logs-and-metrics",
    forms=[
        as_list(),
        as_int(),
        in_percent("Your latencies are a hundred times too large: they are in seconds."),
    ],
)


@measuring.reference
def percentiles(before, after, bounds, levels):
    """Return latencies, float array (L,), of the requests between two scrapes of R replicas.

    before, after: int arrays (R, B + 1), cumulative counts up to each bound, then of all requests.
    bounds: float array (B,), rising, above 0. levels: list of L floats above 0 and at most 1.
    Source: Prometheus, histogram_quantile and increase.
    """
    restarted = (after < before).any(axis=1, keepdims=True)
    counts = np.where(restarted, after, after - before).sum(axis=0)
    below = np.concatenate([[0], counts])
    lower = np.concatenate([[0.0], bounds])
    latencies = []
    for level in levels:
        rank = level * counts[-1]
        bucket = np.searchsorted(counts, rank)
        if bucket == len(bounds):
            latencies.append(bounds[-1])
        else:
            with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of no requests
                inside = (rank - below[bucket]) / (counts[bucket] - below[bucket])
            latencies.append(lower[bucket] + inside * (bounds[bucket] - lower[bucket]))
    return np.array(latencies)


def from_counts(
    counts, bounds, levels, *, side="left", lowest=0.0,
    place=lambda rank, low, more: (rank - low) / max(more, 1), beyond=None, total=None,
    empty=math.nan, ranked=lambda level, total: level * total,
):  # fmt: skip
    """Percentiles of cumulative counts (B + 1,), with any of the usual slips."""
    total = counts[-1] if total is None else total
    latencies = []
    for level in levels:
        rank = ranked(level, total)
        bucket = min(int(np.searchsorted(counts, rank, side=side)), len(counts) - 1)
        if counts[-1] == 0:
            latencies.append(empty)
        elif bucket == len(bounds):
            latencies.append(bounds[-1] if beyond is None else beyond)
        else:
            below = counts[bucket - 1] if bucket else 0
            low = bounds[bucket - 1] if bucket else lowest
            more = counts[bucket] - below
            latencies.append(low + (bounds[bucket] - low) * place(rank, below, more))
    return np.array(latencies)


def new_requests(before, after):
    """Requests between the scrapes by replica (R, B + 1)."""
    return np.where((after < before).any(axis=1, keepdims=True), after, after - before)


@measuring.alternative
def one_bucket_after_the_other(before, after, bounds, levels):
    merged = [0] * after.shape[1]
    for old, new in zip(before.tolist(), after.tolist(), strict=True):
        fell = any(n < o for o, n in zip(old, new, strict=True))
        for place, (o, n) in enumerate(zip(old, new, strict=True)):
            merged[place] += n if fell else n - o
    latencies = np.full(len(levels), np.nan)
    for number, level in enumerate(levels):
        reached, low = 0, 0.0
        for upper, count in zip([*bounds.tolist(), math.inf], merged, strict=True):
            if count >= level * merged[-1] > 0:
                inside = (level * merged[-1] - reached) / (count - reached)
                latencies[number] = low if upper == math.inf else low + inside * (upper - low)
                break
            reached, low = count, upper
    return latencies


@measuring.alternative
def with_interp(before, after, bounds, levels):
    """Percentiles as the inverse of the cumulative counts, without their flat pieces."""
    counts = new_requests(before, after).sum(axis=0)
    if counts[-1] == 0:
        return np.full(len(levels), np.nan)
    rises = np.diff(counts[:-1], prepend=0) > 0
    kept = np.flatnonzero(rises)
    starts = np.concatenate([[0.0], bounds])[kept]
    heights = np.concatenate([[0], counts])[kept]
    latencies = []
    for level in levels:
        inside = [
            (h, c, s, b)
            for h, c, s, b in zip(heights, counts[kept], starts, bounds[kept], strict=True)
            if h < level * counts[-1] <= c
        ]
        height, count, start, bound = inside[0] if inside else (0, 1, bounds[-1], bounds[-1])
        latencies.append(np.interp(level * counts[-1], [height, count], [start, bound]))
    return np.array(latencies, dtype=float)


@measuring.cases
def cases(rng):
    def counters(replicas, buckets, most, start=0):
        """Cumulative counters: random numbers of requests in each bucket."""
        return np.cumsum(rng.integers(start, most, (replicas, buckets + 1)), axis=1)

    def limits(buckets):
        return np.cumsum(np.round(rng.uniform(0.004, 0.06, buckets), 3))

    def case(part, replicas, buckets, levels, most=40, restarts=(), few=(), young=()):
        """Two scrapes; some replicas restart between them, some buckets get no request.

        young: replicas that restart after a few requests, so that the sums go on rising.
        """
        old = counters(replicas, buckets, 300)
        more = np.diff(counters(replicas, buckets, most, 1), axis=1, prepend=0)
        more[:, list(few)] = 0
        new = old + np.cumsum(more, axis=1)
        for replica in restarts:
            new[replica] = np.cumsum(more[replica])
        for replica in young:
            new[replica] = np.cumsum(more[replica])
            old[replica] = new[replica] + 1 + np.cumsum(rng.integers(0, 2, buckets + 1))
        return Case(part, (old, new, limits(buckets), levels))

    one = "one replica since its start"
    for buckets, levels in ((3, [0.5, 0.9]), (6, [0.99, 0.25, 0.75]), (1, [0.125])):
        new = counters(1, buckets, 60, 2)
        new[:, -1] = new[:, -2]  # nothing beyond the last bound
        yield Case(one, (np.zeros_like(new), new, limits(buckets), levels))
    even = np.array([[4, 4, 12, 16, 16]])
    yield Case(one, (np.zeros_like(even), even, limits(4), [0.25, 0.5, 0.75, 1.0]))
    several = "several replicas"
    yield case(several, 3, 5, [0.5, 0.95, 0.5], most=90)
    busy = case(several, 4, 7, [0.9, 0.3, 0.05])
    busy.args[1][0] += 9 * np.diff(busy.args[1][0], prepend=0).cumsum()  # one is much busier
    yield busy
    yield case(several, 2, 4, [0.625], few=(1, 2))
    restarts = "restarted replicas"
    yield case(restarts, 4, 5, [0.3, 0.6], most=60, young=[2])
    yield case(restarts, 3, 3, [0.45, 0.9], young=[0])
    yield case(restarts, 5, 4, [0.75, 0.2], young=[1, 4])
    yield case(restarts, 3, 4, [0.4, 0.85], restarts=[1])
    yield case(restarts, 1, 6, [0.6, 0.2, 0.35], restarts=[0])
    yield case(restarts, 5, 3, [0.1, 0.7], most=25, restarts=[0, 3])
    # As many requests in all as before, yet a counter fell: the replica restarted.
    old = np.array([[30, 34, 40], [5, 9, 11]])
    yield Case(restarts, (old, np.array([[3, 21, 44], [8, 15, 19]]), limits(2), [0.5, 0.3]))
    # Fewer in all than before, though more quick ones.
    yield Case(restarts, (old, np.array([[32, 33, 37], [6, 17, 20]]), limits(2), [0.8, 0.95]))
    beyond = "beyond the last bound, and no requests"
    slow = case(beyond, 2, 3, [0.2, 0.9999, 1.0])
    yield slow
    idle = counters(3, 4, 50)
    yield Case(beyond, (idle, idle.copy(), limits(4), [0.5, 0.99]))
    late = np.array([[0, 0, int(rng.integers(5, 30))]])
    yield Case(beyond, (np.zeros_like(late), late, limits(2), [0.5]))


merging = measuring.group("Merging")


@merging.mistake(
    "You averaged the percentiles of the replicas: a percentile of all requests is not the mean "
    "of theirs. Add the counts up first."
)
def mean_of_percentiles(before, after, bounds, levels):
    each = [from_counts(row, bounds, levels) for row in new_requests(before, after)]
    return np.mean(each, axis=0)


@merging.mistake("You took the slowest replica: the percentile is that of all requests together.")
def the_slowest_replica(before, after, bounds, levels):
    return np.max([from_counts(row, bounds, levels) for row in new_requests(before, after)], axis=0)


@merging.mistake("You used the second scrape alone: requests before the first one do not count.")
def since_the_start(before, after, bounds, levels):
    return from_counts(after.sum(axis=0), bounds, levels)


@merging.mistake(
    "You subtracted although a replica had restarted: where a counter is lower than before, all "
    "counters of that replica began again at 0, so take them as they are."
)
def restarts_subtracted(before, after, bounds, levels):
    return from_counts((after - before).sum(axis=0), bounds, levels)


@merging.mistake("You left restarted replicas out: what they counted since then belongs to it.")
def restarts_left_out(before, after, bounds, levels):
    fell = (after < before).any(axis=1, keepdims=True)
    return from_counts(np.where(fell, 0, after - before).sum(axis=0), bounds, levels)


@merging.mistake(
    "You looked for a restart in the count of all requests alone: any counter that fell shows it."
)
def restart_seen_by_the_total(before, after, bounds, levels):
    fell = (after < before)[:, -1:]
    return from_counts(np.where(fell, after, after - before).sum(axis=0), bounds, levels)


@merging.mistake(
    "You looked for a restart counter by counter: if one fell, all of this replica began again."
)
def restart_counter_by_counter(before, after, bounds, levels):
    return from_counts(np.where(after < before, after, after - before).sum(axis=0), bounds, levels)


@merging.mistake(
    "You took 0 where a counter fell: the replica restarted, and what it counted since then counts."
)
def negative_is_none(before, after, bounds, levels):
    return from_counts(np.maximum(after - before, 0).sum(axis=0), bounds, levels)


@merging.mistake(
    "You averaged the replicas' percentiles, weighted by their requests: that is no percentile of "
    "all requests either. Add the counts up first."
)
def weighted_mean_of_percentiles(before, after, bounds, levels):
    new = new_requests(before, after)
    each = [from_counts(row, bounds, levels, empty=0.0) for row in new]
    total = new[:, -1].sum()
    return np.average(each, axis=0, weights=new[:, -1]) if total else np.full(len(levels), np.nan)


measuring.hints(
    "Counts can be added up over replicas; percentiles cannot.",
    "For each replica: what was counted between the scrapes. Add up over replicas. Then find the "
    "first bucket whose cumulative count reaches level times the total.",
    "np.searchsorted(counts, rank) finds the bucket; within it, go from the lower bound (0 for the "
    "first) towards the upper one by (rank - count below) / (count in the bucket).",
)
