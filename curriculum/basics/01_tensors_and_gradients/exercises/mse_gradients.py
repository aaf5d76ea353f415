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
            "Your gradients have the wrong sign: the inner derivative of truth minus "
            "prediction is negative, that of prediction minus truth is not."
        ),
        tuple_order(
            (1, 0), "Both gradients are right, but in the wrong order: return d_w first, then d_b."
        ),
        in_array(
            "The numbers are right, but d_b is an array of shape (1,): return a float.", of="d_b"
        ),
        negated("d_w is right, but d_b has the wrong sign: both contain the same error.", of="d_b"),
        negated("d_b is right, but d_w has the wrong sign: both contain the same error.", of="d_w"),
        as_column(
            "The numbers are right, but d_w is a column of shape (F, 1): return shape (F,), so "
            "multiply by errors of shape (N,), not (N, 1).",
            of="d_w",
        ),
    ],
)


@regression.reference
def mse_gradients(x, y, w, b):
    """Gradients of the mean over N rows of (x @ w + b - y)**2.

    x: float array (N, F). y: float array (N,). w: float array (F,). b: float.
    Returns (d_w, d_b): a float array (F,) and a float.
    """
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
    def case(part, rows, columns, b):
        x, w = (np.round(rng.normal(scale=2.0, size=s), 2) for s in ((rows, columns), columns))
        # The errors have both signs, and a mean far from 0 that tells the mistakes apart.
        errors = np.round(rng.normal(scale=2.0, size=rows) + 1.5, 2)
        return Case(part, (x, x @ w + b - errors, w, b))

    return [
        case("one weight", 4, 1, 2.0),
        case("one weight", 1, 1, -0.5),
        case("several weights", 5, 2, 0.0),
        case("several weights", 6, 4, -1.25),
        case("several weights", 3, 3, 3.0),  # here axes that do not match fit all the same
        case("several weights", 1, 3, 0.75),
    ]


def _times(factor_w, factor_b):
    """Right gradients, each times a wrong factor, given as a function of x."""

    def wrong(right, a):
        d_w, d_b = right()
        return factor_w(a.x) * d_w, factor_b(a.x) * d_b

    return wrong


def one(x):
    return 1.0


def two(x):
    return 2.0


def half(x):
    return 0.5


mean = regression.group("Mean over the rows")

mean.mistake(
    "Your gradients are those of the sum: the loss is the mean, so divide by the number of rows.",
    name="sum instead of mean",
)(_times(len, len))

mean.mistake(
    "d_b is right, but d_w is a sum over the rows: divide by their number, as in d_b.",
    name="mean for b only",
)(_times(len, one))

mean.mistake(
    "d_w is right, but d_b is a sum over the rows: divide by their number, as in d_w.",
    name="mean for w only",
)(_times(one, len))

mean.mistake(
    "d_b is right, but d_w is divided by the number of entries of x (x.size, or a mean over both "
    "axes): the mean is over the rows, so divide by len(x).",
    name="divided by all numbers",
)(_times(lambda x: 1 / x.shape[1], one))


@mean.mistake(
    "d_b is right, but for d_w you multiplied the mean error by the mean of x: multiply row "
    "by row first, then take the mean."
)
def means_multiplied(right, a):
    _, d_b = right()
    return a.x.mean(axis=0) * d_b, d_b


@mean.mistake(
    "You have one gradient for each row: the loss is the mean over the rows, so take the mean of "
    "the gradients over axis 0."
)
def a_gradient_for_each_row(x, y, w, b):
    slopes = 2 * (x @ w + b - y)
    return slopes[:, None] * x, slopes


D_B_FOR_EACH_ROW = (
    "d_w is right, but d_b holds a number for each row: the loss is the mean over the rows, so "
    "d_b is the mean of twice the errors."
)


@mean.mistake(D_B_FOR_EACH_ROW)
def errors_for_d_b(right, a):
    return right()[0], 2 * (a.x @ a.w + a.b - a.y)


@mean.mistake(D_B_FOR_EACH_ROW)
def shares_for_d_b(right, a):
    return right()[0], 2 * (a.x @ a.w + a.b - a.y) / len(a.y)


chain_rule = regression.group("The chain rule", read=DERIVATIVE)

chain_rule.mistake(
    "The factor 2 is missing: the derivative of error**2 is 2 * error.", name="no factor 2"
)(_times(half, half))

chain_rule.mistake(
    "d_w is right; in d_b the factor 2 of the square is missing.", name="no factor 2 in b"
)(_times(one, half))

chain_rule.mistake(
    "d_b is right; in d_w the factor 2 of the square is missing.", name="no factor 2 in w"
)(_times(half, one))

chain_rule.mistake(
    "Both gradients are twice as large as they should be: the square gives only one factor 2.",
    name="factor 2 twice",
)(_times(two, two))


@chain_rule.mistake("Your prediction is x @ w: the bias b belongs in it, and so in both gradients.")
def bias_left_out(right, a):
    return right(b=0.0)


@chain_rule.mistake(
    "You used only the sign of each error, which is the gradient of the mean absolute error: "
    "multiply by the error itself."
)
def size_of_the_error_left_out(x, y, w, b):
    signs = np.sign(x @ w + b - y) / len(y)
    return signs @ x, float(signs.sum())


@chain_rule.mistake(
    "You kept the square: the derivative of error**2 is 2 * error, without a square."
)
def errors_still_squared(x, y, w, b):
    slopes = 2 / len(y) * (x @ w + b - y) ** 2
    return slopes @ x, float(slopes.sum())


@chain_rule.mistake(
    "d_b is right, but every weight got the same gradient: the chain rule multiplies each row's "
    "error by that row's x."
)
def inputs_left_out(right, a):
    _, d_b = right()
    return np.full(len(a.w), d_b), d_b


@chain_rule.mistake(
    "d_b is right, but for d_w you multiplied by w: the derivative of w * x with respect to w is x."
)
def weights_for_inputs(right, a):
    _, d_b = right()
    return d_b * a.w, d_b


@chain_rule.mistake(
    "Nearly: you measured how much the loss changes when w or b grows by 0.01, and over such "
    "a step the gradient itself changes; use the formula that the chain rule gives."
)
def one_sided_differences(x, y, w, b):
    def loss(w, b):
        return np.mean((x @ w + b - y) ** 2)

    here, step = loss(w, b), 0.01
    moved = [loss(w + step * unit, b) - here for unit in np.eye(len(w))]
    return np.array(moved) / step, float(loss(w, b + step) - here) / step


broadcasting = regression.group("Broadcasting", read="lesson.ipynb#Broadcasting")


@broadcasting.mistake(
    "d_b is right, but d_w became a single number: take the mean over the rows only, axis 0, so "
    "that each weight keeps its own."
)
def mean_of_everything(right, a):
    d_w, d_b = right()
    return float(d_w.mean()), d_b


@broadcasting.mistake(
    "x has the shape (N, F) and the errors (N,), so rows meet columns when they are multiplied: "
    "give the errors a second axis, error[:, None] * x, or write x.T @ error."
)
def axes_not_matched(x, y, w, b):
    residual = x @ w + b - y
    return (2 * x * residual).mean(axis=0), float(2 * residual.mean())


@broadcasting.mistake(
    "You compared each prediction with every truth: (N, 1) minus (N,) is (N, N), and only its "
    "diagonal is wanted; give both the shape (N,)."
)
def every_guess_with_every_truth(x, y, w, b):
    residuals = (x @ w + b)[:, None] - y  # (N, N)
    return 2 * (x.T @ residuals).mean(axis=1) / len(y), float(2 * residuals.mean())


regression.hints(
    "Begin with one row and one weight: the loss is (w * x + b - y)**2. What is its derivative "
    "with respect to w, and with respect to b?",
    "For a single row the derivatives are 2 * error * x and 2 * error. The loss is a mean over "
    "rows, and so are its derivatives.",
    "error has shape (N,). d_b is the mean of 2 * error. For d_w, x transposed (F, N) times "
    "error (N,) adds up the products; then multiply by 2 and divide by N.",
)
