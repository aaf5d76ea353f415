"""Impute missing values and mark them: the exercise `impute`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

imputing = exercise(
    "impute",
    title="Impute by group, with indicators",
    points=2,
    difficulty=2,
    minutes=12,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#Missing-values",
)


@imputing.reference
def impute(train, other, train_groups, other_groups):
    """Impute one table with the medians of another, group by group, and mark what was filled in.

    train: float (N, F). other: float (M, F). Missing values are nan. train_groups (N,) and
    other_groups (M,): strings. Return float (M, 2F): the imputed columns, then one indicator per
    column, 1.0 where a value was filled in. A missing value becomes the median of train's rows of
    the same group; the median of all rows where the group has no known value; 0 where none has.
    """
    filled = other.copy()
    for row, column in np.argwhere(np.isnan(other)):
        known = ~np.isnan(train[:, column])
        of_group = known & (train_groups == other_groups[row])
        chosen = train[of_group if of_group.any() else known, column]
        filled[row, column] = np.median(chosen) if len(chosen) else 0.0
    return np.hstack([filled, np.isnan(other)])


@imputing.alternative
def by_group(train, other, train_groups, other_groups):
    def medians(rows):
        return [np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else np.nan for c in rows.T]

    overall = np.nan_to_num(medians(train))
    blank = np.isnan(other)
    middle = np.tile(overall, (len(other), 1))
    for group in sorted(set(train_groups.tolist())):
        typical = medians(train[train_groups == group])
        middle[other_groups == group] = np.where(np.isnan(typical), overall, typical)
    return np.concatenate([np.where(blank, middle, other), blank.astype(float)], axis=1)


@imputing.cases
def cases(rng):
    def table(rows, columns=3):
        sizes = np.array([40.0, 3.0, 900.0, 0.5])[:columns]
        return np.round(rng.gamma(2.0, sizes, size=(rows, columns)) - 1.7 * sizes, 2)

    def texts(*values):
        return np.array(values)

    nan = np.nan
    one, whole = table(7), table(4)
    one[[0, 4], 1] = nan
    gaps = table(4)
    gaps[[0, 1, 3], [0, 1, 1]] = nan
    jobs = texts("fixed", "fixed", "part", "fixed", "part", "part", "part")
    yield Case("nothing missing", (table(5), whole, texts(*"aabab"), texts(*"abab")))
    yield Case("nothing missing", (table(2, 1), table(1, 1), texts("x", "y"), texts("y")))
    yield Case("missing values", (one, gaps, jobs, texts("part", "fixed", "fixed", "part")))
    lone = table(5, 2)
    lone[:, 0] = [0.0, 0.0, *np.abs(lone[2:, 0]) + 1.0]  # group a has a median of 0, all have not
    lone[2:, 1] = [nan, lone[:2, 1].max() + 2.5, nan]  # group b has one known value
    holes = np.array([[nan, 4.5], [nan, nan], [1.25, nan]])
    yield Case("missing values", (lone, holes, texts(*"aabbb"), texts("a", "b", "b")))
    bare = table(6, 2)
    bare[:3, 0] = nan
    asked = table(3, 2)
    asked[:, 0] = nan
    asked[2, 1] = nan
    yield Case("a group without values", (bare, asked, texts(*"bbbaaa"), texts(*"bab")))
    new = table(3, 4)
    new[[0, 1, 2], [3, 0, 2]] = nan
    yield Case("a group without values", (table(5, 4), new, texts(*"ppqqq"), texts("r", "q", "")))
    empty = table(4, 2)
    empty[:, 1] = nan
    last = np.full((2, 2), nan)
    last[1, 0] = 7.25
    yield Case("a column without values", (empty, last, texts(*"uvvv"), texts(*"vu")))
    few = table(1, 2)
    yield Case("a column without values", (few, last.copy(), texts("v"), texts(*"vw")))


def _known(values):
    return values[~np.isnan(values)]


def _middle(values):
    return np.median(_known(values)) if len(_known(values)) else 0.0


def _filled_with(other, middles):
    blank = np.isnan(other)
    return np.hstack([np.where(blank, middles, other), blank])


@imputing.mistake(
    "You used the median of all rows: use that of the rows of the same group, and fall back on "
    "all rows only where the group has no known value."
)
def groups_ignored(right, a):
    return right(
        train_groups=np.full(len(a.train), "all"), other_groups=np.full(len(a.other), "all")
    )


@imputing.mistake(
    "You took the medians from `other`: they must come from train, because a single new "
    "application has no median of its own."
)
def medians_of_other(right, a):
    return right(train=a.other, train_groups=a.other_groups)


@imputing.mistake("You took the medians from both tables together: use train alone.")
def medians_of_both(right, a):
    return right(
        train=np.vstack([a.train, a.other]),
        train_groups=np.concatenate([a.train_groups, a.other_groups]),
    )


@imputing.mistake("You filled in means: a few large values pull a mean up; use medians.")
def means(train, other, train_groups, other_groups):
    filled = other.copy()
    for row, column in np.argwhere(np.isnan(other)):
        values = train[:, column]
        same = values[(train_groups == other_groups[row]) & ~np.isnan(values)]
        chosen = same if len(same) else values[~np.isnan(values)]
        filled[row, column] = chosen.mean() if len(chosen) else 0.0
    return np.hstack([filled, np.isnan(other)])


@imputing.mistake(
    "You filled in 0: an income that nobody stated is not an income of 0; use the median of "
    "the group."
)
def zeros(right, a):
    return _filled_with(a.other, 0.0)


marks = imputing.group("The indicator")


@marks.mistake("The indicators are missing: append one column for each column of other.")
def no_indicators(right, a):
    return right()[:, : a.other.shape[1]]


@marks.mistake("Your indicators mark the known values: they must be 1 where a value was filled in.")
def indicators_inverted(right, a):
    columns = a.other.shape[1]
    return np.hstack([right()[:, :columns], 1 - right()[:, columns:]])


@marks.mistake(
    "You looked for missing values after filling them in, when none was left: keep "
    "np.isnan(other) before you fill them in."
)
def marked_after_filling(right, a):
    return np.hstack([right()[:, : a.other.shape[1]], np.zeros(a.other.shape)])


@marks.mistake(
    "Your indicators are 0 where a group had no known value: they must be 1 wherever a value was "
    "filled in, from whichever rows it came."
)
def fallbacks_unmarked(right, a):
    result = right()
    columns = a.other.shape[1]
    for row, column in np.argwhere(np.isnan(a.other)):
        if not len(_known(a.train[a.train_groups == a.other_groups[row], column])):
            result[row, columns + column] = 0.0
    return result


@marks.mistake(
    "You appended indicators only for columns with missing values in train, as scikit-learn does: "
    "append one for each column."
)
def indicators_as_in_sklearn(right, a):
    columns = a.other.shape[1]
    gaps = np.isnan(a.train).any(axis=0)
    return np.hstack([right()[:, :columns], right()[:, columns:][:, gaps]])


@marks.mistake("The indicators come first in your result: the imputed columns must come first.")
def indicators_first(right, a):
    return np.roll(right(), a.other.shape[1], axis=1)


fallback = imputing.group("Where a group has no known value")


@fallback.mistake(
    "Some values are still missing: where a group has no known value in a column, or is not in "
    "train at all, use the median of all rows of train, and 0 where there is none."
)
def no_fallback(train, other, train_groups, other_groups):
    filled = other.copy()
    for row, column in np.argwhere(np.isnan(other)):
        values = train[train_groups == other_groups[row], column]
        filled[row, column] = _middle(values) if (~np.isnan(values)).any() else np.nan
    return np.hstack([filled, np.isnan(other)])


@fallback.mistake(
    "You used 0 where a group has no known value: use the median of all rows of train, and 0 "
    "only where train has no known value at all."
)
def zero_for_unknown_groups(train, other, train_groups, other_groups):
    filled = other.copy()
    for row, column in np.argwhere(np.isnan(other)):
        filled[row, column] = _middle(train[train_groups == other_groups[row], column])
    return np.hstack([filled, np.isnan(other)])


@fallback.mistake(
    "You used 0 where a group is in train, but has no known value in the column: there, too, use "
    "the median of all known values of the column in train."
)
def zero_for_groups_without_values(right, a):
    result = right()
    for row, column in np.argwhere(np.isnan(a.other)):
        own = a.train[a.train_groups == a.other_groups[row], column]
        if len(own) and np.isnan(own).all():
            result[row, column] = 0.0
    return result


@fallback.mistake(
    "Where train has no known value in a column, yours is still missing: fill in 0 there."
)
def left_missing(right, a):
    result = right()
    unknown = np.flatnonzero(np.isnan(a.train).all(axis=0))
    result[:, unknown] = a.other[:, unknown]
    return result


@fallback.mistake(
    "Where a group has no known value, you took the median of the groups' medians: take the median "
    "of all known values of the column in train, in which large groups count for more."
)
def median_of_medians(right, a):
    result = right()
    for row, column in np.argwhere(np.isnan(a.other)):
        of_group = {
            group: _known(a.train[a.train_groups == group, column])
            for group in set(a.train_groups.tolist())
        }
        medians = [np.median(values) for values in of_group.values() if len(values)]
        if medians and not len(of_group.get(str(a.other_groups[row]), [])):
            result[row, column] = np.median(medians)
    return result


imputing.hints(
    "Take one missing value: which rows of train are in its group and have a known value in its "
    "column?",
    "Keep np.isnan(other). Loop over the missing values, or over the groups; np.nanmedian warns "
    "and gives nan where nothing is known, so check first whether anything is.",
    "np.argwhere(np.isnan(other)) lists the missing values. For each: the median of the group's "
    "known values, else of the whole column's, else 0.0. Then np.hstack([filled, blank]).",
)
