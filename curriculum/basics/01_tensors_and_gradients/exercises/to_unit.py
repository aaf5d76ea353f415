"""Every column from 0 to 1: right answer, misconceptions and cases of the lesson's `to_unit`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.exercises import (
    Call,
    Case,
    Exercise,
    Misconception,
    close,
)

BROADCASTING = "lesson.ipynb#Broadcasting"


def to_unit(x):
    low, high = torch.aminmax(x, dim=0)
    return (x - low) / (high - low)


def one_range_for_all(x):
    return (x - x.min()) / (x.max() - x.min())


def range_of_each_row(x):
    low, high = torch.aminmax(x, dim=1, keepdim=True)
    return (x - low) / (high - low)


def divided_by_largest(x):
    return x / x.amax(dim=0)


def lowest_not_taken_off(x):
    return x / (x.amax(dim=0) - x.amin(dim=0))


def parentheses_forgotten(x):
    low, high = torch.aminmax(x, dim=0)
    return x - low / (high - low)


def standardised(x):
    return (x - x.mean(dim=0)) / x.std(dim=0)


def upside_down(x):
    return 1 - to_unit(x)


def highest_of_all(x):
    low = x.amin(dim=0)
    return (x - low) / (x.max() - low)


def lowest_not_taken_off_the_range(x):
    low, high = torch.aminmax(x, dim=0)
    return (x - low) / high


def rows_against_columns(x):
    low, high = x.amin(dim=1), x.amax(dim=1)
    return (x - low) / (high - low)


def to_unit_cases(rng):
    def table(rows, columns):
        values = rng.permutation(np.arange(1.0, 1 + rows * columns)).reshape(rows, columns)
        return torch.tensor(values * 10.0 ** np.arange(columns), dtype=torch.float32)

    return [Case("two columns", (table(3, 2),)), Case("more columns", (table(5, 4),))]


EXERCISE = Exercise(
    name="to_unit",
    title="Try it: every column from 0 to 1",
    points=0,
    difficulty=1,
    minutes=3,
    reference=to_unit,
    cases=to_unit_cases,
    probe=Call(),
    compare=close(),
    read=BROADCASTING,
    misconceptions=[
        Misconception(
            "one range for all",
            one_range_for_all,
            "You took the lowest and the highest value of the whole table, so the columns with "
            "small numbers nearly vanish: dim=0 gives one of each per column.",
        ),
        Misconception(
            "range of each row",
            range_of_each_row,
            "You scaled each row: dim names the axis that goes away, and dim=0 takes the rows "
            "away and leaves one value for each column.",
        ),
        Misconception(
            "divided by the largest",
            divided_by_largest,
            "Your columns end at 1 but do not begin at 0: subtract the lowest value first.",
        ),
        Misconception(
            "lowest not taken off",
            lowest_not_taken_off,
            "You divided by the range, but forgot to subtract the lowest value first.",
        ),
        Misconception(
            "parentheses forgotten",
            parentheses_forgotten,
            "Division goes before subtraction, so only low was divided by the range: put x - "
            "low into parentheses.",
        ),
        Misconception(
            "standardised",
            standardised,
            "You gave each column mean 0 and deviation 1, which is scaling too; here the lowest"
            " value becomes 0 and the highest 1.",
        ),
        Misconception(
            "upside down",
            upside_down,
            "Upside down: the lowest value should become 0 and the highest 1, so subtract low "
            "from x.",
        ),
        Misconception(
            "highest of all",
            highest_of_all,
            "low is right, but high is the highest value of the whole table: it needs dim=0 too.",
        ),
        Misconception(
            "range without the lowest",
            lowest_not_taken_off_the_range,
            "You divided by the highest value, and not by the range: highest minus lowest.",
        ),
        Misconception(
            "rows against columns",
            rows_against_columns,
            "If the message above speaks of sizes: the usual reason is dim=1, which gives one "
            "value for each row. The axis that you name goes away, so dim=0 leaves one for each "
            "column.",
        ),
    ],
    hints=(
        "What must be subtracted, so that the lowest value becomes 0?",
        "Subtract each column's lowest value, then divide by highest minus lowest.",
        "def to_unit(x):\n    low, high = x.amin(dim=0), x.amax(dim=0)\n"
        "    return (x - low) / (high - low)",
    ),
)
