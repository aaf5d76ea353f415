"""Train on what was known at the time: the exercise `time_split`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import first_missing, last_missing

walking = exercise(
    "time_split",
    title="Train on what was known",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Splits",
    forms=[
        first_missing("The first fold is missing: it begins on day start."),
        last_missing("The last fold is missing: there are `folds` of them."),
    ],
)


@walking.reference
def time_split(days, start, length, folds, delay=0):
    """Return a list of `folds` pairs (train, test) of row numbers, whole-number arrays.

    days: whole numbers (N,), the day of each row, in no particular order. Fold k = 0, 1, … is
    trained on day start + k * length, and tested on the rows of the `length` days from then on. A
    row's label becomes known `delay` days after its day. The model learns from all labels known by
    the end of the day of training, and from no row that it is tested on.
    """
    pairs = []
    for now in range(start, start + folds * length, length):
        is_test = (now <= days) & (days < now + length)
        is_known = (days + delay <= now) & ~is_test
        pairs.append((np.flatnonzero(is_known), np.flatnonzero(is_test)))
    return pairs


@walking.alternative
def row_by_row(days, start, length, folds, delay=0):
    pairs = []
    for fold in range(folds):
        first = start + fold * length
        train = [row for row, day in enumerate(days.tolist()) if day <= first - max(delay, 1)]
        test = [row for row, day in enumerate(days.tolist()) if 0 <= day - first < length]
        pairs.append((np.array(train, dtype=int), np.array(test, dtype=int)))
    return pairs


@walking.cases
def cases(rng):
    def mixed(count, reach):
        return rng.permutation(np.concatenate([np.arange(reach), rng.integers(0, reach, count)]))

    yield Case("one fold", (mixed(4, 10), 6, 3, 1))
    yield Case("one fold", (np.array([3, 0, 5, 4, 1, 2]), 4, 1, 1, 0))
    yield Case("several folds", (mixed(5, 14), 5, 2, 3))
    yield Case("several folds", (mixed(3, 16), 7, 3, 3, 0))
    yield Case("several folds", (mixed(4, 9), 4, 1, 3))
    yield Case("delayed labels", (mixed(5, 15), 8, 2, 3, 4))
    yield Case("delayed labels", (mixed(4, 12), 6, 3, 2, 1))
    yield Case("delayed labels", (mixed(6, 13), 9, 2, 2, 3))
    yield Case("empty sets", (np.array([9]), 3, 2, 2, 2))
    yield Case("empty sets", (mixed(2, 6) - 4, 1, 4, 2, 9))
    yield Case("empty sets", (mixed(2, 5) + 20, 0, 30, 0, 2))
    yield Case("from day 0", (mixed(3, 7) - 3, 0, 2, 2, 2))


past = walking.group("What the model may learn from")


@past.mistake(
    "You ignored delay: yesterday's loan has no outcome yet, so the model cannot learn from it."
)
def delay_ignored(right, a):
    return right(delay=0)


@past.mistake(
    "You moved the delay in the wrong direction: an outcome is known `delay` days after its day, "
    "so a longer delay leaves fewer training rows."
)
def delay_subtracted(right, a):
    return _folds(a, lambda now: (a.days - a.delay <= now) & ~_tested(a, now))


def _tested(a, now):
    return (now <= a.days) & (a.days < now + a.length)


def _folds(a, train, test=None, length=None):
    test = test or (lambda now: (now <= a.days) & (a.days < now + a.length))
    step = length or a.length
    firsts = [a.start + k * step for k in range(a.folds)]
    return [(np.flatnonzero(train(now)), np.flatnonzero(test(now))) for now in firsts]


@past.mistake(
    "You left out labels that become known on the day of training itself: compare day + delay "
    "with that day by <=, not <."
)
def known_strictly_before(right, a):
    return _folds(a, lambda now: a.days + max(a.delay, 0) < now)


@past.mistake("Your training rows include test rows: they must be older than the day of training.")
def trained_on_the_test_day(right, a):
    return _folds(a, lambda now: a.days + a.delay <= now)


@past.mistake(
    "You trained on all rows outside the test days, including later ones: the model would learn "
    "from the future."
)
def trained_on_the_future(right, a):
    return _folds(
        a, lambda now: (a.days + a.delay <= now) & (a.days < now) | (a.days >= now + a.length)
    )


@past.mistake(
    "Your training rows do not grow from fold to fold: fold k is trained on day start + k * "
    "length, on everything known by then, rows tested in earlier folds included."
)
def trained_once(right, a):
    return _folds(a, lambda now: (a.days + a.delay <= a.start) & (a.days < a.start))


@past.mistake(
    "You trained on the last `length` days only: train on everything known by then, however old."
)
def only_the_last_days(right, a):
    return _folds(
        a, lambda now: (a.days + a.delay <= now) & (a.days < now) & (a.days >= now - a.length)
    )


@past.mistake(
    "You shifted the test days by delay: it affects only the labels that the model learns from; "
    "testing begins on the day of training."
)
def tested_after_the_delay(right, a):
    return _folds(
        a,
        lambda now: (a.days + a.delay <= now) & (a.days < now),
        lambda now: (now + a.delay <= a.days) & (a.days < now + a.delay + a.length),
    )


@past.mistake(
    "You left out rows that an earlier fold was tested on: by the next fold their outcomes may be "
    "known, and the model learns from them."
)
def tested_rows_never_learned(right, a):
    return _folds(a, lambda now: (a.days + a.delay <= now) & (a.days < a.start))


@past.mistake(
    "You left out of the test set the rows whose outcome is not known by its end: they are tested "
    "all the same, once it is known."
)
def tested_if_known(right, a):
    return _folds(
        a,
        lambda now: (a.days + a.delay <= now) & (a.days < now),
        lambda now: (now <= a.days) & (a.days + a.delay < now + a.length),
    )


testing = walking.group("Which days are tested")


@testing.mistake(
    "Your test sets are one day too short: they hold `length` days, of which start + length - 1 is "
    "the last."
)
def one_day_too_short(right, a):
    return _folds(
        a,
        lambda now: (a.days + a.delay <= now) & (a.days < now),
        lambda now: (now <= a.days) & (a.days < now + a.length - 1),
    )


@testing.mistake(
    "Your last fold is tested on everything from its first day on: it tests `length` days, too."
)
def last_fold_to_the_end(right, a):
    last = a.start + (a.folds - 1) * a.length
    return _folds(
        a,
        lambda now: (a.days + a.delay <= now) & (a.days < now),
        lambda now: (now <= a.days) & ((a.days < now + a.length) | (now == last)),
    )


@testing.mistake("Your folds begin one fold late: fold 0 is trained on day start.")
def one_fold_late(right, a):
    return right(start=a.start + a.length)


@testing.mistake(
    "You counted days from the first day of the table: start is a day like those in `days`."
)
def days_from_the_first(right, a):
    return right(days=a.days - a.days.min())


@testing.mistake(
    "Your test sets are one day too long: day start + length belongs to the next fold."
)
def one_day_too_long(right, a):
    return _folds(
        a,
        lambda now: (a.days + a.delay <= now) & (a.days < now),
        lambda now: (now <= a.days) & (a.days <= now + a.length),
    )


@testing.mistake("You tested on everything from start on: a fold tests only `length` days.")
def tested_to_the_end(right, a):
    return _folds(
        a, lambda now: (a.days + a.delay <= now) & (a.days < now), lambda now: now <= a.days
    )


@testing.mistake("Your folds overlap: each begins `length` days after the previous one.")
def folds_a_day_apart(right, a):
    return _folds(a, lambda now: (a.days + a.delay <= now) & (a.days < now), length=1)


@testing.mistake(
    "You took row positions for days: the rows are in no particular order, so compare `days` "
    "itself."
)
def positions_for_days(right, a):
    return right(days=np.arange(len(a.days)))


@testing.mistake(
    "You sorted the days first, and returned places in the sorted list: return the numbers of the "
    "rows as they were given."
)
def places_after_sorting(right, a):
    return right(days=np.sort(a.days))


@testing.mistake("Your rows are right, but ordered by day: return row numbers in rising order.")
def ordered_by_day(right, a):
    return [
        tuple(rows[np.argsort(a.days[rows], kind="stable")] for rows in pair) for pair in right()
    ]


@testing.mistake("You returned masks: return row numbers, as np.flatnonzero gives them.")
def masks(right, a):
    every = np.arange(len(a.days))
    return [(np.isin(every, train), np.isin(every, test)) for train, test in right()]


@testing.mistake("You left out folds that test no row: return `folds` pairs, empty ones included.")
def empty_folds_left_out(right, a):
    return [pair for pair in right() if len(pair[1])]


@testing.mistake("You returned days: return row numbers, as np.flatnonzero gives them.")
def days_for_rows(right, a):
    return [(a.days[train], a.days[test]) for train, test in right()]


walking.hints(
    "Draw one fold on a time line: today, the test days, and the last day whose label is known.",
    "For each fold: now = start + k * length. Test: now <= day < now + length. Train: the label is "
    "known, day + delay <= now, and the day is before now.",
    "np.flatnonzero((days + delay <= now) & (days < now)) and np.flatnonzero((days >= now) & (days "
    "< now + length)), for each of the folds.",
)
