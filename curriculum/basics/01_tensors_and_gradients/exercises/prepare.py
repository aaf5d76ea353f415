"""Fill and scale: right answers, misconceptions and cases of `prepare`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import rounded

preparing = exercise(
    "prepare",
    title="Fill and scale",
    points=3,
    difficulty=2,
    minutes=8,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#Splitting-and-scaling",
    forms=[
        rounded(
            2,
            "The numbers are right, but rounded: the example was rounded for reading; return them "
            "with all digits.",
        ),
    ],
)


def fill(table, middle):
    """The table (N, F) with each gap (nan) replaced by its column's entry of middle (F,)."""
    return np.where(np.isnan(table), middle, table)


def scale(table, centre, width):
    """The table (N, F) less centre (F,), over width (F,)."""
    return (table - centre) / width


def deviation(known):
    """Standard deviations (F,) of a table (N, F) without gaps; 1 for a column that never changes.

    `std` alone may give 1e-17 there, because the mean is rounded.
    """
    return _unless_constant(known, known.std(axis=0))


def _unless_constant(known, width):
    return np.where(np.ptp(known, axis=0) == 0, 1.0, width)


@preparing.reference
def prepare(train, other):
    """Fill and scale a table with the medians, means and standard deviations of another.

    train: float array (N, F). other: float array (M, F). Both may have gaps (nan). Returns a new
    float array (M, F), in standard deviations of the filled `train`.
    """
    middle = np.nanmedian(train, axis=0)
    known = fill(train, middle)
    return scale(fill(other, middle), known.mean(axis=0), deviation(known))


@preparing.alternative
def prepare_by_column(train, other):
    columns = []
    for past, new in zip(train.T, other.T, strict=True):
        typical = np.median(past[past == past])
        past = np.nan_to_num(past, nan=typical)
        centred = np.nan_to_num(new, nan=typical) - past.mean()
        columns.append(centred / past.std() if past.max() > past.min() else centred)
    return np.array(columns).T


@preparing.alternative
def with_a_tolerance(train, other):
    middle = np.nanmedian(train, axis=0)
    known = fill(train, middle)
    spread = known.std(axis=0)
    spread[spread < 1e-10] = 1
    return (fill(other, middle) - known.mean(axis=0)) / spread


@preparing.cases
def cases(rng):
    def table(rows, columns=3):  # skewed columns of very different size; the first has both signs
        sizes, shifts = np.array([0.03, 40.0, 900.0, 5.0]), np.array([-0.06, 20.0, 500.0, -3.0])
        values = rng.gamma(2.0, sizes[:columns], size=(rows, columns)) + shifts[:columns]
        return np.round(values, 3)

    def with_gaps(values, *places):
        for place in places:
            values[place] = np.nan
        return values

    never_changes, changes = table(5), table(3)
    never_changes[:, 1] = 60.0
    changes[:, 1] = [60.0, 60.0, 75.0]
    rounded_mean, near = with_gaps(table(6, 2), (2, 0), (4, 1)), table(2, 2)
    rounded_mean[:, 0] = 0.1  # the deviation of six of them is 1e-17
    rounded_mean[2, 0] = np.nan
    near[:, 0] = [0.1, 0.4]
    return [
        Case("no value missing", (table(6), table(3))),
        Case("no value missing", (table(5, 1), table(1, 1))),
        Case("no value missing", (1e-5 * table(5, 2), 1e-5 * table(3, 2))),
        Case(
            "missing values",
            (with_gaps(table(7), (0, 1), (3, 2)), with_gaps(table(4), (1, 1), (2, 2))),
        ),
        # a gap of other in a column that has none in train
        Case("missing values", (with_gaps(table(7, 4), (5, 2)), with_gaps(table(2, 4), (0, 0)))),
        Case("a column that never changes", (never_changes, changes)),
        Case("a column that never changes", (rounded_mean, near)),
        Case("a column that never changes", (table(1, 2), table(4, 2))),
    ]


def _known(train):
    return fill(train, np.nanmedian(train, axis=0))


def _filled(train, other):
    return fill(other, np.nanmedian(train, axis=0))


def _nanstd(train):
    return _unless_constant(_known(train), np.nanstd(train, axis=0))


leak = preparing.group("Statistics of train alone")


@leak.mistake(
    "You took median, mean and standard deviation from the table that is being prepared; take "
    "them from train, or else a single new application has nothing to be compared with."
)
def statistics_of_other(right, a):
    return right(train=a.other)


@leak.mistake(
    "You took the statistics from both tables together, so the new rows leak into what must "
    "be known before they arrive: use train alone."
)
def statistics_of_both(right, a):
    return right(train=np.concatenate([a.train, a.other]))


filling = preparing.group("Filling")


@filling.mistake(
    "You filled the gaps with 0, but an unknown income is not an income of 0: fill with the "
    "column's median in train."
)
def filled_with_zero(right, a):
    return right(train=fill(a.train, 0.0), other=fill(a.other, 0.0))


@filling.mistake(
    "You filled the gaps with the mean, which a few very large incomes pull up: fill with the "
    "median."
)
def filled_with_the_mean(right, a):
    mean = np.nanmean(a.train, axis=0)
    return right(train=fill(a.train, mean), other=fill(a.other, mean))


@filling.mistake(
    "You filled the gaps of other with its own medians: use those of train for both tables."
)
def gaps_of_other_filled_from_other(right, a):
    return right(other=fill(a.other, np.nanmedian(a.other, axis=0)))


@filling.mistake(
    "You scaled first and put 0 into the gaps, which is the mean and not the median, so mean "
    "and standard deviation never saw the filled values: fill first, then scale."
)
def filled_after_scaling(train, other):
    return fill(scale(other, np.nanmean(train, axis=0), _nanstd(train)), 0.0)


@filling.mistake(
    "You filled other with the right medians, but took mean and standard deviation from train "
    "with its gaps (nanmean, nanstd): fill train first, and take both from the filled table."
)
def statistics_of_what_is_not_filled(train, other):
    return scale(_filled(train, other), np.nanmean(train, axis=0), _nanstd(train))


@filling.mistake(
    "You left rows of train with a gap out of mean and standard deviation, and lost the known "
    "values in their other columns: fill these rows and keep them."
)
def rows_dropped(train, other):
    complete = train[~np.isnan(train).any(axis=1)]
    return scale(_filled(train, other), complete.mean(axis=0), deviation(complete))


@filling.mistake(
    "You filled other only in the columns in which train has gaps: a new application can lack "
    "anything, so fill every column."
)
def filled_where_train_has_gaps(train, other):
    known, gaps = _known(train), np.isnan(train).any(axis=0)
    filled = np.where(gaps, _filled(train, other), other)
    return scale(filled, known.mean(axis=0), deviation(known))


scaling = preparing.group("Scaling")


@scaling.mistake(
    "You divided by the variance, whose unit is the column's unit squared: divide by its square "
    "root, the standard deviation."
)
def divided_by_the_variance(train, other):
    known = _known(train)
    return scale(_filled(train, other), known.mean(axis=0), deviation(known) ** 2)


@scaling.mistake(
    "Your standard deviation divides by N - 1 (as torch and pandas do): this one divides by N, as "
    "np.std does."
)
def n_minus_1(train, other):
    known = _known(train)
    width = _unless_constant(known, known.std(axis=0, ddof=min(1, len(train) - 1)))
    return scale(_filled(train, other), known.mean(axis=0), width)


@scaling.mistake(
    "You scaled each column to run from 0 to 1: here each column of train gets mean 0 and "
    "standard deviation 1."
)
def from_0_to_1(train, other):
    known = _known(train)
    width = _unless_constant(known, np.ptp(known, axis=0))
    return scale(_filled(train, other), known.min(axis=0), width)


@scaling.mistake(
    "You used one mean and one standard deviation for the whole table, but age and income have "
    "different scales: each column needs its own, so say axis=0.",
    read="lesson.ipynb#Broadcasting",
)
def one_mean_for_all(train, other):
    known = _known(train)
    return scale(_filled(train, other), known.mean(), known.std())


constant = preparing.group("A column that never changes")


@constant.mistake(
    "Right, except for a column that never changes: its standard deviation is 0, and dividing by "
    "it gives nan or inf; divide by 1 there."
)
def zero_by_zero(train, other):
    known = _known(train)
    with np.errstate(all="ignore"):
        return (_filled(train, other) - known.mean(axis=0)) / known.std(axis=0)


@constant.mistake(
    "Right, except for a column that never changes: its standard deviation is rounded, and "
    "can be 1e-17 instead of 0, so check whether the smallest and the largest value are equal."
)
def compared_with_exactly_0(train, other):
    known = _known(train)
    width = known.std(axis=0)
    return scale(_filled(train, other), known.mean(axis=0), np.where(width == 0, 1.0, width))


@constant.mistake(
    "Right, except for a column that never changes: with a tiny number added to its standard "
    "deviation of 0, a small change becomes a billion; divide by 1 there."
)
def a_tiny_number_added(train, other):
    known = _known(train)
    return (_filled(train, other) - known.mean(axis=0)) / (known.std(axis=0) + 1e-8)


@constant.mistake(
    "Right, except for a column that never changes in train: shift it and divide by 1, but do "
    "not replace it by 0, because other may hold other values there."
)
def constant_column_erased(right, a):
    return np.where(np.ptp(_known(a.train), axis=0) == 0, 0.0, right())


preparing.hints(
    "Which of the numbers you need are known before `other` arrives?",
    "np.nanmedian ignores the gaps; with axis=0 it gives one number for each column, and np.where "
    "puts it where np.isnan says so. Then mean and standard deviation of the filled train.",
    "Fill train and other with the medians of train; take mean and std of the filled train along "
    "axis 0; where a column's smallest and largest value are equal, replace its std by 1; subtract "
    "the mean from the filled other and divide.",
)
