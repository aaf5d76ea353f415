"""Clean raw applications and decide on them: the exercise `decide`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lepton_course.authoring import Call, Case, accuracy, exercise
from lepton_course.authoring.held_out import held_out

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
    break_rules,
    canonical,
    decide_with,
    in_thousands,
    is_impossible,
    logits_of,
    misspelt,
    violate,
    with_spaces,
)

OF_EACH = 170
"""Good and bad loans in each part of a class's cases; the learner's check has fewer."""

deciding = exercise(
    "decide",
    title="From the raw table to a decision",
    points=3,
    difficulty=5,
    minutes=14,
    probe=Call(),
    compare=accuracy(at_least=0.72, tolerance=0.12),
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

    def drawn(can_be_asked=True, kinds=(0, 1), broken=2 / 3):
        """Rows of each kind in equal numbers, others that violate the schema, and the truth."""
        fitting = [rng.permutation(np.flatnonzero(can_be_asked & (labels == k))) for k in kinds]
        room = int(len(labels) / (len(kinds) + broken))
        size = min(OF_EACH, room, *map(len, fitting))
        sound = np.concatenate([places[:size] for places in fitting])
        left = rng.permutation(np.setdiff1d(np.arange(len(labels)), sound))
        chosen = np.concatenate([sound, left[: round(size * broken)]])
        truth = np.where(np.arange(len(chosen)) < len(sound), labels[chosen], ASIDE)
        order = rng.permutation(len(chosen))
        return numbers[chosen[order]], words[chosen[order]], truth[order]

    table, spelt, truth = drawn()
    break_rules(table, truth == ASIDE, rng)
    table[:, PLACES] *= 1000
    yield Case("money in single units", (table, spelt), expected=truth)
    alone = np.flatnonzero(truth == ASIDE)[:1]
    yield Case("money in single units", (table[alone], spelt[alone]), expected=truth[alone])
    worked = numbers[:, SENIORITY]
    owned, earned = (np.nan_to_num(numbers[:, NUMBERS.index(n)]) for n in ("assets", "income"))
    well_off = (earned >= 150) & (owned >= 3000) & (worked < 15)
    hard_up = (earned <= 160) & (owned <= 2000) & (worked <= 3)
    # What is done to a row must not depend on the rest of its call: money is in single units for
    # less than half of these rows, and the first row has the unit that most others lack.
    for kind, typical, share in ((0, well_off, 0.45), (1, hard_up, 0.2)):
        table, spelt, truth = drawn(typical, kinds=(kind,), broken=0)
        single = rng.permutation(len(table)) < round(share * len(table))
        first = np.flatnonzero(single == (kind == 1))[0]
        order = np.r_[first, np.delete(np.arange(len(table)), first)]
        table, spelt, single = table[order], spelt[order], single[order]
        table[np.ix_(single, PLACES)] *= 1000
        yield Case("money in single units", (table, spelt), expected=truth)
    records, job = (words[:, CATEGORIES.index(name)] for name in ("records", "job"))
    doubtful = (records == "yes") | (job == "partime")
    price, assets = (NUMBERS.index(name) for name in ("price", "assets"))
    # The amount decides on the unit of a row: not a price that is missing, nor another number.
    for missing in (np.nan, BLANK):
        table, spelt, truth = drawn(worked >= 5, kinds=(0,), broken=0)
        table[:, PLACES] *= 1000
        table[:, price] = missing
        yield Case("money in single units", (table, spelt), expected=truth)
    table, spelt, truth = drawn((worked <= 2) & (records == "no"), kinds=(1,), broken=0)
    table[:, assets] = rng.integers(10, 20, len(table))
    table[:, PLACES] *= 1000
    yield Case("money in single units", (table, spelt), expected=truth)
    table, spelt, truth = drawn(records == "yes", kinds=(1,), broken=0)
    table[:, assets] = rng.integers(21_000, 30_000, len(table))
    yield Case("money in single units", (table, spelt), expected=truth)
    table, spelt, truth = drawn()
    break_rules(table, truth == ASIDE, rng)
    for name in ("price", "expenses"):  # a sound model misses them least
        place = NUMBERS.index(name)
        chosen = rng.random(len(table)) < 0.5
        table[chosen, place] = BLANK
    table[np.isnan(table)] = BLANK
    yield Case("disguised missing values", (table, spelt), expected=truth)
    # A number far below zero makes a linear model refuse these good loans, and grant these bad
    # ones, too few of which have a probability above 0.5.
    for kind, typical, gone in ((0, worked >= 5, ["price"]), (1, worked <= 2, ["expenses"])):
        table, spelt, truth = drawn(typical, kinds=(kind,), broken=0)
        table[:, [NUMBERS.index(name) for name in gone]] = BLANK
        table[np.isnan(table)] = BLANK
        yield Case("disguised missing values", (table, spelt), expected=truth)
    for kinds in ((0, 1), (0,), (1,)):
        table, spelt, truth = drawn(doubtful == (labels == 1), kinds=kinds, broken=0)
        yield Case("other spellings", (table, misspelt(spelt, rng)), expected=truth)
    steady = (job == "fixed") & (records == "no") & (worked >= 2) & (worked <= 10)
    table, spelt, truth = drawn(steady, kinds=(0,), broken=0)
    yield Case("other spellings", (table, with_spaces(spelt)), expected=truth)
    for place, bounds in ((AGE, (18, 100)), (TIME, (1, 120))):
        for side, bound in enumerate(bounds):
            table, spelt, truth = drawn(worked >= 5, kinds=(0,), broken=1.0)
            sound = truth != ASIDE
            violate(table, ~sound, (AGE, TIME).index(place), rng, side)
            table[sound, place] = bound
            table[sound, SENIORITY] = np.minimum(table[sound, SENIORITY], table[sound, AGE])
            yield Case("each rule of the schema", (table, spelt), expected=truth)
    for rule in (2, 3):
        table, spelt, truth = drawn(kinds=(0,), broken=1.0)
        half = truth == ASIDE
        violate(table, half, rule, rng)
        if rule == 3:  # working since birth is strange, and no violation
            table[~half, SENIORITY] = table[~half, AGE]
        yield Case("each rule of the schema", (table, spelt), expected=truth)


cleaning = deciding.group("Cleaning", read="lesson.ipynb#Look-before-you-clean")


@cleaning.mistake(
    "Where money is in single units, too few decisions are right, as happens when it is not "
    "converted: divide all six money columns by 1000 in rows whose amount is above 20 000 or below "
    "-20 000."
)
def units_not_converted(numbers, texts):
    return decide_with(numbers, texts, units=False)


@cleaning.mistake(
    "Where rows in single units stand among others, too few decisions are right, as happens when "
    "the unit is guessed for a whole call: look at the amount of each row by itself."
)
def one_unit_for_all(numbers, texts):
    single = np.median(np.abs(numbers[:, AMOUNT])) > 20_000
    scaled = np.where(numbers == BLANK, np.nan, numbers)
    scaled[:, PLACES] /= 1000 if single else 1
    return decide_with(scaled, texts, units=False)


@cleaning.mistake(
    "Where a call holds applicants of one kind, too few decisions are right, as happens when they "
    "are scaled by their own means: use the means and deviations of the training rows."
)
def scaled_by_the_call(numbers, texts):
    return decide_with(numbers, texts, own_scale=True)


@cleaning.mistake(
    "Where missing values are written as -9999, too few decisions are right, as happens when it is "
    "taken for a number, or replaced by 0: fill in medians of the training rows."
)
def blanks_taken_for_numbers(numbers, texts):
    return decide_with(numbers, texts, blanks=False)


@cleaning.mistake(
    "Where categories are spelt differently, too few decisions are right, as happens when they are "
    "taken as they come: strip spaces, convert to lower case, and look up the synonyms."
)
def spellings_as_they_come(numbers, texts):
    return decide_with(numbers, texts, spelling=False)


@cleaning.mistake(
    "Where a call holds bad loans, too many are granted, as happens with a threshold of 0.5: "
    "compare the probability with about 0.3, since a good and a bad loan count alike here."
)
def refused_above_a_half(numbers, texts):
    return decide_with(numbers, texts, threshold=0.5)


@cleaning.mistake(
    "Nearly every row that is not set aside is refused: compare the probability of class 1, a bad "
    "loan, with about 0.3."
)
def all_others_refused(numbers, texts):
    numbers = np.where(numbers == BLANK, np.nan, numbers)
    return np.where(is_impossible(numbers), ASIDE, 1)


@cleaning.mistake(
    "All rows that are not set aside get the same decision: are some of the scores nan (nan > 0.3 "
    "is False)? Impute missing values, and prepare a row in decide exactly as in training."
)
def all_others_alike(numbers, texts):
    numbers = np.where(numbers == BLANK, np.nan, numbers)
    return np.where(is_impossible(numbers), ASIDE, 0)


aside = deciding.group("Setting aside", read="lesson.ipynb#A-schema-that-refuses-bad-rows")


@aside.mistake(
    "Too few decisions are right wherever rows violate the schema, as happens when no row is set "
    "aside: such rows get 2."
)
def none_set_aside(numbers, texts):
    return decide_with(numbers, texts, schema=False)


@aside.mistake(
    "Of the rows that violate a single rule of the schema, too few are set aside, or sound ones "
    "are: is a rule missing? An amount of 0 violates it, a seniority equal to the age does not."
)
def without_seniority(numbers, texts):
    worked = numbers.copy()
    worked[:, SENIORITY] = np.minimum(worked[:, SENIORITY], worked[:, AGE])
    return decide_with(worked, texts)


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
    "Write prepare in three steps: turn -9999 into nan, convert money to thousands, bring "
    "spellings to those of the clean table. Treat each row as if it came alone. Then look at a "
    "histogram of each column.",
    "decide: prepare, find the rows that violate the schema, let scorer.predict_proba rate numbers "
    "and words side by side, compare with about 0.3, and write 2 for those rows.",
    "Missing: numbers == -9999. Units: rows with abs(amount) > 20000. Spelling: strip, lower, "
    "then a dictionary of the synonyms. Rules: age 18 to 100, time 1 to 120, amount above 0, "
    "seniority not above age. np.where(sound, (chance > 0.29).astype(int), 2).",
)
