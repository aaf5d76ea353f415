"""More mistakes of the exercise `impute`."""

from __future__ import annotations

import numpy as np

from .impute import _filled_with, _known, _middle, fallback, imputing, marks


def _with_statistic(a, of_group, of_all=_middle, least=1):
    """Fill in with other statistics; least: the known values that a group needs."""
    middles = np.zeros(a.other.shape)
    for row, column in np.ndindex(*a.other.shape):
        values = a.train[:, column]
        own = values[a.train_groups == a.other_groups[row]]
        enough = len(_known(own)) >= least
        middles[row, column] = of_group(own) if enough else of_all(values)
    return _filled_with(a.other, middles)


@imputing.mistake(
    "You took the upper of the two middle values: where a group has an even number of known "
    "values, its median is the mean of the two in the middle."
)
def upper_median(right, a):
    def upper(values):
        known = np.sort(_known(values))
        return known[len(known) // 2] if len(known) else 0.0

    return _with_statistic(a, upper, upper)


@imputing.mistake(
    "You left out rows of train with a missing value in another column: the median of a column is "
    "that of all its known values."
)
def complete_rows_alone(right, a):
    whole = ~np.isnan(a.train).any(axis=1)
    return right(train=a.train[whole], train_groups=a.train_groups[whole])


@imputing.mistake(
    "Missing values of train count as 0 in your medians: leave them out before you take a median."
)
def blanks_counted_as_zeros(right, a):
    return right(train=np.nan_to_num(a.train))


@imputing.mistake(
    "You took one median of all columns of the group together: take that of the value's own column."
)
def one_median_for_all_columns(right, a):
    result = right()
    for row, column in np.argwhere(np.isnan(a.other)):
        own = _known(a.train[a.train_groups == a.other_groups[row]])
        if len(own):
            result[row, column] = np.median(own)
    return result


@imputing.mistake(
    "You filled in the last known value of the group: it is one row's, not a typical one; use the "
    "median."
)
def last_known_value(right, a):
    return _with_statistic(a, lambda values: _known(values)[-1])


@fallback.mistake(
    "You fell back on all rows where the group has a single known value: it is the group's median "
    "all the same."
)
def single_values_ignored(right, a):
    return _with_statistic(a, _middle, least=2)


@fallback.mistake(
    "Where the median of a group is 0, you took that of all rows, as happens when a number is "
    "tested like a truth value: 0 is False, and a median like any other."
)
def zero_taken_for_unknown(right, a):
    result = right()
    for row, column in np.argwhere(np.isnan(a.other)):
        if result[row, column] == 0:
            result[row, column] = _middle(a.train[:, column])
    return result


@fallback.mistake(
    "Where a group has no known value, you took the mean of all rows: take their median there, too."
)
def mean_of_all(right, a):
    def mean(values):
        return np.mean(_known(values)) if len(_known(values)) else 0.0

    return _with_statistic(a, _middle, mean)


@marks.mistake(
    "Each indicator stands beside its column: all the imputed columns come first, then all the "
    "indicators."
)
def interleaved(right, a):
    columns = a.other.shape[1]
    order = np.arange(2 * columns).reshape(2, columns).T.ravel()
    return right()[:, order]


@marks.mistake(
    "Your indicators are 0 where train has no known value in the column: a 0 was filled in there, "
    "so mark it, too."
)
def defaults_unmarked(right, a):
    return right() * np.append(np.ones(a.train.shape[1]), ~np.isnan(a.train).all(axis=0))


@marks.mistake(
    "Your indicators are 0 in columns that have no missing value in train: mark every value that "
    "was filled in, in whichever column."
)
def only_columns_with_gaps_in_train(right, a):
    return right() * np.append(np.ones(a.train.shape[1]), np.isnan(a.train).any(axis=0))
