"""Every column from 0 to 1: right answer, misconceptions and cases of the lesson's `to_unit`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import complement

scaling = exercise(
    "to_unit",
    title="Try it: every column from 0 to 1",
    points=0,
    difficulty=1,
    minutes=3,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Broadcasting",
    forms=[
        complement(
            "Upside down: the lowest value should become 0 and the highest 1, so "
            "subtract low from x."
        ),
    ],
)


@scaling.reference
def to_unit(x):
    low, high = torch.aminmax(x, dim=0)
    return (x - low) / (high - low)


@scaling.cases
def cases(rng):
    def table(rows, columns):
        values = rng.permutation(np.arange(1.0, 1 + rows * columns)).reshape(rows, columns)
        return torch.tensor(values * 10.0 ** np.arange(columns), dtype=torch.float32)

    return [Case("two columns", (table(3, 2),)), Case("more columns", (table(5, 4),))]


@scaling.mistake(
    "You took the lowest and the highest value of the whole table, so the columns with small "
    "numbers nearly vanish: dim=0 gives one of each per column."
)
def one_range_for_all(x):
    return (x - x.min()) / (x.max() - x.min())


@scaling.mistake(
    "You scaled each row: dim names the axis that goes away, and dim=0 takes the rows away and "
    "leaves one value for each column."
)
def range_of_each_row(x):
    low, high = torch.aminmax(x, dim=1, keepdim=True)
    return (x - low) / (high - low)


@scaling.mistake("Your columns end at 1 but do not begin at 0: subtract the lowest value first.")
def divided_by_the_largest(x):
    return x / x.amax(dim=0)


@scaling.mistake("You divided by the range, but forgot to subtract the lowest value first.")
def lowest_not_taken_off(x):
    return x / (x.amax(dim=0) - x.amin(dim=0))


@scaling.mistake(
    "Division goes before subtraction, so only low was divided by the range: put x - low into "
    "parentheses."
)
def parentheses_forgotten(x):
    low, high = torch.aminmax(x, dim=0)
    return x - low / (high - low)


@scaling.mistake(
    "You gave each column mean 0 and deviation 1, which is scaling too; here the lowest value "
    "becomes 0 and the highest 1."
)
def standardised(x):
    return (x - x.mean(dim=0)) / x.std(dim=0)


@scaling.mistake(
    "low is right, but high is the highest value of the whole table: it needs dim=0 too."
)
def highest_of_all(x):
    low = x.amin(dim=0)
    return (x - low) / (x.max() - low)


@scaling.mistake("You divided by the highest value, and not by the range: highest minus lowest.")
def range_without_the_lowest(x):
    low, high = torch.aminmax(x, dim=0)
    return (x - low) / high


@scaling.mistake(
    "If the message above speaks of sizes: the usual reason is dim=1, which gives one value for "
    "each row. The axis that you name goes away, so dim=0 leaves one for each column."
)
def rows_against_columns(x):
    low, high = x.amin(dim=1), x.amax(dim=1)
    return (x - low) / (high - low)


scaling.hints(
    "What must be subtracted, so that the lowest value becomes 0?",
    "Subtract each column's lowest value, then divide by highest minus lowest.",
    "def to_unit(x):\n"
    "    low, high = x.amin(dim=0), x.amax(dim=0)\n"
    "    return (x - low) / (high - low)",
)
