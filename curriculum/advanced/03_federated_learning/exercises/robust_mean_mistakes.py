"""More mistakes in `robust_mean`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .robust_mean import bearing, nan_taken_along, robust_mean


def _sound(updates):
    """The finite clients' updates, sorted for each coordinate."""
    rows = updates[np.isfinite(updates).reshape(len(updates), -1).all(axis=1)]
    return np.sort(rows, axis=0)


def _trimmed(make):
    """The trimmed mean, where `make(rows, trim)` is taken of sorted rows that suffice for it."""

    def robust_mean_mistaken(updates, trim):
        rows = _sound(updates)
        if 2 * trim >= len(rows):
            return robust_mean(updates, trim)
        return make(rows, trim)

    return robust_mean_mistaken


def _untrimmed(make):
    """The trimmed mean, where `make(rows)` is taken of rows of which trimming leaves nothing."""

    def robust_mean_mistaken(updates, trim):
        rows = _sound(updates)
        if 2 * trim < len(rows) or len(rows) == 0:
            return robust_mean(updates, trim)
        return make(rows)

    return robust_mean_mistaken


broken = bearing.group("Who is left out")


@broken.mistake(
    "You leave out clients of which no number is finite: a single bad one is enough. Ask for "
    "np.isfinite(…).all, not any."
)
def out_if_all_are_bad(updates, trim):
    rows = updates[np.isfinite(updates).reshape(len(updates), -1).any(axis=1)]
    return nan_taken_along(rows, trim) if len(rows) else np.zeros(updates.shape[1:])


@broken.mistake(
    "You look at the first number of an update alone: any of its numbers may be the bad one."
)
def only_the_first_number_tested(updates, trim):
    rows = updates[np.isfinite(updates.reshape(len(updates), -1)[:, 0])]
    return nan_taken_along(rows, trim) if len(rows) else np.zeros(updates.shape[1:])


@broken.mistake(
    "You left out a client whose numbers are all finite, only large: their sum overflows. Test the "
    "numbers themselves with np.isfinite."
)
def finite_by_its_sum(updates, trim):
    with np.errstate(over="ignore", invalid="ignore"):
        sums = updates.reshape(len(updates), -1).sum(axis=1)
    kept = updates[np.isfinite(sums)]
    return robust_mean(kept, trim) if len(kept) else np.zeros(updates.shape[1:])


ends = bearing.group("The ends", make=_trimmed)


@ends.mistake(
    "You trimmed at the lower end alone: a poisoned client may pull up, too, so drop `trim` "
    "numbers at either end."
)
def lower_end_alone(rows, trim):
    return rows[trim:].mean(axis=0)


@ends.mistake(
    "You dropped `trim` numbers in all: it is `trim` at either end, twice as many in all."
)
def trim_in_all(rows, trim):
    low = trim // 2
    return rows[low : len(rows) - (trim - low)].mean(axis=0)


@ends.mistake(
    "You subtracted the ends from the sum of all: beside a huge number the others are rounded "
    "away, and do not come back. Add up only those that stay."
)
def ends_subtracted(rows, trim):
    total = rows.sum(axis=0) - rows[:trim].sum(axis=0) - rows[len(rows) - trim :].sum(axis=0)
    return total / (len(rows) - 2 * trim)


@ends.mistake(
    "You moved the extreme numbers to the nearest one that stays, which is a winsorised mean: drop "
    "them."
)
def winsorised(rows, trim):
    return np.clip(rows, rows[trim], rows[len(rows) - trim - 1]).mean(axis=0)


@ends.mistake(
    "You divided by the number of sound clients: divide what is left by the number that is left, "
    "2 * trim fewer."
)
def divided_by_sound_clients(rows, trim):
    return rows[trim : len(rows) - trim].sum(axis=0) / len(rows)


@ends.mistake(
    "With trim = 0 you return the median: the slice [0:-0] is empty, and not because there are too "
    "few clients. End it at the number of clients minus trim."
)
def median_without_trimming(rows, trim):
    return rows[trim : len(rows) - trim].mean(axis=0) if trim else np.median(rows, axis=0)


too_few = bearing.group("Where nothing is left", make=_untrimmed)


@too_few.mistake(
    "Your median of an even number takes the upper of the two in the middle: take their mean, as "
    "np.median does."
)
def upper_middle(rows):
    return rows[len(rows) // 2]


@too_few.mistake("Where trimming would leave nothing you return zeros: take the median.")
def zeros_where_nothing_is_left(rows):
    return np.zeros(rows.shape[1:])


@bearing.mistake(
    "Your mean is NaN where 2 * trim is just the number of clients left: nothing remains then, "
    "either, so take the median from there on, with >=."
)
def median_one_too_late(updates, trim):
    exactly = 0 < len(_sound(updates)) == 2 * trim
    return np.full(updates.shape[1:], np.nan) if exactly else robust_mean(updates, trim)


@bearing.mistake(
    "You sorted the numbers within each update: sort each coordinate over the clients, axis 0."
)
def sorted_within_updates(updates, trim):
    rows = updates[np.isfinite(updates).reshape(len(updates), -1).all(axis=1)]
    if len(rows) == 0:
        return np.zeros(updates.shape[1:])
    rows = np.sort(rows, axis=-1)
    if 2 * trim >= len(rows):
        return np.median(rows, axis=0)
    return rows[trim : len(rows) - trim].mean(axis=0)


@bearing.mistake(
    "You sorted by absolute value, so that the largest negative numbers count among the largest: "
    "sort the numbers themselves, and drop `trim` at either end."
)
def sorted_by_magnitude(updates, trim):
    rows = _sound(updates)
    if len(rows) == 0:
        return np.zeros(updates.shape[1:])
    rows = np.take_along_axis(rows, np.argsort(np.abs(rows), axis=0, kind="stable"), axis=0)
    if 2 * trim >= len(rows):
        return np.median(rows, axis=0)
    return rows[trim : len(rows) - trim].mean(axis=0)


@broken.mistake(
    "You look for bad numbers along axis 1 alone: an update may have more axes than one, so ask "
    "np.isfinite(u).all() of each update u."
)
def tested_along_axis_1(updates, trim):
    rows = np.sort(updates[np.isfinite(updates).all(axis=1)], axis=0)
    if len(rows) == 0:
        return np.zeros(updates.shape[1:])
    if 2 * trim >= len(rows):
        return np.median(rows, axis=0)
    return rows[trim : len(rows) - trim].mean(axis=0)
