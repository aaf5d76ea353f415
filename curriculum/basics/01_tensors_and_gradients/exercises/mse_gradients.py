"""The gradients of a mean square: right answers, misconceptions and cases of `mse_gradients`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_column, in_array, negated, tuple_order

DERIVATIVE = "lesson.ipynb#A-derivative-in-three-ways"


regression = exercise(
    "mse_gradients",
    title="The gradients of a mean square",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Linear-regression",
    returns=("d_w", "d_b"),
    forms=[
        negated(
            "Your gradients point the other way: with truth minus guess the inner "
            "derivative brings a minus sign; with guess minus truth it does not."
        ),
        tuple_order(
            (1, 0), "Both gradients are right, but in the wrong order: return d_w first, then d_b."
        ),
        in_array(
            "The numbers are right, but d_b is an array of shape (1,): return a float.", of="d_b"
        ),
        negated(
            "d_w is right, but d_b has the wrong sign: the same error stands in both.", of="d_b"
        ),
        negated(
            "d_b is right, but d_w has the wrong sign: the same error stands in both.", of="d_w"
        ),
        as_column(
            "The numbers are right, but d_w is a column of shape (F, 1): return "
            "shape (F,), so multiply with errors of shape (N,), not (N, 1).",
            of="d_w",
        ),
    ],
)


@regression.reference
def mse_gradients(x, y, w, b):
    slopes = 2 / len(y) * (x @ w + b - y)
    return slopes @ x, float(np.sum(slopes))


@regression.alternative
def gradients_by_autograd(x, y, w, b):
    w, b = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (w, b))
    ((torch.tensor(x) @ w + b - torch.tensor(y)) ** 2).mean().backward()
    return w.grad.numpy(), b.grad.item()


@regression.alternative
def gradients_in_loops(x, y, w, b):
    for_w, for_b = np.zeros(len(w)), 0.0
    for row, truth in zip(x, y, strict=True):
        doubled = 2 * (sum(row * w) + b - truth)
        for_w, for_b = for_w + doubled * row / len(y), for_b + doubled / len(y)
    return for_w, for_b


@regression.cases
def cases(rng):
    def numbers(*shape):  # whole numbers without 0
        return (rng.integers(1, 6, size=shape) * rng.choice([-1, 1], size=shape)).astype(float)

    def far_below(rows, columns):  # all guesses lie below the truth, but not equally far
        x, w = np.abs(numbers(rows, columns)), np.abs(numbers(columns))
        return x, x @ w + 3 + rng.permutation(np.arange(1.0, rows + 1)) ** 2, w, 2.0

    x, w = numbers(6, 3), numbers(3)
    return [
        Case("one weight", far_below(4, 1)),
        Case("several weights", far_below(5, 2)),
        Case("several weights", (x, x @ w + numbers(6) - 4.0, w, 3.0)),
    ]


def _times(factor_w, factor_b):
    """Right gradients, each times a wrong factor."""

    def wrong(x, y, w, b):
        d_w, d_b = mse_gradients(x, y, w, b)
        return factor_w(x) * d_w, factor_b(x) * d_b

    return wrong


regression.mistake(
    "Your gradients are those of the sum: the loss is the mean, so divide by the number of rows, "
    "or the learning rate would depend on it.",
    name="sum instead of mean",
)(_times(len, len))


regression.mistake(
    "The factor 2 is missing: the derivative of error**2 is 2 * error.", name="no factor 2"
)(_times(lambda x: 0.5, lambda x: 0.5))


regression.mistake(
    "d_b is right, but d_w is a sum over the rows: divide by their number, as in d_b.",
    name="mean for b only",
)(_times(len, lambda x: 1))


regression.mistake(
    "d_w is right, but d_b is a sum over the rows: divide by their number, as in d_w.",
    name="mean for w only",
)(_times(lambda x: 1, len))


@regression.mistake("Your guess is x @ w: the bias b belongs to it, and so to both gradients.")
def bias_left_out(x, y, w, b):
    return mse_gradients(x, y, w, 0.0)


@regression.mistake(
    "You used the sign of each error only, which is the slope of the mean absolute error; in a "
    "square, large errors pull harder: multiply by the error itself."
)
def size_of_the_error_left_out(x, y, w, b):
    signs = np.sign(x @ w + b - y) / len(y)
    return signs @ x, float(signs.sum())


@regression.mistake(
    "d_b is right, but for d_w you multiplied the mean error by the mean of x: multiply row by "
    "row first, and take the mean then."
)
def means_multiplied(x, y, w, b):
    _, d_b = mse_gradients(x, y, w, b)
    return x.mean(axis=0) * d_b, d_b


@regression.mistake(
    "You have one gradient for each row: the loss is the mean over the rows, so take the mean of "
    "the gradients over axis 0."
)
def a_gradient_for_each_row(x, y, w, b):
    slopes = 2 * (x @ w + b - y)
    return slopes[:, None] * x, slopes


@regression.mistake(
    "You kept the square: the derivative of error**2 is 2 * error, and the square is gone."
)
def errors_still_squared(x, y, w, b):
    slopes = 2 / len(y) * (x @ w + b - y) ** 2
    return slopes @ x, float(slopes.sum())


regression.mistake(
    "d_b is right, but d_w is divided by the number of columns (x.shape[1], or len(w)): the mean "
    "goes over the rows, len(x).",
    name="divided by the columns",
)(_times(lambda x: len(x) / x.shape[1], lambda x: 1))


@regression.mistake(
    "d_w is right, but d_b is not its sum: b stands alone in the guess, so its derivative is the "
    "mean of 2 * error, without x."
)
def sum_of_the_others(x, y, w, b):
    d_w, _ = mse_gradients(x, y, w, b)
    return d_w, float(d_w.sum())


regression.mistake("d_w is right; in d_b the 2 of the square is missing.", name="no factor 2 in b")(
    _times(lambda x: 1, lambda x: 0.5)
)


regression.mistake("d_b is right; in d_w the 2 of the square is missing.", name="no factor 2 in w")(
    _times(lambda x: 0.5, lambda x: 1)
)


regression.mistake(
    "Both gradients are twice too large: the square gives one factor 2, and only one.",
    name="factor 2 twice",
)(_times(lambda x: 2, lambda x: 2))


regression.mistake(
    "d_b is right, but d_w is divided by the number of all entries of x (x.size, or a mean over "
    "both axes): the mean goes over the rows, len(x).",
    name="divided by all numbers",
)(_times(lambda x: 1 / x.shape[1], lambda x: 1))


def a_step_taken(rate):
    def wrong(x, y, w, b):
        d_w, d_b = mse_gradients(x, y, w, b)
        return w - rate * d_w, b - rate * d_b

    return wrong


for rate in (0.01, 0.1, 1.0):
    regression.mistake(
        "You took a step and return the new w and b: the gradients themselves are asked for.",
        name=f"a step of {rate:g} taken",
    )(a_step_taken(rate))


@regression.mistake(
    "Both gradients are right, but you returned the loss as well: only d_w and d_b are asked for."
)
def loss_as_well(x, y, w, b):
    return *mse_gradients(x, y, w, b), float(np.mean((x @ w + b - y) ** 2))


def one_sided_differences(step):
    def loss(x, y, w, b):
        return np.mean((x @ w + b - y) ** 2)

    def wrong(x, y, w, b):
        here = loss(x, y, w, b)
        moved = [loss(x, y, w + step * unit, b) - here for unit in np.eye(len(w))]
        return np.array(moved) / step, float(loss(x, y, w, b + step) - here) / step

    return wrong


for step in (0.01, 0.001):
    regression.mistake(
        "Nearly: you measured how much the loss changes when w or b grows a little, and there the "
        "parabola is already a little steeper or flatter. Use the formula that the chain rule "
        "gives.",
        name=f"one-sided differences of {step:g}",
        read=DERIVATIVE,
    )(one_sided_differences(step))


derivative = regression.group("A derivative in three ways", read=DERIVATIVE)


@derivative.mistake(
    "d_b is right, but every weight got the same gradient: the chain rule multiplies each row's "
    "error by that row's x."
)
def inputs_left_out(x, y, w, b):
    _, d_b = mse_gradients(x, y, w, b)
    return np.full(len(w), d_b), d_b


@derivative.mistake(
    "d_b is right, but for d_w you multiplied by w: the derivative of w * x for w is x."
)
def weights_for_inputs(x, y, w, b):
    _, d_b = mse_gradients(x, y, w, b)
    return d_b * w, d_b


broadcasting = regression.group("Broadcasting", read="lesson.ipynb#Broadcasting")


@broadcasting.mistake(
    "d_b is right, but d_w became a single number: take the mean over the rows only, axis 0, so "
    "that each weight keeps its own."
)
def mean_of_everything(x, y, w, b):
    _, d_b = mse_gradients(x, y, w, b)
    return float(np.mean(2 * (x @ w + b - y)[:, None] * x)), d_b


@broadcasting.mistake(
    "x has the shape (N, F) and the errors (N,): flush right, the rows meet the columns. Give the "
    "errors a second axis, error[:, None] * x, or write x.T @ error."
)
def axes_not_matched(x, y, w, b):
    residual = x @ w + b - y
    return (2 * x * residual).mean(axis=0), float(2 * residual.mean())


@broadcasting.mistake(
    "You compared each guess with every truth: (N, 1) minus (N,) is (N, N), and only its diagonal "
    "was meant; give both the shape (N,)."
)
def every_guess_with_every_truth(x, y, w, b):
    residuals = (x @ w + b)[:, None] - y  # (N, N)
    return 2 * (x.T @ residuals).mean(axis=1) / len(y), float(2 * residuals.mean())


regression.hints(
    "Begin with one row and one weight: the loss is (w * x + b - y)**2. What is its derivative "
    "for w, and for b?",
    "For a single row the derivatives are 2 * error * x and 2 * error. The loss is a mean over "
    "rows, and so are its derivatives.",
    "error has shape (N,). d_b is the mean of 2 * error. For d_w, x transposed (F, N) times error "
    "(N,) adds the products up; then the factor 2, and divide by N.",
)
