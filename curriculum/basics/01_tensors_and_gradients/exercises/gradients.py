"""The derivatives of one square: the reference, misconceptions and cases of `gradients`."""

from __future__ import annotations

import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import negated, tuple_order

differentiating = exercise(
    "gradients",
    title="Try it: two blanks",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#A-derivative-in-three-ways",
    returns=("d_w", "d_b"),
    forms=[
        tuple_order((1, 0), "Both are right, but in the wrong order: d_w first, then d_b."),
        negated("Both have the wrong sign: the error is prediction minus truth."),
        negated(
            "d_w has the wrong sign: when w grows by 1, the prediction grows by "
            "price, so the inner derivative is price, not -price.",
            of="d_w",
        ),
    ],
)


@differentiating.reference
def gradients(w, b, price, amount):
    """Derivatives of (w * price + b - amount)**2 with respect to w and b.

    w, b, price, amount: floats. Returns (d_w, d_b), floats.
    """
    twice = 2 * (w * price + b - amount)
    return twice * price, twice


@differentiating.alternative
def gradients_by_autograd(w, b, price, amount):
    at = torch.tensor([w, b], dtype=torch.float64, requires_grad=True)
    ((at[0] * price + at[1] - amount) ** 2).backward()
    return tuple(at.grad.tolist())


@differentiating.cases
def cases(rng):
    prices = (float(v) for v in rng.choice([1.25, 1.5, 2.0, 2.75, 3.5], 4, replace=False))
    amounts = (float(v) for v in rng.choice([0.6, 1.1, 2.2, 4.0, 7.3], 4, replace=False))
    points = [("without bias", 0.5, 0.0), ("without bias", 1.75, 0.0)]
    points += [("with bias", -0.75, 0.25), ("with bias", 0.3, -1.2)]
    return [
        Case(part, (w, b, price, amount))
        for (part, w, b), price, amount in zip(points, prices, amounts, strict=True)
    ]


@differentiating.mistake(
    "d_w lacks the price: the prediction is w * price + b, and its derivative "
    "with respect to w is price."
)
def price_missing(right, a):
    _, d_b = right()
    return d_b, d_b


@differentiating.mistake(
    "In d_w you wrote w where the price belongs: the derivative of w * price with "
    "respect to w is price."
)
def weight_for_price(right, a):
    _, d_b = right()
    return d_b * a.w, d_b


@differentiating.mistake(
    "In d_w you wrote the amount where the price belongs: w is multiplied by the price."
)
def amount_for_price(right, a):
    _, d_b = right()
    return d_b * a.amount, d_b


@differentiating.mistake(
    "d_w has one factor w too many: the derivative of w * price with respect to w is price alone."
)
def weight_and_price(right, a):
    d_w, d_b = right()
    return d_w * a.w, d_b


@differentiating.mistake(
    "d_w contains the error twice and the price not at all: the inner "
    "derivative of w * price with respect to w is price."
)
def error_for_price(right, a):
    _, d_b = right()
    return d_b * d_b / 2, d_b


@differentiating.mistake("In d_b the factor 2 of the square is missing.")
def two_missing_in_b(right, a):
    d_w, d_b = right()
    return d_w, d_b / 2


@differentiating.mistake("The factor 2 of the square is missing in both.")
def no_two(right, a):
    d_w, d_b = right()
    return d_w / 2, d_b / 2


@differentiating.mistake(
    "d_b has no factor price, because b stands alone in the prediction and its "
    "inner derivative is 1."
)
def price_in_both(right, a):
    d_w, _ = right()
    return d_w, d_w


@differentiating.mistake("In d_b, do not multiply the error by b: the inner derivative is 1.")
def bias_times_itself(right, a):
    d_w, d_b = right()
    return d_w, d_b * a.b


@differentiating.mistake("In d_b, do not multiply the error by w: the inner derivative is 1.")
def weight_in_b(right, a):
    d_w, d_b = right()
    return d_w, d_b * a.w


differentiating.hints(
    "The outer derivative is 2 * error in both. How much does the error grow when w grows a "
    "little? And when b does?",
    "When w grows by 0.01, the error grows by 0.01 * price; when b does, by 0.01 * 1.",
    "def gradients(w, b, price, amount):\n"
    "    error = w * price + b - amount\n"
    "    d_w = 2 * error * price\n"
    "    d_b = 2 * error\n"
    "    return d_w, d_b",
)
