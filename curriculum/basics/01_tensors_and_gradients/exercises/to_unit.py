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
            "Upside down: the lowest value must become 0 and the highest 1, so subtract low from x."
        ),
    ],
)


@scaling.reference
def to_unit(x):
    """Scale each column to run from 0 to 1 (min-max scaling).

    x: float tensor (N, F), in each column at least two different numbers. Returns a float tensor
    (N, F).
    """
    low, high = torch.aminmax(x, dim=0)
    return (x - low) / (high - low)


@scaling.alternative
def to_unit_by_column(x):
    columns = [column - column.min() for column in x.T]
    return torch.stack([column / column.max() for column in columns], dim=1)


@scaling.cases
def cases(rng):
    def table(rows, columns):  # columns of very different size, each with numbers below 0
        values = np.round(rng.normal(size=(rows, columns)) - 0.5, 2) * 10.0 ** np.arange(columns)
        return torch.tensor(values, dtype=torch.float32)

    return [
        Case("two columns", (table(3, 2),)),
        Case("more columns", (table(5, 4),)),
        Case("more columns", (table(3, 3),)),
    ]


@scaling.mistake(
    "You took the lowest and the highest value of the whole table, so the columns with small "
    "numbers nearly vanish: dim=0 gives one of each per column."
)
def one_range_for_all(x):
    return (x - x.min()) / (x.max() - x.min())


@scaling.mistake(
    "low is right, but high is the highest value of the whole table: it needs dim=0 too."
)
def highest_of_all(x):
    low = x.amin(dim=0)
    return (x - low) / (x.max() - low)


@scaling.mistake(
    "You scaled each row: dim names the axis that is removed, and dim=0 removes the rows and "
    "leaves one value for each column."
)
def range_of_each_row(right, a):
    return right(x=a.x.T).T


@scaling.mistake(
    "The usual reason is dim=1, which gives one value for each row: the axis you name is "
    "removed, so dim=0 leaves one for each column."
)
def rows_against_columns(x):
    low, high = x.amin(dim=1), x.amax(dim=1)
    return (x - low) / (high - low)


@scaling.mistake(
    "You divided by the highest value of each column: subtract the lowest first, and divide by "
    "highest minus lowest."
)
def divided_by_the_largest(x):
    return x / x.amax(dim=0)


@scaling.mistake(
    "You divided by highest minus lowest, but did not subtract the lowest value first."
)
def lowest_not_subtracted(x):
    return x / (x.amax(dim=0) - x.amin(dim=0))


@scaling.mistake(
    "Division comes before subtraction, so only low was divided by the range: put x - low in "
    "parentheses."
)
def parentheses_forgotten(x):
    low, high = torch.aminmax(x, dim=0)
    return x - low / (high - low)


@scaling.mistake("You divided by the highest value: divide by the range, highest minus lowest.")
def range_without_the_lowest(x):
    low, high = torch.aminmax(x, dim=0)
    return (x - low) / high


@scaling.mistake(
    "You standardised each column, to mean 0 and standard deviation 1: here the lowest value "
    "becomes 0 and the highest 1."
)
def standardised(x):
    return (x - x.mean(dim=0)) / x.std(dim=0)


scaling.hints(
    "What must be subtracted, so that the lowest value becomes 0?",
    "Subtract each column's lowest value, then divide by highest minus lowest.",
    "def to_unit(x):\n"
    "    low, high = x.amin(dim=0), x.amax(dim=0)\n"
    "    return (x - low) / (high - low)",
)
