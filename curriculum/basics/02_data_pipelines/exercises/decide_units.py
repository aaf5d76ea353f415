"""Mistakes with units in the exercise `decide`."""

from __future__ import annotations

import numpy as np

from .decide import cleaning
from .mending import AMOUNT, ASIDE, BLANK, NUMBERS, PLACES, decide_with, in_thousands

PRICE = NUMBERS.index("price")


def _converted(numbers, texts, single):
    """Decide where money is converted in other rows: single is a mask (N,)."""
    scaled = np.where(numbers == BLANK, np.nan, numbers)
    scaled[np.ix_(single, PLACES)] /= 1000
    return decide_with(scaled, texts, units=False)


@cleaning.mistake(
    "Where all rows of a call are in single units, or many of them, too few decisions are right, "
    "as happens when rows are compared with the rest of their call: look at the amount of each row "
    "by itself."
)
def unit_by_comparison(numbers, texts):
    amounts = np.abs(numbers[:, AMOUNT])
    return _converted(numbers, texts, amounts > 20 * np.median(amounts))


@cleaning.mistake(
    "Where rows in thousands stand beside rows in single units, too few decisions are right, as "
    "happens when one large amount has the whole call converted: look at each row by itself."
)
def one_row_for_all(numbers, texts):
    some = (np.abs(numbers[:, AMOUNT]) > 20_000).any()
    return _converted(numbers, texts, np.full(len(numbers), some))


@cleaning.mistake(
    "Where both units stand in one call, too few decisions are right, as happens when its first "
    "row decides on the unit of all: look at each row by itself."
)
def unit_of_the_first_row(numbers, texts):
    first = abs(numbers[0, AMOUNT]) > 20_000
    return _converted(numbers, texts, np.full(len(numbers), first))


@cleaning.mistake(
    "Where rows in single units stand beside others, too few decisions are right, as happens when "
    "a call is converted only if all of its amounts are large: look at each row by itself."
)
def only_if_all_are_large(numbers, texts):
    every = (np.abs(numbers[:, AMOUNT]) > 20_000).all()
    return _converted(numbers, texts, np.full(len(numbers), every))


@cleaning.mistake(
    "Where a call has one unit, too few decisions are right, as happens when its larger amounts "
    "count as single units: 20 000 is the limit, whatever else the call holds."
)
def larger_half_converted(numbers, texts):
    size = np.log10(np.maximum(np.abs(numbers[:, AMOUNT]), 1))
    return _converted(numbers, texts, size > (size.min() + size.max()) / 2)


@cleaning.mistake(
    "Where money is in single units, too few decisions are right, as happens when only some of its "
    "columns are converted: divide all six money columns of such a row by 1000."
)
def amount_alone_converted(numbers, texts):
    scaled = np.where(numbers == BLANK, np.nan, numbers)
    scaled[np.abs(numbers[:, AMOUNT]) > 20_000, AMOUNT] /= 1000
    return decide_with(scaled, texts, units=False)


@cleaning.mistake(
    "Where rows in single units have assets of less than 20 thousand, too few decisions are right, "
    "as happens when each value above 20 000 is converted by itself: the amount decides for all "
    "six columns of its row."
)
def value_by_value(numbers, texts):
    scaled = np.where(numbers == BLANK, np.nan, numbers)
    money = scaled[:, PLACES]
    scaled[:, PLACES] = np.where(np.abs(money) > 20_000, money / 1000, money)
    return decide_with(scaled, texts, units=False)


@cleaning.mistake(
    "Where applicants own more than 20 000 thousand, too few decisions are right, as happens when "
    "any large number counts as a sign of single units: only the amount is one."
)
def unit_by_any_column(numbers, texts):
    return _converted(numbers, texts, (np.abs(numbers[:, PLACES]) > 20_000).any(axis=1))


@cleaning.mistake(
    "Where rows in single units state no price, too few decisions are right, as happens when the "
    "price decides on the unit: look at the amount, which is never missing."
)
def unit_by_the_price(numbers, texts):
    return _converted(numbers, texts, np.abs(numbers[:, PRICE]) > 20_000)


@cleaning.mistake(
    "Where rows in single units have missing values, too few decisions are right, as happens when "
    "-9999 is divided by 1000 as well: turn it into nan before you convert money."
)
def blanks_divided(numbers, texts):
    scaled = in_thousands(numbers)
    return decide_with(scaled, texts, units=False)


@cleaning.mistake(
    "Where a call holds small and large amounts of money, too few decisions are right, as happens "
    "when the unit of each column is guessed from its median in the call: look at the amount of "
    "each row."
)
def columns_by_their_medians(numbers, texts):
    scaled = np.where(numbers == BLANK, np.nan, numbers)
    for place in PLACES:
        known = np.abs(scaled[~np.isnan(scaled[:, place]), place])
        if len(known) and np.median(known) > 20_000:
            scaled[:, place] /= 1000
    return decide_with(scaled, texts, units=False)


@cleaning.mistake(
    "Rows in single units are set aside: their numbers are right, in another unit; divide their "
    "money by 1000."
)
def single_units_set_aside(numbers, texts):
    single = np.abs(numbers[:, AMOUNT]) > 20_000
    return np.where(single, ASIDE, decide_with(numbers, texts))
