"""Answers to basics/02_data_pipelines about leaks, and the parts that each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import numpy as np
import pytest
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "02_data_pipelines")


# --- Find the leak ------------------------------------------------------------------------------


def strongest(table, labels, threshold, score):
    scores = [score(column, labels == 1) for column in table.T]
    order = sorted(range(len(scores)), key=lambda c: (-scores[c], c))
    return [c for c in order if scores[c] >= threshold]


def gap(rule, bad):
    return abs(rule[bad].mean() - rule[~bad].mean())


@TABLE.answer("find_leak")
def with_infinity_for_blanks(table, labels, threshold):
    def score(column, bad):
        low = np.nan_to_num(column, nan=-np.inf)
        return max(gap(np.isnan(column), bad), *(gap(low > t, bad) for t in low))

    return strongest(table, labels, threshold, score)


@TABLE.answer("find_leak")
def by_a_comparison_table(table, labels, threshold):
    def score(column, bad):
        rules = np.vstack([column[None, :] > column[:, None], np.isnan(column)])
        return np.abs(rules[:, bad].mean(axis=1) - rules[:, ~bad].mean(axis=1)).max()

    return strongest(table, labels, threshold, score)


@TABLE.answer("find_leak")
def with_at_most(table, labels, threshold):
    """The rule "at most t or blank" is the opposite of "above t", so its gap is the same."""

    def score(column, bad):
        blank = np.isnan(column)
        return max(gap(blank, bad), *(gap((column <= t) | blank, bad) for t in column))

    return strongest(table, labels, threshold, score)


@TABLE.answer("find_leak", loses=TABLE.parts("find_leak"))
def scores_beside_columns(table, labels, threshold):
    return [(c, threshold) for c in with_at_most(table, labels, threshold)]


@TABLE.answer("find_leak", loses={"several, strongest first", "all columns, or none"})
def later_column_first_where_equal(table, labels, threshold):
    def score(column, bad):
        return max(gap(np.isnan(column), bad), *(gap(column > t, bad) for t in column))

    scores = [score(column, labels == 1) for column in table.T]
    order = sorted(range(len(scores)), key=lambda c: (-scores[c], -c))
    return [c for c in order if scores[c] >= threshold]


@TABLE.answer("find_leak", loses={"missingness tells"})
def blank_rule_forgotten(table, labels, threshold):
    def score(column, bad):
        return max(gap(column > t, bad) for t in np.append(column[~np.isnan(column)], np.inf))

    return strongest(table, labels, threshold, score)


@TABLE.answer("find_leak", loses={"missingness tells", "missing counts as not above"})
def blanks_filled_with_the_median(table, labels, threshold):
    middle = [np.median(c[~np.isnan(c)]) if not np.isnan(c).all() else 0.0 for c in table.T]
    return with_at_most(np.where(np.isnan(table), middle, table), labels, threshold)


@TABLE.answer("find_leak", loses={"missing counts as not above"})
def missing_as_zero(table, labels, threshold):
    """Above every negative t, then."""

    def score(column, bad):
        filled = np.nan_to_num(column)
        return max(gap(np.isnan(column), bad), *(gap(filled > t, bad) for t in filled))

    return strongest(table, labels, threshold, score)


@TABLE.answer("find_leak", loses=TABLE.parts("find_leak"))
def mask_of_columns(table, labels, threshold):
    found = with_at_most(table, labels, threshold)
    return [c in found for c in range(table.shape[1])] if found else []


@TABLE.answer("find_leak", loses=TABLE.parts("find_leak"))
def floats(table, labels, threshold):
    return [c + 0.5 for c in with_at_most(table, labels, threshold)]


# --- Repair a leaking script --------------------------------------------------------------------


def crossed(x, y, customers, folds, keep, *, scale=True, nearest=True, shrink=0.0, floor=1.0):
    names = sorted(set(customers.tolist()))
    fold_of = np.array([names.index(c) % folds for c in customers.tolist()])
    result = np.empty(len(x), dtype=int)
    for row in range(len(x)):
        past = fold_of != fold_of[row]
        width = x[past].std(axis=0) if scale else np.ones(x.shape[1])
        width = np.where(width == 0, floor, width)
        centres = np.array([x[past & (y == k)].mean(axis=0) for k in (0, 1)]) / width
        order = np.argsort(-abs(centres[1] - centres[0]), kind="stable")[:keep]
        far = ((x[row] / width - centres) ** 2)[:, order].sum(axis=1) + [0.0, shrink]
        result[row] = far[1] < far[0] if nearest else far[1] > far[0]
    return result


@TABLE.answer("out_of_fold")
def row_after_row(x, y, customers, folds, keep):
    return crossed(x, y, customers, folds, keep)


@TABLE.answer("out_of_fold")
def eight_bits(x, y, customers, folds, keep):
    return crossed(x, y, customers, folds, keep).astype(np.int8)


@TABLE.answer("out_of_fold")
def by_projection(x, y, customers, folds, keep):
    """Nearer to a centre: beyond the middle on the line between both."""
    _, owner = np.unique(customers, return_inverse=True)
    result = np.zeros(len(x), dtype=int)
    for fold in range(folds):
        past = owner % folds != fold
        width = x[past].std(axis=0)
        width[width == 0] = 1.0
        z = (x - x[past].mean(axis=0)) / width
        zero, one = (z[past & (y == k)].mean(axis=0) for k in (0, 1))
        line = one - zero
        kept = np.argsort(-abs(line), kind="stable")[:keep]
        beyond = (z - (zero + one) / 2)[:, kept] @ line[kept] > 1e-12
        result[~past] = beyond[~past]
    return result


@TABLE.answer("out_of_fold", loses={"a column that hardly changes"})
def tiny_deviation_for_none(x, y, customers, folds, keep):
    return crossed(x, y, customers, folds, keep, floor=1e-9)


@TABLE.answer("out_of_fold", loses=TABLE.parts("out_of_fold"))
def predictions_by_fold(x, y, customers, folds, keep):
    right = crossed(x, y, customers, folds, keep)
    _, owner = np.unique(customers, return_inverse=True)
    return [right[owner % folds == fold] for fold in range(folds)]


@TABLE.answer("out_of_fold", loses=TABLE.parts("out_of_fold"))
def a_column_of_labels(x, y, customers, folds, keep):
    return crossed(x, y, customers, folds, keep)[:, None]


@TABLE.answer("out_of_fold", loses=TABLE.parts("out_of_fold"))
def the_farther_centre(x, y, customers, folds, keep):
    result = crossed(x, y, customers, folds, keep, nearest=False)
    return result if np.ptp(x, axis=0).any() else 1 - result


@TABLE.answer("out_of_fold", loses=TABLE.parts("out_of_fold"))
def mask_of_labels(x, y, customers, folds, keep):
    return crossed(x, y, customers, folds, keep) == 1


@TABLE.answer("out_of_fold", loses=TABLE.parts("out_of_fold"))
def always_zero(x, y, customers, folds, keep):
    return np.zeros(len(x), dtype=int)


@TABLE.answer("out_of_fold", loses=TABLE.parts("out_of_fold"))
def the_true_labels(x, y, customers, folds, keep):
    return y + 1


@TABLE.answer("find_leak", loses=TABLE.parts("find_leak"))
def no_column(table, labels, threshold):
    return []


@TABLE.answer("find_leak", loses=TABLE.parts("find_leak"))
def every_column(table, labels, threshold):
    return list(range(table.shape[1]))


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
