"""Clean raw applications and decide on them: the exercise `decide`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lepton_course.authoring import Call, Case, accuracy, exercise
from lepton_course.authoring.held_out import held_out
from lepton_course.datasets.soiled import SYNONYMS

from .mending import (
    AGE,
    AMOUNT,
    ASIDE,
    BLANK,
    CATEGORIES,
    NUMBERS,
    PLACES,
    SENIORITY,
    TIME,
    canonical,
    decide_with,
    in_thousands,
    is_impossible,
    logits_of,
)

OF_EACH = 170
"""Good and bad loans in each part of a class's cases; the learner's check has fewer."""

deciding = exercise(
    "decide",
    title="From the raw table to a decision",
    points=3,
    difficulty=5,
    minutes=16,
    probe=Call(),
    compare=accuracy(at_least=0.72, tolerance=0.04),
    read="lesson.ipynb#Fit-on-the-training-set-only",
    held_out=held_out(Path(__file__).parents[1] / "held_out.npz", "credit", share=0.25, seed=2),
)


@deciding.reference
def decide(numbers, texts):
    """Return 0 (grant), 1 (refuse) or 2 (set aside) for raw applications, int (N,).

    numbers: float (N, 9), texts: (N, 4), as the statement describes them.
    """
    return decide_with(numbers, texts)


@deciding.alternative
def one_by_one(numbers, texts):
    decisions = []
    for row, words in zip(numbers.tolist(), texts.tolist(), strict=True):
        known = np.array([[np.nan if value == BLANK else value for value in row]])
        if is_impossible(known)[0]:
            decisions.append(ASIDE)
            continue
        score = logits_of(in_thousands(known), canonical(np.array([words])))[0]
        decisions.append(int(1 / (1 + np.exp(-score)) > 0.3))
    return np.array(decisions)


@deciding.cases
def cases(rng, rows):
    words = np.stack([rows.column(name) for name in CATEGORIES], axis=1)
    numbers = rows.numbers.astype(float)
    labels = rows.labels
    size = min(OF_EACH, *np.bincount(labels))

    def drawn():
        of_each = [rng.permutation(np.flatnonzero(labels == kind))[:size] for kind in (0, 1)]
        left = np.setdiff1d(np.arange(len(labels)), np.concatenate(of_each))
        broken = rng.permutation(left)[: size * 2 // 3]
        chosen = np.concatenate([*of_each, broken])
        truth = np.where(np.isin(chosen, broken), ASIDE, labels[chosen])
        order = rng.permutation(len(chosen))
        table = numbers[chosen[order]]
        truth = truth[order]
        _break(table, truth == ASIDE, rng)
        return table, words[chosen[order]], truth

    table, spelt, truth = drawn()
    table[:, PLACES] *= 1000
    yield Case("money in single units", (table, spelt), expected=truth)
    alone = np.flatnonzero(truth == ASIDE)[:1]
    yield Case("money in single units", (table[alone], spelt[alone]), expected=truth[alone])
    table, spelt, truth = drawn()
    for name in ("income", "assets"):
        place = NUMBERS.index(name)
        chosen = rng.random(len(table)) < 0.5
        table[chosen, place] = BLANK
    table[np.isnan(table)] = BLANK
    yield Case("disguised missing values", (table, spelt), expected=truth)
    table, spelt, truth = drawn()
    yield Case("other spellings", (table, _misspelt(spelt, rng)), expected=truth)


def _break(table, rows, rng):
    """Put an impossible number into these rows, in four ways by turns."""
    for turn, row in enumerate(np.flatnonzero(rows)):
        age = table[row, AGE]
        wrong = [
            (AGE, rng.choice([0, 3, 150, 199])),
            (TIME, rng.choice([0, 480, 999])),
            (AMOUNT, -table[row, AMOUNT]),
            (SENIORITY, age + rng.integers(1, 30)),
        ]
        place, value = wrong[turn % 4]
        table[row, place] = value


def _misspelt(words, rng):
    return np.array(
        [[str(rng.choice(SYNONYMS.get(word, (word,)))) for word in row] for row in words.tolist()]
    )


cleaning = deciding.group("Cleaning", read="lesson.ipynb#Look-before-you-clean")


@cleaning.mistake(
    "Where money is in single units, your decisions are hardly better than guessing: divide the "
    "six money columns by 1000 in rows whose amount is far above 5000."
)
def units_not_converted(numbers, texts):
    return decide_with(numbers, texts, units=False)


@cleaning.mistake(
    "Where missing values are written as -9999, your decisions are hardly better than guessing: "
    "turn -9999 into nan before you impute."
)
def blanks_taken_for_numbers(numbers, texts):
    return decide_with(numbers, texts, blanks=False)


@cleaning.mistake(
    "All rows that are not set aside get the same decision: are some of the scores nan (nan > 0.3 "
    "is False)? Impute missing values, and prepare a row in decide exactly as in training."
)
def all_others_alike(numbers, texts):
    numbers = np.where(numbers == BLANK, np.nan, numbers)
    return np.where(is_impossible(numbers), ASIDE, 0)


aside = deciding.group("Setting aside", read="lesson.ipynb#A-schema-that-refuses-bad-rows")


@aside.mistake(
    "Too few decisions are right in every part, as happens when no row is set aside: rows that "
    "violate the schema get 2."
)
def none_set_aside(numbers, texts):
    return decide_with(numbers, texts, schema=False)


@aside.mistake("Every row is set aside: did you invert a rule, or compare with nan?")
def all_set_aside(numbers, texts):
    return np.full(len(numbers), ASIDE)


@aside.mistake(
    "Nearly every decision on a sound row is wrong: 1 means refused, and a bad loan has label 1."
)
def swapped(numbers, texts):
    result = decide_with(numbers, texts)
    return np.where(result == ASIDE, ASIDE, 1 - result)


form = deciding.group("The form of the result")


@form.mistake("You returned a list: return a NumPy array of whole numbers.")
def a_list(numbers, texts):
    return decide_with(numbers, texts).tolist()


deciding.hints(
    "Write three small functions first: one that turns -9999 into nan, one that converts money to "
    "thousands, one that brings spellings to those of the clean table. Then look at a histogram of "
    "each column.",
    "decide: clean, find the rows that violate the schema, prepare with the medians and means of "
    "the training set, compare the probability with about 0.3, and write 2 for those rows.",
    "Missing: numbers == -9999. Units: rows with abs(amount) > 20000. Spelling: strip, lower, "
    "then a dictionary of the synonyms. Rules: age 18 to 100, time 1 to 120, amount above 0, "
    "seniority not above age. Train scikit-learn's pipeline on load_dataset('credit').train.",
)
