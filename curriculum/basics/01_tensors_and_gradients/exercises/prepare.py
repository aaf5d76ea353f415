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
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Splitting-and-scaling",
    forms=[
        rounded(
            2,
            "The numbers are right, but rounded: the example was rounded for "
            "reading; return them as they are.",
        ),
    ],
)


def fill(table, middle):
    return np.where(np.isnan(table), middle, table)


def scale(table, centre, width):
    return (table - centre) / np.where(width == 0, 1.0, width)


@preparing.reference
def prepare(train, other):
    middle = np.nanmedian(train, axis=0)
    known = fill(train, middle)
    return scale(fill(other, middle), known.mean(axis=0), known.std(axis=0))


@preparing.alternative
def prepare_by_column(train, other):
    columns = []
    for past, new in zip(train.T, other.T, strict=True):
        typical = np.median(past[past == past])
        past = np.nan_to_num(past, nan=typical)
        centred = np.nan_to_num(new, nan=typical) - past.mean()
        columns.append(centred / past.std() if past.std() > 0 else centred)
    return np.array(columns).T


@preparing.cases
def cases(rng):
    def table(rows):  # columns of very different size, none of them symmetric
        return np.round(rng.gamma(2.0, [0.03, 40.0, 900.0], size=(rows, 3)), 3) + [1, 20, 500]

    missing_train, missing_other = table(7), table(4)
    missing_train[[0, 3], [1, 2]] = np.nan
    missing_other[1, 1] = missing_other[2, 2] = np.nan
    constant_train, constant_other = table(5), table(3)
    constant_train[:, 1] = 60.0
    constant_other[:, 1] = [60.0, 60.0, 75.0]
    return [
        Case("no value missing", (table(6), table(3))),
        Case("missing values", (missing_train, missing_other)),
        Case("a column that never changes", (constant_train, constant_other)),
    ]


@preparing.mistake(
    "You took median, mean and deviation from the table that is being prepared; take them from "
    "train, or a single new application has nothing to be compared with."
)
def statistics_of_other(train, other):
    return prepare(other, other)


@preparing.mistake(
    "You took the statistics from both tables together, so the new rows leak into what should be "
    "known before they come: use train alone."
)
def statistics_of_both(train, other):
    return prepare(np.concatenate([train, other]), other)


@preparing.mistake(
    "You filled the gaps with 0, and an unknown income is not an income of 0: fill with the "
    "column's median in train."
)
def filled_with_zero(train, other):
    return prepare(fill(train, 0.0), fill(other, 0.0))


@preparing.mistake(
    "You filled the gaps with the mean, which a few very large incomes pull up: the median is "
    "asked for."
)
def filled_with_the_mean(train, other):
    mean = np.nanmean(train, axis=0)
    return prepare(fill(train, mean), fill(other, mean))


@preparing.mistake(
    "You filled all gaps with one median of the whole table: each column has its own, "
    "np.nanmedian(train, axis=0)."
)
def one_median_for_all(train, other):
    return prepare(fill(train, np.nanmedian(train)), fill(other, np.nanmedian(train)))


@preparing.mistake(
    "You scaled first and then put 0 into the gaps, which is the mean and not the median, and the "
    "deviation never saw the filled values: fill first, then scale."
)
def filled_after_scaling(train, other):
    return fill(scale(other, np.nanmean(train, axis=0), np.nanstd(train, axis=0)), 0.0)


@preparing.mistake(
    "You divided by the variance, whose unit is the column's unit squared: divide by its square "
    "root, the standard deviation."
)
def divided_by_the_variance(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    filled = fill(other, np.nanmedian(train, axis=0))
    return scale(filled, known.mean(axis=0), known.var(axis=0))


@preparing.mistake(
    "Your columns have mean 0, but still their old sizes: divide each one by its standard "
    "deviation in train."
)
def only_shifted(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    return fill(other, np.nanmedian(train, axis=0)) - known.mean(axis=0)


@preparing.mistake(
    "Your deviation divides by n - 1 (torch's default): this one divides by n, as NumPy's std does."
)
def n_minus_1(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    filled = fill(other, np.nanmedian(train, axis=0))
    return scale(filled, known.mean(axis=0), known.std(axis=0, ddof=1))


@preparing.mistake(
    "Right, except for a column that never changes: its deviation is 0, and dividing by it gives "
    "nan or inf, so divide by 1 there."
)
def zero_by_zero(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    with np.errstate(all="ignore"):
        return (fill(other, np.nanmedian(train, axis=0)) - known.mean(0)) / known.std(0)


@preparing.mistake(
    "Right, except for a column that never changes: with a tiny number added to its deviation of "
    "0, a small change becomes a billion; divide by 1 there."
)
def a_tiny_number_added(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    filled = fill(other, np.nanmedian(train, axis=0))
    return (filled - known.mean(axis=0)) / (known.std(axis=0) + 1e-8)


@preparing.mistake(
    "Right, except for a column that never changes in train: it is shifted and divided by 1, not "
    "replaced by 0, because other may hold something else there."
)
def constant_column_erased(train, other):
    constant = np.nanstd(train, axis=0) == 0
    return np.where(constant, 0.0, prepare(train, other))


@preparing.mistake("You prepared train itself: other is to be prepared, with what train says.")
def train_returned(train, other):
    return prepare(train, train)


@preparing.mistake(
    "You filled the gaps of other with its own medians: use those of train for both tables."
)
def gaps_of_other_filled_from_other(train, other):
    return prepare(train, fill(other, np.nanmedian(other, axis=0)))


@preparing.mistake(
    "You scaled each column to run from 0 to 1: mean 0 and deviation 1 are asked for."
)
def from_0_to_1(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    filled = fill(other, np.nanmedian(train, axis=0))
    return scale(filled, known.min(axis=0), np.ptp(known, axis=0))


@preparing.mistake(
    "You computed the statistics from filled values, but the gaps of other are still nan: fill "
    "both tables."
)
def gaps_left(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    return scale(other, known.mean(axis=0), known.std(axis=0))


@preparing.mistake(
    "One nan makes the whole column's mean nan: fill the gaps before you take mean and deviation."
)
def nan_in_the_statistics(train, other):
    with np.errstate(all="ignore"):
        return (other - train.mean(axis=0)) / train.std(axis=0)


@preparing.mistake(
    "You filled other with the right medians, but mean and deviation come from train with its "
    "gaps (nanmean, nanstd): fill train first, and take both from the filled table."
)
def statistics_of_what_is_not_filled(train, other):
    filled = fill(other, np.nanmedian(train, axis=0))
    return scale(filled, np.nanmean(train, axis=0), np.nanstd(train, axis=0))


@preparing.mistake(
    "You left the rows of train that have a gap out of mean and deviation, and with them what is "
    "known in their other columns: fill them, and keep them."
)
def rows_dropped(train, other):
    complete = train[~np.isnan(train).any(axis=1)]
    filled = fill(other, np.nanmedian(train, axis=0))
    return scale(filled, complete.mean(axis=0), complete.std(axis=0))


@preparing.mistake(
    "np.median of a column with a gap is nan, so you filled nan with nan: np.nanmedian ignores "
    "the gaps."
)
def median_of_a_column_with_gaps(train, other):
    middle = np.median(train, axis=0)
    known = fill(train, middle)
    return scale(fill(other, middle), known.mean(axis=0), known.std(axis=0))


@preparing.mistake(
    "Division goes before subtraction: you took mean / std away from other, so put other - mean "
    "into parentheses."
)
def parentheses_forgotten(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    filled = fill(other, np.nanmedian(train, axis=0))
    return filled - scale(known.mean(axis=0), 0.0, known.std(axis=0))


@preparing.mistake(
    "The gaps are filled, but the columns are not scaled yet: subtract the mean of the filled "
    "train, and divide by its deviation."
)
def filled_only(train, other):
    return fill(other, np.nanmedian(train, axis=0))


@preparing.mistake(
    "Right, except for a column that never changes: nan_to_num makes 0 of 0 / 0, but of 15 / 0 a "
    "number with 308 digits; set a deviation of 0 to 1 before you divide."
)
def patched_at_the_end(train, other):
    return np.nan_to_num(zero_by_zero(train, other))


@preparing.mistake(
    "Only a deviation of exactly 0 is replaced by 1; yours is also replaced where it is just "
    "small, and such a column hardly counts then."
)
def small_deviations_left_out(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    filled = fill(other, np.nanmedian(train, axis=0))
    return (filled - known.mean(axis=0)) / np.maximum(known.std(axis=0), 1.0)


@preparing.mistake(
    "You prepared train with what other says: it is the other way round, prepare(train, other) "
    "returns as many rows as other has."
)
def tables_exchanged(train, other):
    return prepare(other, train)


@preparing.mistake("You returned two tables: only other is asked for.")
def both_tables(train, other):
    return prepare(train, train), prepare(train, other)


broadcasting = preparing.group("Broadcasting", read="lesson.ipynb#Broadcasting")


@broadcasting.mistake(
    "You used one mean and one deviation for the whole table, but age and income live on "
    "different scales: each column needs its own, so say axis=0."
)
def one_mean_for_all(train, other):
    known = fill(train, np.nanmedian(train, axis=0))
    return scale(fill(other, np.nanmedian(train, axis=0)), known.mean(), known.std())


@broadcasting.mistake(
    "If the message above speaks of shapes: the usual reason is axis=1, which gives one number "
    "for each row. The axis that you name goes away, so axis=0 leaves one for each column."
)
def along_the_rows(train, other):
    middle = np.nanmedian(train, axis=1)
    known = fill(train, middle)
    return scale(fill(other, middle), known.mean(axis=1), known.std(axis=1))


views = preparing.group("Views and copies", read="lesson.ipynb#Views-and-copies")


@views.mistake(
    "The numbers are right, but you wrote them into the table that was given, so its owner finds "
    "other values in it: work on a new array."
)
def written_into_the_input(train, other):
    other[:] = prepare(train, other)
    return other


preparing.hints(
    "Which of the numbers that you need are known before `other` arrives?",
    "np.nanmedian ignores the gaps; with axis=0 it gives one number for each column, and np.where "
    "puts it where np.isnan says so. Then mean and deviation of the filled train.",
    "Fill train and other with the medians of train; take mean and std of the filled train along "
    "axis 0; replace a std of 0 by 1; subtract and divide the filled other.",
)
