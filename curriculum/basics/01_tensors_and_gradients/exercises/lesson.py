"""The lesson's small exercises. They earn no points."""

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


DERIVATIVE = "lesson.ipynb#A-derivative-in-three-ways"


THRESHOLD = "lesson.ipynb#Whom-to-refuse"


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


def gradients(w, b, price, amount):
    twice = 2 * (w * price + b - amount)
    return twice * price, twice


def without_the_two(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w / 2, d_b / 2


def two_missing_in_b(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w, d_b / 2


def price_missing(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b, d_b


def weight_for_price(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b * w, d_b


def price_in_both(w, b, price, amount):
    d_w, _ = gradients(w, b, price, amount)
    return d_w, d_w


def bias_times_itself(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w, d_b * b


def amount_for_price(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b * amount, d_b


def recall(p, y, threshold):
    return (p[y == 1] > threshold).double().mean().item()


def precision(p, y, threshold):
    return y[p > threshold].double().mean().item()


def share_right(p, y, threshold):
    return ((p > threshold) == (y == 1)).double().mean().item()


def share_refused(p, y, threshold):
    return (p > threshold).double().mean().item()


def share_of_all(p, y, threshold):
    return ((p > threshold) & (y == 1)).double().mean().item()


def share_as_tensor(p, y, threshold):
    return torch.tensor(recall(p, y, threshold))


def bad_and_granted(p, y, threshold):
    return 1 - recall(p, y, threshold)


def threshold_of_a_half(p, y, threshold):
    return recall(p, y, 0.5)


def good_and_refused(p, y, threshold):
    return recall(p, 1 - y, threshold)


def to_unit_cases(rng):
    def table(rows, columns):
        values = rng.permutation(np.arange(1.0, 1 + rows * columns)).reshape(rows, columns)
        return torch.tensor(values * 10.0 ** np.arange(columns), dtype=torch.float32)

    return [Case("two columns", (table(3, 2),)), Case("more columns", (table(5, 4),))]


def gradients_cases(rng):
    price, amount = (float(v) for v in rng.choice([1.25, 1.5, 2.5, 3.0], 2, replace=False))
    return [
        Case("without bias", (0.5, 0.0, price, amount)),
        Case("with bias", (-0.75, 0.25, price, amount)),
    ]


def recall_cases(rng):
    y = torch.tensor(rng.permutation([1] * 5 + [0] * 11))
    scores = np.where(y.numpy() == 1, [0.8], [0.2]) + rng.uniform(-0.15, 0.15, 16)
    bad, good = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    scores[bad[:2]] = [0.25, 0.4]
    scores[good[:3]] = [0.35, 0.7, 0.9]
    return [
        Case("threshold 0.5", (torch.tensor(scores), y, 0.5)),
        Case("another threshold", (torch.tensor(scores), y, 0.3)),
        Case(
            "exactly the threshold", (torch.tensor([0.9, 0.5, 0.8]), torch.tensor([1, 1, 0]), 0.5)
        ),
    ]


EXERCISES = [
    Exercise(
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
        ],
        hints=(
            "What must be subtracted, so that the lowest value becomes 0?",
            "Subtract each column's lowest value, then divide by highest minus lowest.",
            "def to_unit(x):\n    low, high = x.amin(dim=0), x.amax(dim=0)\n"
            "    return (x - low) / (high - low)",
        ),
    ),
    Exercise(
        name="gradients",
        title="Try it: two blanks",
        points=0,
        difficulty=1,
        minutes=4,
        reference=gradients,
        cases=gradients_cases,
        probe=Call(),
        compare=close(),
        read=DERIVATIVE,
        misconceptions=[
            Misconception(
                "price missing",
                price_missing,
                "The price is missing in d_w: the guess is w * price + b, and its derivative for w "
                "is price.",
            ),
            Misconception(
                "weight for price",
                weight_for_price,
                "You wrote w where the price belongs: the derivative of w * price for w is price.",
            ),
            Misconception(
                "amount for price",
                amount_for_price,
                "You wrote the amount where the price belongs: "
                "the amount does not stand beside w in the formula.",
            ),
            Misconception(
                "two missing in b",
                two_missing_in_b,
                "d_w is right; in d_b the 2 of the square is missing.",
            ),
            Misconception(
                "no two",
                without_the_two,
                "The 2 of the square is missing in both.",
            ),
            Misconception(
                "price in both",
                price_in_both,
                "d_w is right; in d_b there is no price, because b stands alone in the guess and "
                "its inner derivative is 1.",
            ),
            Misconception(
                "bias times itself",
                bias_times_itself,
                "d_w is right; d_b has no b beside the error: the inner derivative is 1.",
            ),
        ],
        hints=(
            "The outer derivative is 2 * error in both. What does the error gain when w grows by "
            "a little? And when b does?",
            "When w grows by 0.01, the guess grows by 0.01 * price; when b does, by 0.01 * 1.",
            "def gradients(w, b, price, amount):\n    error = w * price + b - amount\n"
            "    d_w = 2 * error * price\n    d_b = 2 * error\n    return d_w, d_b",
        ),
    ),
    Exercise(
        name="recall",
        title="Try it: how many bad loans are found?",
        points=0,
        difficulty=2,
        minutes=6,
        reference=recall,
        cases=recall_cases,
        probe=Call(),
        compare=close(),
        read=THRESHOLD,
        misconceptions=[
            Misconception(
                "precision",
                precision,
                "You looked at the refused and asked how many of them are bad (the precision): "
                "look at the bad and ask how many of them are refused.",
            ),
            Misconception(
                "share right",
                share_right,
                "You counted all right decisions (the accuracy): only the bad loans count here.",
            ),
            Misconception(
                "share refused",
                share_refused,
                "You counted all refusals: only the bad loans count here; p[y == 1] picks them.",
            ),
            Misconception(
                "share of all",
                share_of_all,
                "You counted the right rows, but divided by the number of all applications: "
                "divide by the number of bad loans.",
            ),
            Misconception(
                "bad and granted",
                bad_and_granted,
                "You counted the bad loans that are granted: those with p above the threshold are "
                "the refused ones.",
            ),
            Misconception(
                "good and refused",
                good_and_refused,
                "You looked at the good loans: y == 1 marks the bad ones.",
            ),
            Misconception(
                "threshold of a half",
                threshold_of_a_half,
                "Your threshold is always 0.5: use the one that is given.",
            ),
            Misconception(
                "a tensor",
                share_as_tensor,
                "The number is right, but still a tensor: end with .item().",
            ),
        ],
        hints=(
            "Which rows count? Only those where y is 1.",
            "p[y == 1] are the probabilities of the bad loans. Which share of them is above the "
            "threshold? The mean of True and False (as floats) is a share.",
            "def recall(p, y, threshold):\n    found = p[y == 1] > threshold\n"
            "    return found.float().mean().item()",
        ),
    ),
]
