"""Mend raw applications, spoil and score them: what the exercise `decide` rests on."""

from __future__ import annotations

import functools

import numpy as np

from lepton_course import load_dataset
from lepton_course.datasets.catalogue import CREDIT
from lepton_course.datasets.soiled import MONEY, SYNONYMS

NUMBERS, CATEGORIES = list(CREDIT.numbers), list(CREDIT.categories)
PLACES = [NUMBERS.index(name) for name in MONEY]
SENIORITY, TIME, AGE, AMOUNT = (NUMBERS.index(n) for n in ("seniority", "time", "age", "amount"))
BLANK = -9999.0
ASIDE = 2
THRESHOLD = 0.29


def decide_with(
    numbers,
    texts,
    *,
    units=True,
    blanks=True,
    spelling=True,
    schema=True,
    own_scale=False,
    threshold=THRESHOLD,
):
    """Return the decisions, int (N,), with steps of cleaning left out where False is given.

    own_scale: scale these numbers by their own means, not by those of the training set.
    threshold: refuse where the probability of a bad loan is above it.
    """
    if blanks:
        numbers = np.where(numbers == BLANK, np.nan, numbers)
    aside = is_impossible(numbers) if schema else np.zeros(len(numbers), dtype=bool)
    if units:
        numbers = in_thousands(numbers)
    words = canonical(texts) if spelling else texts
    refused = logits_of(numbers, words, own_scale) > _logit(threshold)
    return np.where(aside, ASIDE, refused).astype(np.int64)


def in_thousands(numbers):
    """Convert money of the rows whose amount is in single units: thousands never reach 20 000."""
    single = np.abs(numbers[:, AMOUNT]) > 20_000
    result = numbers.copy()
    result[np.ix_(single, PLACES)] /= 1000
    return result


def is_impossible(numbers):
    """Return which rows break the schema, a mask (N,)."""
    age, time = numbers[:, AGE], numbers[:, TIME]
    possible = (age >= 18) & (age <= 100) & (time >= 1) & (time <= 120)
    return ~(possible & (numbers[:, AMOUNT] > 0) & (numbers[:, SENIORITY] <= age))


_MEANING = {
    spelling.strip().lower(): value
    for value, spellings in SYNONYMS.items()
    for spelling in (value, *spellings)
}


def canonical(texts):
    """Return the spellings of the clean table."""
    tidy = [[word.strip().lower() for word in row] for row in texts.tolist()]
    return np.array([[_MEANING.get(word, word) for word in row] for row in tidy])


def _logit(p):
    return np.log(p / (1 - p))


def _features(numbers, words):
    """Return float (N, F): logarithms of the columns, marks of blanks, categories."""
    sized = np.sign(numbers) * np.log1p(np.abs(numbers))
    hot = [
        words[:, place] == value
        for place, name in enumerate(CATEGORIES)
        for value in CREDIT.categories[name]
    ]
    return np.column_stack([sized, np.isnan(numbers), *hot]).astype(float)


@functools.cache
def _model():
    """Fit a ridge logistic regression on the training set by Newton's method."""
    train = load_dataset("credit").train
    words = np.stack([train.column(name) for name in CATEGORIES], axis=1)
    x = _features(train.numbers.astype(float), words)
    medians = np.nanmedian(x, axis=0)
    x = np.where(np.isnan(x), medians, x)
    mean, std = x.mean(axis=0), np.maximum(x.std(axis=0), 0.05)
    x = np.column_stack([(x - mean) / std, np.ones(len(x))])
    w = np.zeros(x.shape[1])
    for _ in range(8):
        p = 1 / (1 + np.exp(-x @ w))
        curvature = x.T @ (x * (p * (1 - p))[:, None]) + 2 * np.eye(len(w))
        w = w - np.linalg.solve(curvature, x.T @ (p - train.labels) + 2 * w)
    return medians, mean, std, w


def logits_of(numbers, words, own_scale=False):
    middle, mean, std, w = _model()
    x = _features(numbers, words)
    x = np.where(np.isnan(x), middle, x)
    if own_scale:
        own = x[:, : len(NUMBERS)]
        mean = np.concatenate([own.mean(axis=0), mean[len(NUMBERS) :]])
        std = np.concatenate([np.maximum(own.std(axis=0), 0.05), std[len(NUMBERS) :]])
    return (x - mean) / std @ w[:-1] + w[-1]


def break_rules(table, rows, rng):
    """Put an impossible number into these rows, in four ways by turns."""
    for rule in range(4):
        chosen = np.zeros(len(table), dtype=bool)
        chosen[np.flatnonzero(rows)[rule::4]] = True
        violate(table, chosen, rule, rng)


def violate(table, rows, rule, rng, side=None):
    """Let rows violate one rule of the schema, every other one by as little as possible.

    side: of a range, 0 to fall below it, 1 to exceed it, None for either.
    """
    for turn, row in enumerate(np.flatnonzero(rows)):
        narrowly = turn % 2 == 0
        age = table[row, AGE]
        below = int(rng.integers(2) if side is None else side) == 0
        ages = ([17] if narrowly else [0, 3]) if below else ([101] if narrowly else [150, 199])
        times = ([0] if narrowly else [0, -12]) if below else ([121] if narrowly else [480, 999])
        place, value = [
            (AGE, rng.choice(ages)),
            (TIME, rng.choice(times)),
            (AMOUNT, 0 if narrowly else -table[row, AMOUNT]),
            (SENIORITY, age + (1 if narrowly else rng.integers(2, 30))),
        ][rule]
        table[row, place] = value


def misspelt(words, rng):
    """Write words in other ways, if possible in one that lower case does not repair."""
    return np.array([[_other_spelling(word, rng) for word in row] for row in words.tolist()])


def _other_spelling(word, rng):
    spellings = SYNONYMS.get(word, (word,))
    strange = [text for text in spellings if text.strip().lower() != word]
    return str(rng.choice(strange or spellings))


def with_spaces(words):
    """Write words with a space where a spelling has one that lower case leaves, as others do."""
    spaced = {
        word: text
        for word, spellings in SYNONYMS.items()
        for text in spellings
        if text.lower() != word and text.lower().strip() == word
    }
    return np.array([[spaced.get(word, word) for word in row] for row in words.tolist()])


EXERCISES = []
