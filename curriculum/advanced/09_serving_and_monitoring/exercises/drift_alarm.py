"""An alarm for a station's counts, judged on stations nobody has seen: `drift_alarm`."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from lepton_course.authoring import Call, Case, accuracy, exercise

STATIONS = Path(__file__).parents[1] / "stations.npz"

alarming = exercise(
    "drift_alarm",
    title="An alarm that does not cry wolf",
    points=3,
    difficulty=5,
    minutes=13,
    probe=Call(),
    compare=accuracy(at_least=0.9, tolerance=0.03),
    read="lesson.ipynb#What-goes-wrong:-an-alarm-every-weekend",
)


@alarming.reference
def drift_alarm(reference, live):
    """Return an int array (M,): 1 for each week of `live` in which the counts are faulty.

    reference: float array (7 N,), a station's passengers on N >= 52 calm weeks, Monday first.
    live: float array (7 M,), the weeks after them.
    """
    return (_smooth(_far(reference, live)) > 0.17).astype(np.int64)


def _far(reference, live):
    """Mean absolute log ratio (M,) of each week's days to the usual days of their weekday."""
    usual = np.median(reference.reshape(-1, 7), axis=0)
    return np.abs(np.log(live.reshape(-1, 7) / usual)).mean(axis=1)


def _smooth(values):
    """Median of each value and its two neighbours (M,)."""
    padded = np.pad(values, 1)
    return np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0)


@alarming.alternative
def four_odd_weeks(reference, live):
    """Weeks far from the reference count where at least four of them stand side by side."""
    known, new = reference.reshape(-1, 7), live.reshape(-1, 7)
    far = np.abs(np.log(new) - np.log(np.median(known, axis=0))).mean(axis=1) > 0.17
    starts = [w for w in range(len(new) - 3) if far[w : w + 4].all()]
    flags = np.zeros(len(new), dtype=int)
    for week in starts:
        flags[week : week + 4] = 1
    return flags


@alarming.alternative
def level_and_pattern(reference, live):
    """The sum of a week against the usual one, and its days' shares against the usual ones."""
    known, new = reference.reshape(-1, 7), live.reshape(-1, 7)
    usual = np.median(known / known.sum(axis=1, keepdims=True), axis=0)
    levels = np.log(new.sum(axis=1) / np.median(known.sum(axis=1)))
    patterns = np.abs(new / new.sum(axis=1, keepdims=True) - usual).sum(axis=1)
    flags = np.zeros(len(new), dtype=int)
    for week in range(len(new)):
        around = slice(max(0, week - 1), week + 2)
        flags[week] = abs(np.median(levels[around])) > 0.26 or np.median(patterns[around]) > 0.15
    return flags


@functools.cache
def _riders():
    with np.load(STATIONS, allow_pickle=False) as arrays:
        return arrays["riders"].astype(np.float64)


@functools.cache
def _stretches(length):
    """Return calm stretches: (52 weeks, `length` more, which of these are no odd ones).

    In a calm one at most single weeks, with holidays or festivals, are odd.
    """
    found = []
    for days in _riders():
        for week in range(52, len(days) // 7 - length):
            reference = days[7 * (week - 52) : 7 * week]
            live = days[7 * week : 7 * (week + length)]
            if min(reference.min(), live.min()) < 100:
                continue
            far = _far(reference, live)
            if _smooth(far).max() < 0.14:
                found.append((reference, live, far < 0.12))
    return found


@alarming.cases
def cases(rng):
    def quiet_place(stretches, weeks, contrast):
        """A stretch, and the first of some weeks in it that no odd week is near.

        contrast: the largest mean absolute log ratio of a usual day to the mean of the days.
        """
        for place in rng.permutation(len(stretches)):
            reference, _, quiet = stretches[place]
            usual = np.median(reference.reshape(-1, 7), axis=0)
            if np.abs(np.log(usual / usual.mean())).mean() > contrast:
                continue
            first = int(rng.integers(4, len(quiet) - weeks - 2))
            if quiet[first - 3 : first + weeks + 3].all():
                return *stretches[place], first
        raise ValueError("no stretch is quiet for so long")

    def case(part, length, fault=None, weeks=8, odd=3, contrast=np.inf):
        """A calm stretch with `odd` weeks of strikes or festivals, and a fault of some weeks."""
        stretches = _stretches(length)
        labels = np.zeros(length, dtype=int)
        free = np.arange(2, length - 2)
        reference, whole, quiet = stretches[rng.integers(len(stretches))]
        if fault:
            reference, whole, quiet, first = quiet_place(stretches, weeks, contrast)
            labels[first : first + weeks] = 1
            free = free[(free < first - 3) | (free > first + weeks + 2)]
        live = whole.reshape(-1, 7).copy()
        if fault:
            live[labels == 1] = fault(live[labels == 1])
        free = np.array([week for week in free if quiet[week - 2 : week + 3].all()])
        for _ in range(odd):
            if len(free):
                event = int(rng.choice(free))
                live[event] *= rng.choice([0.5, 0.55, 1.7])
                free = free[abs(free - event) > 3]
        scale = rng.uniform(0.8, 1.25)  # nobody can tell which station and days these are
        return Case(part, (scale * reference, scale * live.ravel()), expected=labels)

    def times(low, high):
        factor = rng.uniform(low, high)
        return lambda weeks: weeks * factor

    def late(number):
        return lambda weeks: np.roll(weeks.ravel(), number).reshape(-1, 7)

    def filled(weeks):
        return np.repeat(weeks.mean(axis=1, keepdims=True), 7, axis=1)

    part = "calm half-years"
    yield case(part, 26)
    yield case(part, 30, odd=4)
    yield case(part, 24)
    part = "passengers not counted"
    yield case(part, 26, times(0.6, 0.7), 7, odd=1)
    yield case(part, 22, times(0.4, 0.55), 5, odd=1)
    part = "passengers counted twice"
    yield case(part, 26, times(1.5, 1.7), 8, odd=1)
    yield case(part, 28, times(1.9, 2.1), 6, odd=2)
    part = "days late"
    yield case(part, 26, late(2), 7, odd=1)
    yield case(part, 25, late(3), 9, odd=1)
    yield case(part, 27, late(-2), 6, odd=2)
    yield case(part, 24, late(-3), 7, odd=1)
    part = "each day the mean of its week"
    yield case(part, 26, filled, 9, odd=1)
    yield case(part, 23, filled, 7, odd=1, contrast=0.3)


rules = alarming.group("The rule")


@rules.mistake(
    "Odd weeks raise your alarm by themselves, perhaps: a fault lasts five weeks or more, so ask "
    "for several weeks before you believe it."
)
def week_by_week(reference, live):
    return (_far(reference, live) > 0.17).astype(np.int64)


@rules.mistake(
    "You compare sums or means of weeks, perhaps: days that come late, or all alike, leave the sum "
    "of a week as it was. Compare weekday by weekday."
)
def sums_of_weeks(reference, live):
    usual = np.median(reference.reshape(-1, 7).sum(axis=1))
    far = np.abs(np.log((live.reshape(-1, 7).sum(axis=1) + 1) / usual))
    return (_smooth(far) > 0.2).astype(np.int64)


@rules.mistake("You never alarm, or hardly ever: your threshold is far from what a fault changes.")
def never(reference, live):
    return np.zeros(len(live) // 7, dtype=np.int64)


@rules.mistake(
    "You alarm in nearly every week, perhaps because weekends differ from the mean of all days: "
    "compare Saturdays with Saturdays."
)
def always(reference, live):
    return np.ones(len(live) // 7, dtype=np.int64)


@rules.mistake(
    "You look at the pattern within the week alone, perhaps: where passengers are missing or "
    "counted twice on every day, it stays as it is. Compare the numbers themselves as well."
)
def patterns_alone(reference, live):
    known, new = reference.reshape(-1, 7), live.reshape(-1, 7)
    usual = np.median(known / known.sum(axis=1, keepdims=True), axis=0)
    far = np.abs(new / new.sum(axis=1, keepdims=True) - usual).sum(axis=1)
    return (_smooth(far) > 0.15).astype(np.int64)


@rules.mistake(
    "Your alarm, once raised, stays: a fault ends when somebody repairs it, and later weeks are "
    "calm again."
)
def never_ends(right, a):
    return np.maximum.accumulate(right())


@rules.mistake(
    "Your alarm comes too late: a week is asked for by itself, with the weeks after it at hand, so "
    "the first weeks of a fault are faulty, too."
)
def three_weeks_late(right, a):
    return np.concatenate([np.zeros(3, dtype=np.int64), right()[:-3]])


@rules.mistake("You swapped the labels: 1 is a week with faulty counts.")
def swapped(right, a):
    return 1 - right()


@rules.mistake("You returned a label for each day: one for each week of live is asked for.")
def a_label_for_each_day(right, a):
    return np.repeat(right(), 7)


alarming.hints(
    "Reshape both to weeks of seven days. What does a usual Saturday look like?",
    "One number for each week: how far its seven days are from the usual days of their weekday. "
    "Then let no single odd week decide.",
    "The median of each weekday over the reference is robust; the mean of |log(day / usual)| over "
    "a week sees losses, shifts and filled days alike. A week is far above about 0.17. Raise the "
    "alarm where at least four far weeks stand side by side, for all of them.",
)
