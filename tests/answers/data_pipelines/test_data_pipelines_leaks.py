"""Answers to basics/02_data_pipelines about leaks and decisions, and the parts that each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from answer_table import AnswerTable
from conftest import CLONE
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lepton_course import load_dataset
from lepton_course.datasets.catalogue import CREDIT
from lepton_course.datasets.soiled import MONEY, SYNONYMS

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


# --- From the raw table to a decision -----------------------------------------------------------

DECIDE = TABLE.exercises["decide"].reference
UNITS, BLANKS, SPELLING = ("money in single units", "disguised missing values", "other spellings")
RULES = "each rule of the schema"
SENIORITY, AGE, AMOUNT = map([*CREDIT.numbers].index, ("seniority", "age", "amount"))
IS_MONEY = np.isin([*CREDIT.numbers], MONEY)


@cache
def _scorer():
    """Return a logistic regression on plain numbers, without logarithms."""
    train = load_dataset("credit").train
    words = np.stack([train.column(name) for name in CREDIT.categories], axis=1)
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = make_column_transformer(
        (numbers, slice(0, 9)), (OneHotEncoder(handle_unknown="ignore"), slice(9, 13))
    )
    scorer = make_pipeline(columns, LogisticRegression(max_iter=1000))
    return scorer.fit(_side_by_side(train.numbers.astype(float), words), train.labels)


def _side_by_side(numbers, words):
    return np.hstack([numbers.astype(object), words.astype(object)])


def _with_another_model(numbers, texts, threshold, units=True):
    impossible = DECIDE(numbers, texts) == 2
    known = np.where(numbers == -9999, np.nan, numbers)
    single = units & (np.abs(known[:, AMOUNT]) > 20_000)
    known[np.ix_(single, IS_MONEY)] /= 1000
    lowered = np.char.lower(np.char.strip(texts))
    meant = {v.strip().lower(): word for word, others in SYNONYMS.items() for v in others}
    words = np.array([[meant.get(text, text) for text in row] for row in lowered.tolist()])
    chance = _scorer().predict_proba(_side_by_side(known, words))[:, 1]
    return np.where(impossible, 2, (chance > threshold).astype(int))


@TABLE.answer("decide")
def without_logarithms(numbers, texts):
    return _with_another_model(numbers, texts, 0.28)


@TABLE.answer("decide", loses={BLANKS})
def refused_above_a_half(numbers, texts):
    return _with_another_model(numbers, texts, 0.5)


@TABLE.answer("decide")
def short_integers(numbers, texts):
    return DECIDE(numbers, texts).astype(np.int16)


@TABLE.answer("decide")
def one_after_the_other(numbers, texts):
    rows = range(len(numbers))
    return np.array([DECIDE(numbers[i : i + 1], texts[i : i + 1])[0] for i in rows])


@TABLE.answer("decide")
def upper_case_first(numbers, texts):
    return DECIDE(numbers.copy(), np.char.upper(texts))


@TABLE.answer("decide", loses={UNITS})
def units_by_income(numbers, texts):
    """Take rows whose amount is in single units for impossible ones."""
    result = DECIDE(numbers, texts)
    return np.where(np.abs(numbers[:, 7]) > 20_000, 0, result)


@TABLE.answer("decide", loses={UNITS})
def unit_of_the_mean_amount(numbers, texts):
    changed = numbers.copy()
    if np.abs(numbers[:, AMOUNT]).mean() > 20_000:
        changed[:, IS_MONEY] /= 1000
    return DECIDE(changed, texts)


@TABLE.answer("decide", loses={UNITS})
def unit_of_the_median_amount(numbers, texts):
    changed = numbers.copy()
    if np.median(np.abs(numbers[:, AMOUNT])) > 20_000:
        changed[:, IS_MONEY] /= 1000
    return _with_another_model(changed, texts, 0.28, units=False)


@TABLE.answer("decide", loses={UNITS})
def unit_of_the_first_row(numbers, texts):
    changed = numbers.copy()
    if abs(numbers[0, AMOUNT]) > 20_000:
        changed[:, IS_MONEY] /= 1000
    return _with_another_model(changed, texts, 0.28, units=False)


@TABLE.answer("decide", loses={BLANKS})
def blanks_set_aside(numbers, texts):
    return np.where((numbers == -9999).any(axis=1), 2, DECIDE(numbers, texts))


@TABLE.answer("decide", loses={SPELLING})
def lower_case_without_synonyms(numbers, texts):
    """Spaces and capitals are gone, and other words are unknown."""
    known = {value for values in CREDIT.categories.values() for value in values}
    tidy = np.char.lower(np.char.strip(texts))
    return DECIDE(numbers, np.where(np.isin(tidy, list(known)), tidy, "unknown"))


@TABLE.answer("decide", loses={RULES})
def seniority_unchecked(numbers, texts):
    changed = numbers.copy()
    changed[:, SENIORITY] = np.minimum(changed[:, SENIORITY], changed[:, AGE])
    return DECIDE(changed, texts)


@TABLE.answer("decide", loses={RULES})
def as_old_as_senior(numbers, texts):
    return np.where(numbers[:, SENIORITY] >= numbers[:, AGE], 2, DECIDE(numbers, texts))


@TABLE.answer("decide", loses={RULES})
def amount_of_zero_allowed(numbers, texts):
    changed = numbers.copy()
    changed[:, AMOUNT] = np.where(changed[:, AMOUNT] == 0, 1, changed[:, AMOUNT])
    return DECIDE(changed, texts)


@TABLE.answer("decide", loses={UNITS, BLANKS, RULES})
def refused_instead_of_set_aside(numbers, texts):
    return np.minimum(DECIDE(numbers, texts), 1)


@TABLE.answer("decide", loses={UNITS, BLANKS, SPELLING, RULES})
def probabilities(numbers, texts):
    return DECIDE(numbers, texts).astype(float)


@TABLE.answer("decide", loses={UNITS, BLANKS, SPELLING})
def nothing_refused(numbers, texts):
    result = DECIDE(numbers, texts)
    return np.where(result == 1, 0, result)


@TABLE.answer("decide", loses={UNITS, BLANKS, SPELLING, RULES})
def everything_in_columns(numbers, texts):
    return DECIDE(numbers, texts)[:, None]


@TABLE.answer("find_leak", loses=TABLE.parts("find_leak"))
def no_column(table, labels, threshold):
    return []


@TABLE.answer("find_leak", loses=TABLE.parts("find_leak"))
def every_column(table, labels, threshold):
    return list(range(table.shape[1]))


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
