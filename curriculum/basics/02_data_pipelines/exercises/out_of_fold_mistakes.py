"""More mistakes of the exercise `out_of_fold`."""

from __future__ import annotations

import numpy as np

from .out_of_fold import leaks, other, repairing


def _each_fold(a, predict, owner=None):
    """Predict each fold with predict(x, y, x_new), given the rows outside it and those inside."""
    if owner is None:
        owner = np.unique(a.customers, return_inverse=True)[1]
    fold_of = owner % a.folds
    labels = np.zeros(len(a.x), dtype=np.int64)
    for fold in range(a.folds):
        asked = fold_of == fold
        if asked.any():
            labels[asked] = predict(a.x[~asked], a.y[~asked], a.x[asked])
    return labels


def _deviations(x):
    std = x.std(axis=0)
    return np.where(std == 0, 1.0, std)


def _centres(x, y, middle=np.mean):
    return np.array([middle(x[y == kind], axis=0) for kind in (0, 1)])


def _squares(difference):
    return (difference**2).sum(axis=1)


def _nearer(x, y, x_new, keep, *, std=None, far=_squares, apart=np.abs, middle=np.mean, last=False):
    """Predict with other deviations, distances, centres, or another choice of columns."""
    std = _deviations(x) if std is None else std
    means = _centres(x, y) / std
    gap = apart(means[1] - means[0])
    if last:
        chosen = np.argsort(gap, kind="stable")[::-1][:keep]
    else:
        chosen = np.argsort(-gap, kind="stable")[:keep]
    centres = _centres(x / std, y, middle)
    zero, one = (far((x_new / std - centre)[:, chosen]) for centre in centres)
    return (one < zero).astype(np.int64)


@leaks.mistake(
    "You scaled the rows of a fold by their own means and deviations: scale them by those of the "
    "other rows, as the centres are."
)
def scaled_by_themselves(right, a):
    def predict(x, y, x_new):
        own = (x_new - x_new.mean(axis=0)) / _deviations(x_new)
        return _nearer((x - x.mean(axis=0)) / _deviations(x), y, own, a.keep, std=1.0)

    return _each_fold(a, predict)


@leaks.mistake(
    "The centres are still those of all rows: compute them from the rows of the other folds, or a "
    "row pulls its own class's centre towards it."
)
def centres_of_all_rows(right, a):
    def predict(x, y, x_new):
        std = _deviations(x)
        means = _centres(x, y) / std
        chosen = np.argsort(-np.abs(means[1] - means[0]), kind="stable")[: a.keep]
        every = _centres(a.x, a.y) / std
        zero, one = (_squares((x_new / std - centre)[:, chosen]) for centre in every)
        return one < zero

    return _each_fold(a, predict)


@leaks.mistake(
    "The folds are balanced by their numbers of rows, as scikit-learn's GroupKFold does it: assign "
    "the sorted customers in turn, 0, 1, …, folds - 1, 0, 1, …"
)
def balanced_folds(right, a):
    _, owner, sizes = np.unique(a.customers, return_inverse=True, return_counts=True)
    rows_of_fold = np.zeros(min(a.folds, len(sizes)))
    fold_of = np.zeros(len(sizes), dtype=int)
    for customer in np.argsort(sizes)[::-1]:
        fold_of[customer] = np.argmin(rows_of_fold)
        rows_of_fold[fold_of[customer]] += sizes[customer]
    return _each_fold(a, lambda x, y, new: _nearer(x, y, new, a.keep), fold_of[owner])


@other.mistake("You used all columns: use the `keep` columns whose class means lie furthest apart.")
def all_columns(right, a):
    return right(keep=a.x.shape[1])


@other.mistake(
    "The numbers are not scaled: divide each column by its standard deviation, or columns of large "
    "numbers decide alone."
)
def not_scaled(right, a):
    return _each_fold(a, lambda x, y, new: _nearer(x, y, new, a.keep, std=1.0))


@other.mistake(
    "You kept the columns in which class 1 has the higher mean: a column is as good where its mean "
    "is lower; compare absolute differences."
)
def signed_differences(right, a):
    return _each_fold(a, lambda x, y, new: _nearer(x, y, new, a.keep, apart=np.positive))


@other.mistake(
    "Of columns that are equally far apart, you kept the higher one: the lower one comes first, as "
    "in a stable sort of the negative distances."
)
def later_columns(right, a):
    return _each_fold(a, lambda x, y, new: _nearer(x, y, new, a.keep, last=True))


@other.mistake(
    "You added up absolute differences: the nearer centre is the one with the smaller sum of "
    "squares."
)
def absolute_distances(right, a):
    def far(difference):
        return np.abs(difference).sum(axis=1)

    return _each_fold(a, lambda x, y, new: _nearer(x, y, new, a.keep, far=far))


@repairing.mistake("Your centres are medians: a centre is the mean of a class in each column.")
def medians_as_centres(right, a):
    return _each_fold(a, lambda x, y, new: _nearer(x, y, new, a.keep, middle=np.median))


@other.mistake(
    "You added 1 to every standard deviation: put 1 only in place of a standard deviation of 0."
)
def one_added(right, a):
    return _each_fold(a, lambda x, y, new: _nearer(x, y, new, a.keep, std=x.std(axis=0) + 1))


@other.mistake(
    "You replaced every standard deviation below 1 by 1: put 1 only in place of one of 0, or "
    "columns of small numbers count for too little."
)
def at_least_one(right, a):
    return _each_fold(
        a, lambda x, y, new: _nearer(x, y, new, a.keep, std=np.maximum(x.std(axis=0), 1))
    )
