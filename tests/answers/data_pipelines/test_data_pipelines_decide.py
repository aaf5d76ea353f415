"""Answers to the exercise decide of basics/02_data_pipelines, and the parts that each loses."""

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


def _with_another_model(numbers, texts, threshold, units=True, blank=-9999):
    impossible = DECIDE(numbers, texts) == 2
    known = np.where(numbers == blank, np.nan, numbers)
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


@TABLE.answer("decide", loses={BLANKS, UNITS})
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


@TABLE.answer("decide", loses={UNITS})
def units_in_two_groups(numbers, texts):
    """Split the call in the middle between its smallest and its largest amount."""
    size = np.log1p(np.abs(numbers[:, AMOUNT]))
    changed = np.where(numbers == -9999, np.nan, numbers)
    changed[np.ix_(size > (size.min() + size.max()) / 2, IS_MONEY)] /= 1000
    return np.where(
        DECIDE(numbers, texts) == 2, 2, _with_another_model(changed, texts, 0.28, units=False)
    )


@TABLE.answer("decide", loses={UNITS})
def blanks_divided_as_well(numbers, texts):
    """Convert money first, and look for -9999 afterwards."""
    changed = numbers.copy()
    changed[np.ix_(np.abs(numbers[:, AMOUNT]) > 20_000, IS_MONEY)] /= 1000
    return DECIDE(changed, texts)


@TABLE.answer("decide", loses={RULES})
def only_above_18(numbers, texts):
    return np.where(numbers[:, AGE] <= 18, 2, DECIDE(numbers, texts))


@TABLE.answer("decide", loses={BLANKS, UNITS})
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


@TABLE.answer("decide", loses={BLANKS, UNITS})
def blanks_taken_for_numbers(numbers, texts):
    return _with_another_model(numbers, texts, 0.28, blank=np.inf)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
