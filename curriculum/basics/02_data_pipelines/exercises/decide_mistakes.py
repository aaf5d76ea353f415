"""More mistakes of the exercise `decide`."""

from __future__ import annotations

import numpy as np

from lepton_course.datasets.catalogue import CREDIT

from .decide import aside, deciding
from .decide_units import cleaning
from .mending import (
    AGE,
    AMOUNT,
    ASIDE,
    BLANK,
    CATEGORIES,
    SENIORITY,
    TIME,
    canonical,
    decide_with,
    in_thousands,
    is_impossible,
    logits_of,
)

HOME = CATEGORIES.index("home")


def _ranked(numbers, texts, limit_of):
    """Refuse rows whose probability is above a limit found in their own call."""
    known = np.where(numbers == BLANK, np.nan, numbers)
    chance = 1 / (1 + np.exp(-logits_of(in_thousands(known), canonical(texts))))
    return np.where(is_impossible(known), ASIDE, chance > limit_of(chance)).astype(int)


def _with_rare_homes(words):
    """Count unknown homes as rare ones, of which the training set has few, mostly bad loans."""
    result = words.astype(object)
    result[~np.isin(words[:, HOME], [*CREDIT.categories["home"], ""]), HOME] = "ignore"
    return result


def _allowed(numbers, texts, place, values):
    """Decide as if these values of a column, which violate the schema, did not."""
    right = decide_with(numbers, texts)
    usual = 40.0 if place == AGE else 48.0 if place == TIME else 1000.0
    mended = numbers.copy()
    mended[:, place] = np.where(values, usual, numbers[:, place])
    return np.where(values, decide_with(mended, texts), right)


@cleaning.mistake(
    "Where values are missing, too few decisions are right, as happens when 0 is filled in for "
    "each of them: fill in medians of the training rows."
)
def zeros_for_missing(numbers, texts):
    return decide_with(np.where(np.isnan(numbers) | (numbers == BLANK), 0.0, numbers), texts)


@cleaning.mistake(
    "Where a column is missing in all rows of a call, too few decisions are right, as happens when "
    "missing values are filled with the call's own medians: use those of the training rows."
)
def medians_of_the_call(numbers, texts):
    known = in_thousands(np.where(numbers == BLANK, np.nan, numbers))
    medians = [np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in known.T]
    return decide_with(np.where(np.isnan(known), medians, known), texts, units=False)


@cleaning.mistake(
    "Rows with missing values are set aside: only a violation of the schema is; fill in medians of "
    "the training rows."
)
def blanks_set_aside(numbers, texts):
    blank = (np.isnan(numbers) | (numbers == BLANK)).any(axis=1)
    return np.where(blank, ASIDE, decide_with(numbers, texts))


@cleaning.mistake(
    "Nearly all rows with missing values are refused: a missing value says little about a loan; "
    "fill in medians of the training rows, and let the model decide."
)
def blanks_refused(numbers, texts):
    blank = (np.isnan(numbers) | (numbers == BLANK)).any(axis=1)
    result = decide_with(numbers, texts)
    return np.where(blank & (result != ASIDE), 1, result)


@cleaning.mistake(
    "Rows with other spellings are set aside: a spelling violates no rule of the schema; look up "
    "the word that it stands for."
)
def spellings_set_aside(numbers, texts):
    odd = (canonical(texts) != texts).any(axis=1)
    return np.where(odd, ASIDE, decide_with(numbers, texts))


@cleaning.mistake(
    "Where categories are spelt differently, too few decisions are right, as happens when other "
    "spellings count as unknown words: strip spaces, convert to lower case, and look up the "
    "synonyms."
)
def spellings_unknown(numbers, texts):
    return decide_with(numbers, _with_rare_homes(texts), spelling=False)


@cleaning.mistake(
    "Where categories are spelt differently, too few decisions are right, as happens when words "
    "are only stripped and converted to lower case: look up the synonyms, too."
)
def lower_case_alone(numbers, texts):
    words = np.char.lower(np.char.strip(texts))
    return decide_with(numbers, _with_rare_homes(words), spelling=False)


@cleaning.mistake(
    "Where spellings differ by a space, too few decisions are right, as happens when spaces are "
    "not stripped: strip each word before you look it up."
)
def spaces_kept(numbers, texts):
    stripped = texts == np.char.strip(texts)
    words = np.where(stripped, canonical(texts), texts)
    return decide_with(numbers, _with_rare_homes(words), spelling=False)


@cleaning.mistake(
    "Where a call holds good loans, too many are refused, as happens with a threshold far below "
    "0.28, or with one of 0.28 for a model with balanced classes, which needs 0.5."
)
def refused_too_early(numbers, texts):
    return decide_with(numbers, texts, threshold=0.14)


@cleaning.mistake(
    "Half of each call is refused, be its loans good or bad, as happens when applicants are ranked "
    "within their call: compare each probability with the same threshold."
)
def upper_half_refused(numbers, texts):
    return _ranked(numbers, texts, np.median)


@cleaning.mistake(
    "Where a call holds loans of one kind, too few decisions are right, as happens when each "
    "probability is compared with the call's mean: compare it with a threshold that stays the same."
)
def above_the_mean_refused(numbers, texts):
    return _ranked(numbers, texts, np.mean)


@deciding.mistake(
    "Where a call holds bad loans, three quarters of them are granted, as happens when the upper "
    "quarter of each call is refused: compare each probability with the same threshold."
)
def upper_quarter_refused(numbers, texts):
    return _ranked(numbers, texts, lambda chance: np.quantile(chance, 0.72))


@aside.mistake("An age of exactly 18 is set aside: ages from 18 to 100 are allowed, both included.")
def youngest_set_aside(numbers, texts):
    return np.where(numbers[:, AGE] == 18, ASIDE, decide_with(numbers, texts))


@aside.mistake(
    "An age of exactly 100 is set aside: ages from 18 to 100 are allowed, both included."
)
def oldest_set_aside(numbers, texts):
    return np.where(numbers[:, AGE] == 100, ASIDE, decide_with(numbers, texts))


@aside.mistake(
    "A time of exactly 1 month is set aside: times from 1 to 120 are allowed, both included."
)
def shortest_set_aside(numbers, texts):
    return np.where(numbers[:, TIME] == 1, ASIDE, decide_with(numbers, texts))


@aside.mistake(
    "A time of exactly 120 months is set aside: times from 1 to 120 are allowed, both included."
)
def longest_set_aside(numbers, texts):
    return np.where(numbers[:, TIME] == 120, ASIDE, decide_with(numbers, texts))


@aside.mistake(
    "A seniority equal to the age is set aside: only one above the age violates the schema."
)
def seniority_of_the_age_set_aside(numbers, texts):
    return np.where(numbers[:, SENIORITY] == numbers[:, AGE], ASIDE, decide_with(numbers, texts))


@aside.mistake("Ages above 100 are not set aside: an age of 101 or more violates the schema.")
def old_ages_allowed(numbers, texts):
    return _allowed(numbers, texts, AGE, numbers[:, AGE] > 100)


@aside.mistake("Ages below 18 are not set aside: an age of 17 or less violates the schema.")
def young_ages_allowed(numbers, texts):
    return _allowed(numbers, texts, AGE, numbers[:, AGE] < 18)


@aside.mistake("Times above 120 months are not set aside: 121 or more violate the schema.")
def long_times_allowed(numbers, texts):
    return _allowed(numbers, texts, TIME, numbers[:, TIME] > 120)


@aside.mistake("Times below 1 month are not set aside: 0 or less violate the schema.")
def short_times_allowed(numbers, texts):
    return _allowed(numbers, texts, TIME, numbers[:, TIME] < 1)


@aside.mistake(
    "Of the rows with an amount of 0 or below, about half are not set aside: the amount must be "
    "above 0, so neither 0 nor a number below it will do."
)
def negative_amounts_allowed(numbers, texts):
    return _allowed(numbers, texts, AMOUNT, numbers[:, AMOUNT] < 0)


@aside.mistake("Amounts of 0 or less are not set aside: an amount must be above 0.")
def any_amount_allowed(numbers, texts):
    return _allowed(numbers, texts, AMOUNT, numbers[:, AMOUNT] <= 0)
