"""The derivatives of one square: the reference, misconceptions and cases of `gradients`."""

from __future__ import annotations

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
        negated("Both have the wrong sign: the error is guess minus truth."),
        negated(
            "d_b is right; in d_w the sign is wrong: when w grows, the guess grows "
            "by price, so the inner derivative is price and not -price.",
            of="d_w",
        ),
    ],
)


@differentiating.reference
def gradients(w, b, price, amount):
    twice = 2 * (w * price + b - amount)
    return twice * price, twice


@differentiating.cases
def cases(rng):
    price, amount = (float(v) for v in rng.choice([1.25, 1.5, 2.5, 3.0], 2, replace=False))
    return [
        Case("without bias", (0.5, 0.0, price, amount)),
        Case("with bias", (-0.75, 0.25, price, amount)),
    ]


@differentiating.mistake(
    "The price is missing in d_w: the guess is w * price + b, and its derivative for w is price."
)
def price_missing(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b, d_b


@differentiating.mistake(
    "You wrote w where the price belongs: the derivative of w * price for w is price."
)
def weight_for_price(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b * w, d_b


@differentiating.mistake(
    "You wrote the amount where the price belongs: the amount does not stand beside w in the "
    "formula."
)
def amount_for_price(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b * amount, d_b


@differentiating.mistake("d_w is right; in d_b the 2 of the square is missing.")
def two_missing_in_b(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w, d_b / 2


@differentiating.mistake("The 2 of the square is missing in both.")
def no_two(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w / 2, d_b / 2


@differentiating.mistake(
    "d_w is right; in d_b there is no price, because b stands alone in the guess and its inner "
    "derivative is 1."
)
def price_in_both(w, b, price, amount):
    d_w, _ = gradients(w, b, price, amount)
    return d_w, d_w


@differentiating.mistake("d_w is right; d_b has no b beside the error: the inner derivative is 1.")
def bias_times_itself(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w, d_b * b


@differentiating.mistake(
    "d_b is right; in d_w the error stands twice, and the price not at all: the inner derivative "
    "of w * price for w is price."
)
def error_for_price(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b * d_b / 2, d_b


@differentiating.mistake(
    "d_b is right; in d_w there is a w too many: the derivative of w * price for w is price alone."
)
def weight_and_price(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w * w, d_b


@differentiating.mistake("d_w is right; d_b has no w beside the error: the inner derivative is 1.")
def weight_in_b(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w, d_b * w


differentiating.hints(
    "The outer derivative is 2 * error in both. What does the error gain when w grows by a "
    "little? And when b does?",
    "When w grows by 0.01, the guess grows by 0.01 * price; when b does, by 0.01 * 1.",
    "def gradients(w, b, price, amount):\n"
    "    error = w * price + b - amount\n"
    "    d_w = 2 * error * price\n"
    "    d_b = 2 * error\n"
    "    return d_w, d_b",
)
