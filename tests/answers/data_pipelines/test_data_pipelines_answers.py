"""Answers to basics/02_data_pipelines, and the parts that each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import numpy as np
import pytest
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "02_data_pipelines")


# --- Impute by group, with indicators -----------------------------------------------------------


def filled(train, other, train_groups, other_groups, middle=np.nanmedian, of_all=None):
    """Fill with a statistic of the group, of all rows, or with 0."""
    result = other.copy()
    for row, column in np.argwhere(np.isnan(other)):
        values = train[:, column]
        own = values[train_groups == other_groups[row]]
        if not np.isnan(own).all():
            result[row, column] = middle(own)
        elif not np.isnan(values).all():
            result[row, column] = (of_all or middle)(values)
        else:
            result[row, column] = 0
    return np.hstack([result, np.isnan(other)])


@TABLE.answer("impute")
def with_nanmedian(train, other, train_groups, other_groups):
    return filled(train, other, train_groups, other_groups)


@TABLE.answer("impute")
def with_sorted_values(train, other, train_groups, other_groups):
    def middle(values):
        known = sorted(v for v in values.tolist() if v == v)
        half = len(known) // 2
        return known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2

    return filled(train, other, train_groups, other_groups, middle)


@TABLE.answer("impute")
def in_single_precision(train, other, train_groups, other_groups):
    return filled(train, other, train_groups, other_groups).astype(np.float32)


GAPS = {"missing values", "a group without values", "a column without values"}


@TABLE.answer("impute", loses={"a group without values"})
def mean_of_all_as_fallback(train, other, train_groups, other_groups):
    return filled(train, other, train_groups, other_groups, of_all=np.nanmean)


@TABLE.answer("impute", loses={"missing values"})
def lower_median(train, other, train_groups, other_groups):
    def lower(values):
        known = np.sort(values[~np.isnan(values)])
        return known[(len(known) - 1) // 2]

    return filled(train, other, train_groups, other_groups, lower, np.nanmedian)


@TABLE.answer("impute", loses=TABLE.parts("impute"))
def one_indicator_a_row(train, other, train_groups, other_groups):
    right = filled(train, other, train_groups, other_groups)[:, : other.shape[1]]
    return np.column_stack([right, np.isnan(other).any(axis=1), np.isnan(other).all(axis=1)])[
        :, :-1
    ]


@TABLE.answer("impute", loses=TABLE.parts("impute"))
def indicators_beside_their_columns(train, other, train_groups, other_groups):
    right = filled(train, other, train_groups, other_groups)
    columns = other.shape[1]
    order = [place for column in range(columns) for place in (column, columns + column)]
    result = right[:, order]
    return result if columns > 1 else result + 0.5


@TABLE.answer("impute", loses=GAPS)
def filled_in_place(train, other, train_groups, other_groups):
    right = filled(train, other, train_groups, other_groups)
    other[...] = right[:, : other.shape[1]]
    return right


@TABLE.answer("impute", loses={"a column without values"})
def nothing_known_stays_blank(train, other, train_groups, other_groups):
    right = filled(train, other, train_groups, other_groups)
    for column in np.flatnonzero(np.isnan(train).all(axis=0)):
        right[np.isnan(other[:, column]), column] = np.nan
    return right


# --- One-hot encoding, rare and unseen ----------------------------------------------------------


def hot(train, other, min_count, *, names=None):
    values, counts = np.unique(train, return_counts=True)
    common = names or [v for v, n in zip(values.tolist(), counts, strict=True) if n >= min_count]
    common = [value for value in common if value]
    table = np.zeros((len(other), len(common) + 1))
    for place, value in enumerate(common):
        table[other == value, place] = 1
    table[:, -1] = (table.sum(axis=1) == 0) & (other != "")
    return [*common, "rare"], table


@TABLE.answer("one_hot")
def by_remainder(train, other, min_count):
    return hot(train, other, min_count)


@TABLE.answer("one_hot")
def by_identity(train, other, min_count):
    names, table = hot(train, other, min_count)
    rows = np.vstack([np.eye(len(names)), np.zeros(len(names))])
    places = [int(row.argmax()) if row.any() else len(names) for row in table]
    return names, rows[places]


@TABLE.answer("one_hot")
def names_of_numpy(train, other, min_count):
    names, table = hot(train, other, min_count)
    return [np.str_(name) for name in names], table


@TABLE.answer(
    "one_hot",
    loses={"all are common", "rare ones", "missing values", "unseen ones", "not in other"},
)
def whole_numbers(train, other, min_count):
    names, table = hot(train, other, min_count)
    return names, table.astype(int)


@TABLE.answer("one_hot", loses=TABLE.parts("one_hot"))
def rare_first(train, other, min_count):
    names, table = hot(train, other, min_count)
    return ["rare", *names[:-1]], np.roll(table, 1, axis=1) + (0 if len(names) > 1 else 1)


@TABLE.answer("one_hot", loses={"all are common", "unseen ones", "missing values", "not in other"})
def only_categories_of_other(train, other, min_count):
    names, _ = hot(train, other, min_count)
    kept = [name for name in names[:-1] if name in other]
    return hot(train, other, 0, names=kept) if kept else (["rare"], hot(train, other, 99)[1])


@TABLE.answer("one_hot", loses={"all are common", "unseen ones"})
def capitals_repaired(train, other, min_count):
    return hot(np.char.lower(train), np.char.lower(other), min_count)


@TABLE.answer("one_hot", loses=TABLE.parts("one_hot"))
def transposed_table(train, other, min_count):
    names, table = hot(train, other, min_count)
    return names, table.T


@TABLE.answer("one_hot", loses=TABLE.parts("one_hot"))
def array_of_names(train, other, min_count):
    names, table = hot(train, other, min_count)
    return np.array(names), table


@TABLE.answer("one_hot", loses={"missing values"})
def blanks_count_as_rows(train, other, min_count):
    names, table = hot(train, other, min_count)
    if (train == "").sum() >= 2:
        table[other == "", -1] = 1
    return names, table


# --- No customer on both sides ------------------------------------------------------------------


@TABLE.answer("group_split")
def with_a_while(groups, order, test_rows):
    taken = set()
    while sum(group in taken for group in groups.tolist()) < test_rows and len(taken) < len(order):
        taken.add(order[len(taken)])
    return np.array([group in taken for group in groups.tolist()])


@TABLE.answer("group_split")
def by_rank(groups, order, test_rows):
    rank = np.array([order.index(group) for group in groups.tolist()])
    before = np.array([(rank < r).sum() for r in rank])
    return before < test_rows


@TABLE.answer("group_split")
def with_isin(groups, order, test_rows):
    for number in range(len(order) + 1):
        mask = np.isin(groups, order[:number]) if number else np.zeros(len(groups), bool)
        if mask.sum() >= test_rows:
            break
    return mask


@TABLE.answer("group_split", loses=TABLE.parts("group_split"))
def mask_of_numbers(groups, order, test_rows):
    return by_rank(groups, order, test_rows).astype(int)


@TABLE.answer("group_split", loses=TABLE.parts("group_split"))
def mask_in_a_list(groups, order, test_rows):
    return by_rank(groups, order, test_rows).tolist()


@TABLE.answer("group_split", loses=TABLE.parts("group_split"))
def both_masks(groups, order, test_rows):
    mask = by_rank(groups, order, test_rows)
    return ~mask, mask


@TABLE.answer("group_split", loses={"nobody, or everybody"})
def at_least_one_group(groups, order, test_rows):
    return by_rank(groups, order, max(test_rows, 1))


@TABLE.answer("group_split", loses={"one row each"})
def never_everybody(groups, order, test_rows):
    return by_rank(groups, order, min(test_rows, len(groups) - 1))


@TABLE.answer("group_split", loses={"larger groups", "a group without rows"})
def nearest_size(groups, order, test_rows):
    """Stop where the test set is nearest to test_rows, as some libraries do."""
    masks = [np.isin(groups, order[:n]) for n in range(len(order) + 1)]
    if test_rows == 0 or test_rows > len(groups):
        return by_rank(groups, order, test_rows)
    return min(masks, key=lambda mask: (abs(mask.sum() - test_rows), mask.sum()))


# --- Train on what was known --------------------------------------------------------------------


def walked(days, start, length, folds, known, tested=None):
    tested = tested or (lambda now: (days >= now) & (days < now + length))
    firsts = [start + fold * length for fold in range(folds)]
    return [(np.flatnonzero(known(now)), np.flatnonzero(tested(now))) for now in firsts]


@TABLE.answer("time_split")
def with_a_clamped_delay(days, start, length, folds, delay=0):
    return walked(days, start, length, folds, lambda now: days <= now - max(delay, 1))


@TABLE.answer("time_split")
def with_sets(days, start, length, folds, delay=0):
    pairs = []
    for now in range(start, start + length * folds, length):
        test = {i for i, day in enumerate(days) if now <= day < now + length}
        train = {i for i, day in enumerate(days) if day + delay <= now} - test
        pairs.append(tuple(np.array(sorted(rows), dtype=np.int32) for rows in (train, test)))
    return pairs


@TABLE.answer("time_split")
def with_where(days, start, length, folds, delay=0):
    return [
        (
            np.where((days < now) & (days <= now - delay))[0],
            np.where((days - now >= 0) & (days - now < length))[0],
        )
        for now in start + length * np.arange(folds)
    ]


@TABLE.answer("time_split", loses=TABLE.parts("time_split"))
def pairs_of_lists(days, start, length, folds, delay=0):
    pairs = with_where(days, start, length, folds, delay)
    return [(train.tolist(), test.tolist()) for train, test in pairs]


@TABLE.answer("time_split", loses=TABLE.parts("time_split"))
def masks(days, start, length, folds, delay=0):
    pairs = with_where(days, start, length, folds, delay)
    return [tuple(np.isin(np.arange(len(days)), rows) for rows in pair) for pair in pairs]


@TABLE.answer("time_split", loses=TABLE.parts("time_split"))
def rows_to_test_first(days, start, length, folds, delay=0):
    return [(test, train) for train, test in with_where(days, start, length, folds, delay)]


@TABLE.answer("time_split", loses={"several folds", "delayed labels", "from day 0", "empty sets"})
def sliding_window(days, start, length, folds, delay=0):
    """Learn from the last few days only."""
    reach = start + 1
    return walked(
        days,
        start,
        length,
        folds,
        lambda now: (days <= now - max(delay, 1)) & (days > now - reach),
    )


@TABLE.answer("time_split", loses={"delayed labels", "from day 0", "empty sets"})
def delay_of_a_day(days, start, length, folds, delay=0):
    return walked(days, start, length, folds, lambda now: days <= now - min(max(delay, 1), 1))


@TABLE.answer("time_split", loses=TABLE.parts("time_split") - {"empty sets"})
def in_order_of_the_days(days, start, length, folds, delay=0):
    pairs = with_where(days, start, length, folds, delay)
    return [tuple(rows[np.argsort(days[rows], kind="stable")] for rows in pair) for pair in pairs]


# --- The lesson's small exercises and predictions -----------------------------------------------


@TABLE.answer("to_numbers")
def with_a_comprehension(texts, blanks):
    return np.array([np.nan if t in set(blanks) else float(t) for t in texts])


@TABLE.answer("to_numbers", loses={"blanks"})
def nan_only_for_empty_texts(texts, blanks):
    return np.array([float(t) if t not in blanks else (np.nan if t == "" else 0.0) for t in texts])


@TABLE.answer("hash_split", loses=TABLE.parts("hash_split"))
def a_list_of_customers(customers, percent):
    mask = TABLE.exercises["hash_split"].reference(customers, percent)
    return customers[mask]


TABLE.prediction("predicted_both", "c", right=True)
TABLE.prediction("predicted_both", "a", right=False)
TABLE.prediction("predicted_scaling", "c", right=True)
TABLE.prediction("predicted_scaling", "b", right=False)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
