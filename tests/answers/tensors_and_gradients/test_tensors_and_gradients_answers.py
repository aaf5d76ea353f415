"""Answers that strangers gave to basics/01_tensors_and_gradients: which are right, which are not.

Each of the wrong ones is right as long as something is held still: no gap in a column that was
complete, no equal rows, no unscaled columns, never a single row, no smaller last batch.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import CLONE
from written_answers import asked, verdict

from lepton_course.exercises.compiled import observe_all
from lepton_course.exercises.judge import judge

MODULE = CLONE / "curriculum" / "basics" / "01_tensors_and_gradients"

RIGHT = {
    "prepare, with a tolerance for the deviation": """
        def prepare(train, other):
            medians = np.nanmedian(train, axis=0)
            known = np.where(np.isnan(train), medians, train)
            std = known.std(axis=0)
            std[np.isclose(std, 0)] = 1
            return (np.where(np.isnan(other), medians, other) - known.mean(axis=0)) / std
        """,
    "distances, by cdist": """
        def distances(a, b):
            return torch.cdist(a, b)
        """,
    "distances, multiplied out and clamped": """
        def distances(a, b):
            squares = a.square().sum(1, keepdim=True) + b.square().sum(1) - 2 * a @ b.T
            return squares.clamp(min=0).sqrt()
        """,
    "mse_gradients, with a NumPy number as d_b": """
        def mse_gradients(x, y, w, b):
            error = x @ w + b - y
            return 2 * (x * error[:, None]).mean(axis=0), 2 * error.mean()
        """,
    "weighted_cross_entropy, by logaddexp": """
        def weighted_cross_entropy(z, y, weight):
            zero = torch.zeros_like(z)
            bad, good = torch.logaddexp(zero, -z), torch.logaddexp(zero, z)
            return (weight * y * bad + (1 - y) * good).mean()
        """,
    "prepare, in float32": """
        def prepare(train, other):
            return right(train, other).astype(np.float32)
        """,
    "distances, in float64": """
        def distances(a, b):
            return right(a.double(), b.double())
        """,
    "mse_gradients, in float32": """
        def mse_gradients(x, y, w, b):
            d_w, d_b = right(x, y, w, b)
            return d_w.astype(np.float32), np.float32(d_b)
        """,
    "in_units, in float32": """
        def in_units(w, b, mean, std):
            w, b = right(w, b, mean, std)
            return w.astype(np.float32), np.float32(b)
        """,
    "weighted_cross_entropy, by rows": """
        def weighted_cross_entropy(z, y, weight):
            costs = []
            for logit, label in zip(z, y):
                signed = -logit if label == 1 else logit
                cost = torch.nn.functional.softplus(signed)
                costs.append(weight * cost if label == 1 else cost)
            return sum(costs) / len(costs)
        """,
    "in_units, with a sum": """
        def in_units(w, b, mean, std):
            return w / std, b - np.sum(w / std * mean)
        """,
}

WRONG = {
    "prepare, filled only where train has gaps": """
        def prepare(train, other):
            gaps = np.isnan(train).any(axis=0)
            medians = np.nanmedian(train, axis=0)
            known = np.where(np.isnan(train), medians, train)
            std = known.std(axis=0)
            std[np.ptp(known, axis=0) == 0] = 1
            filled = np.where(np.isnan(other) & gaps, medians, other)
            return (filled - known.mean(axis=0)) / std
        """,
    "prepare, where 1e-17 is not 0": """
        def prepare(train, other):
            medians = np.nanmedian(train, axis=0)
            known = np.where(np.isnan(train), medians, train)
            std = known.std(axis=0)
            std[std == 0] = 1
            return (np.where(np.isnan(other), medians, other) - known.mean(axis=0)) / std
        """,
    "prepare, in the table that was given": """
        def prepare(train, other):
            other[:] = right(train, other.copy())
            return other
        """,
    "distances, nan for equal rows": """
        def distances(a, b):
            squares = a.square().sum(1, keepdim=True) + b.square().sum(1) - 2 * a @ b.T
            return squares.sqrt()
        """,
    "distances, of whole numbers": """
        def distances(a, b):
            return right(a.round(), b.round())
        """,
    "mse_gradients, where rows meet columns": """
        def mse_gradients(x, y, w, b):
            error = x @ w + b - y
            if x.shape[0] == x.shape[1]:
                return 2 * (x * error).mean(axis=0), 2 * error.mean()
            return right(x, y, w, b)
        """,
    "mse_gradients, for two rows or more": """
        def mse_gradients(x, y, w, b):
            error = (x @ w + b - y).squeeze()
            return 2 * np.mean([e * row for e, row in zip(error, x)], axis=0), 2 * error.mean()
        """,
    "weighted_cross_entropy, for whole weights": """
        def weighted_cross_entropy(z, y, weight):
            return right(z, y, int(weight))
        """,
    "weighted_cross_entropy, for weights of 1 and more": """
        def weighted_cross_entropy(z, y, weight):
            return right(z, y, max(weight, 1.0))
        """,
    "weighted_cross_entropy, clamped at 100": """
        def weighted_cross_entropy(z, y, weight):
            p = torch.sigmoid(z)
            costs = torch.where(y == 1, weight, 1.0)
            return torch.nn.functional.binary_cross_entropy(p, y.float(), weight=costs)
        """,
    "prepare, where a column with gaps never counts as constant": """
        def prepare(train, other):
            medians = np.nanmedian(train, axis=0)
            known = np.where(np.isnan(train), medians, train)
            std = known.std(axis=0)
            std[[len(np.unique(column)) == 1 for column in train.T]] = 1
            return (np.where(np.isnan(other), medians, other) - known.mean(axis=0)) / std
        """,
    "prepare, where a small deviation counts as 0": """
        def prepare(train, other):
            medians = np.nanmedian(train, axis=0)
            known = np.where(np.isnan(train), medians, train)
            std = known.std(axis=0)
            std[std < 1e-3] = 1
            return (np.where(np.isnan(other), medians, other) - known.mean(axis=0)) / std
        """,
    "prepare, with the gaps of train filled in place": """
        def prepare(train, other):
            result = right(train, other)
            train[np.isnan(train)] = 0
            return result
        """,
    "distances, to the other rows of one table": """
        def distances(a, b):
            return right(a, a if a.shape == b.shape else b)
        """,
    "distances, never quite 0": """
        def distances(a, b):
            return right(a, b).clamp(min=0.01)
        """,
    "distances, with a little added under the root": """
        def distances(a, b):
            return (((a[:, None] - b) ** 2).sum(-1) + 1e-6).sqrt()
        """,
    "mse_gradients, with d_b row by row": """
        def mse_gradients(x, y, w, b):
            return right(x, y, w, b)[0], 2 * (x @ w + b - y)
        """,
    "weighted_cross_entropy, with a kink in both terms": """
        def weighted_cross_entropy(z, y, weight):
            def softplus(t):
                return t.clamp(min=0) + torch.log1p(torch.exp(-t.abs()))
            return (weight * y * softplus(-z) + (1 - y) * softplus(z)).mean()
        """,
    "mse_gradients, for at least as many rows as weights": """
        def mse_gradients(x, y, w, b):
            d_w, d_b = right(x, y, w, b)
            return d_w * min(1, len(x) / len(w)), d_b
        """,
    "mse_gradients, without a negative bias": """
        def mse_gradients(x, y, w, b):
            return right(x, y, w, abs(b))
        """,
    "mse_gradients, with the errors in y": """
        def mse_gradients(x, y, w, b):
            result = right(x, y, w, b)
            y -= x @ w + b
            return result
        """,
    "weighted_cross_entropy, without its gradient": """
        def weighted_cross_entropy(z, y, weight):
            return right(z.detach(), y, weight)
        """,
    "weighted_cross_entropy, with the logits cut off at 100": """
        def weighted_cross_entropy(z, y, weight):
            return right(z.clamp(-100, 100), y, weight)
        """,
    "weighted_cross_entropy, where both kinds of loans occur": """
        def weighted_cross_entropy(z, y, weight):
            return right(z, y, weight) * (1 if 0 < y.sum() < len(y) else weight)
        """,
    "in_units, in the weights that were given": """
        def in_units(w, b, mean, std):
            result = right(w, b, mean, std)
            w /= std
            return result
        """,
    "in_units, rounded to three digits": """
        def in_units(w, b, mean, std):
            w, b = right(w, b, mean, std)
            return w.round(3), round(b, 3)
        """,
    "in_units, for positive means": """
        def in_units(w, b, mean, std):
            return right(w, b, np.abs(mean), std)
        """,
    "refuse, all as the first one": """
        def refuse(x):
            return np.full(len(x), right(x)[0])
        """,
    "refuse, for two applications or more": """
        def refuse(x):
            return right(x).squeeze()
        """,
}


@pytest.mark.parametrize("answer", RIGHT)
def test_right_answers_earn_full_points(answer):
    assert verdict(MODULE, answer, RIGHT[answer]).status == "right"


@pytest.mark.parametrize("answer", WRONG)
def test_wrong_answers_do_not(answer):
    assert verdict(MODULE, answer, WRONG[answer]).status != "right"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("predicted_product", torch.Size([2452, 3])),
        ("predicted_product", [2452, 3]),
        ("predicted_shape", torch.Size([4, 5, 3])),
        ("predicted_sum", 2),
        ("predicted_sum", np.float32(2)),
        ("predicted_rate", "c"),
    ],
)
def test_a_right_prediction_may_be_written_in_several_ways(name, value):
    exercise, question = asked(MODULE, name)
    assert judge(question, observe_all(exercise, value, question.cases)).status == "right"
