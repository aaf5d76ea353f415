"""More mistakes that learners make in the exercise `percentiles`."""

from __future__ import annotations

import math

import numpy as np

from .percentiles import from_counts, measuring, new_requests

resets = measuring.group("Restarts")


@resets.mistake(
    "You took all replicas as restarted where one was: the others' counters went on, so subtract."
)
def one_restart_for_all(before, after, bounds, levels):
    old = np.zeros_like(before) if (after < before).any() else before
    return from_counts((after - old).sum(axis=0), bounds, levels)


@resets.mistake(
    "You ask for all counters of a replica to be lower: after a restart some may have overtaken "
    "what they were, so one that fell is enough."
)
def all_must_fall(before, after, bounds, levels):
    fell = (after < before).all(axis=1, keepdims=True)
    return from_counts(np.where(fell, after, after - before).sum(axis=0), bounds, levels)


@resets.mistake(
    "You added the replicas up before you looked for restarts: the others' new requests hide that "
    "a counter fell. Look at each replica."
)
def restart_seen_in_the_sum(before, after, bounds, levels):
    old, new = before.sum(axis=0), after.sum(axis=0)
    return from_counts(new if (new < old).any() else new - old, bounds, levels)


inside = measuring.group("Within the buckets")


@inside.mistake("Your counts are cumulative already: you added them up once more.")
def cumulated_twice(before, after, bounds, levels):
    return from_counts(np.cumsum(new_requests(before, after).sum(axis=0)), bounds, levels)


@inside.mistake("You gave the bucket's upper bound: interpolate between its two bounds.")
def upper_bound(before, after, bounds, levels):
    counts = new_requests(before, after).sum(axis=0)
    return from_counts(counts, bounds, levels, place=lambda rank, low, more: 1.0)


@inside.mistake("You gave the middle of the bucket: interpolate by the rank within it.")
def middle_of_the_bucket(before, after, bounds, levels):
    counts = new_requests(before, after).sum(axis=0)
    return from_counts(counts, bounds, levels, place=lambda rank, low, more: 0.5)


@inside.mistake("Your first bucket begins at its own bound: it begins at 0.")
def first_bucket_is_a_point(before, after, bounds, levels):
    counts = new_requests(before, after).sum(axis=0)
    return from_counts(counts, bounds, levels, lowest=bounds[0])


@inside.mistake(
    "A rank that equals a cumulative count belongs to that bucket, whose upper bound it is; you "
    "took the next one."
)
def next_bucket_at_equality(before, after, bounds, levels):
    return from_counts(new_requests(before, after).sum(axis=0), bounds, levels, side="right")


@inside.mistake(
    "You left out the requests beyond the last bound: the last count is that of all requests, and "
    "the rank is taken of it."
)
def slowest_left_out(before, after, bounds, levels):
    counts = new_requests(before, after).sum(axis=0)
    return from_counts(counts, bounds, levels, total=counts[-2])


@inside.mistake(
    "You gave infinity for a percentile beyond the last bound: nothing is known but that it is "
    "larger, and the last bound is reported."
)
def infinite(before, after, bounds, levels):
    return from_counts(new_requests(before, after).sum(axis=0), bounds, levels, beyond=np.inf)


@inside.mistake("You gave 0 where there were no requests: there is no percentile, so give NaN.")
def zero_without_requests(before, after, bounds, levels):
    return from_counts(new_requests(before, after).sum(axis=0), bounds, levels, empty=0.0)


@inside.mistake("You rounded the rank up to a whole request: it is level times the total as it is.")
def whole_ranks(right, a):
    total = int(new_requests(a.before, a.after)[:, -1].sum())
    return right(levels=[math.ceil(level * total) / max(total, 1) for level in a.levels])


@inside.mistake("Your answers are sorted: they come in the order of `levels`.")
def answers_sorted(right, a):
    return np.sort(right())


@inside.mistake("You gave NaN for a percentile beyond the last bound: the last bound is reported.")
def unknown_beyond(before, after, bounds, levels):
    counts = new_requests(before, after).sum(axis=0)
    return from_counts(counts, bounds, levels, beyond=np.nan)


@inside.mistake(
    "You divided the rank by the cumulative count: the bucket holds only the ranks above the count "
    "below, so subtract that from both."
)
def share_of_all_so_far(before, after, bounds, levels):
    counts = new_requests(before, after).sum(axis=0)
    return from_counts(counts, bounds, levels, place=lambda rank, low, more: rank / (low + more))


@inside.mistake("You cut the rank down to a whole request: it is level times the total as it is.")
def ranks_rounded_down(before, after, bounds, levels):
    counts = new_requests(before, after).sum(axis=0)
    return from_counts(counts, bounds, levels, ranked=lambda level, total: int(level * total))


@inside.mistake(
    "Your rank is level * (requests - 1), as in np.quantile: here it is level times the requests."
)
def rank_of_one_less(before, after, bounds, levels):
    counts = new_requests(before, after).sum(axis=0)
    return from_counts(counts, bounds, levels, ranked=lambda level, total: level * (total - 1))


@resets.mistake(
    "You looked for a restart in the first counter alone: any counter that fell shows it, and the "
    "first may have caught up since."
)
def restart_seen_by_the_first(before, after, bounds, levels):
    fell = (after < before)[:, :1]
    return from_counts(np.where(fell, after, after - before).sum(axis=0), bounds, levels)


@resets.mistake(
    "You looked at the first replica alone: the percentile is that of all requests, so add the "
    "counts of all replicas up."
)
def first_replica_alone(before, after, bounds, levels):
    return from_counts(new_requests(before, after)[0], bounds, levels)
