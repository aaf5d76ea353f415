"""Train within a privacy budget, judged on applications nobody has seen: `private_training`."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import torch

from lepton_course import load_dataset
from lepton_course.authoring import Call, Case, accuracy, exercise
from lepton_course.authoring.held_out import held_out

STEPS = 40
TYPING_ERROR = 1e6

training = exercise(
    "private_training",
    title="Train within a privacy budget",
    points=3,
    difficulty=5,
    minutes=20,
    probe=Call(),
    compare=accuracy(at_least=0.66, tolerance=0.05),
    read="lesson.ipynb#DP-SGD,-by-hand",
    # The same division as in Tensors and gradients: what ships there stays out of a class's cases.
    held_out=held_out(Path(__file__).parents[1] / "held_out.npz", "credit", share=0.25, seed=2),
)


@training.reference
def private_training(x, y, x_new, epsilon, delta):
    """Return labels, int64 (M,), for x_new, from a logistic regression trained with DP.

    x: float64 (N, 26), scaled; y: int64 (N,), 0 or 1; x_new: float64 (M, 26).
    Full-batch DP gradient descent, accounted by zero-concentrated differential privacy.
    """
    return (_extended(x_new) @ _weights(x, y, epsilon, delta) > 0).astype(np.int64)


def _extended(x):
    return np.column_stack([x, np.ones(len(x))])


def _noise_multiplier(epsilon, delta, steps):
    """The multiplier with which `steps` full-batch steps spend epsilon at delta."""
    length = math.log(1 / delta)
    root = math.sqrt(length + epsilon) - math.sqrt(length)  # of rho
    return math.sqrt(steps / 2) / root


def _weights(x, y, epsilon, delta, *, noise=1.0, clip=1.0, direction=1.0):
    """Weights (27,): the mean of the second half of the steps."""
    rng = np.random.default_rng(len(x))  # the proofs repeat; noise that anybody can repeat is none
    rows = _extended(x)
    spread = noise * _noise_multiplier(epsilon, delta, STEPS)
    w, kept = np.zeros(rows.shape[1]), []
    for _ in range(STEPS):
        surprise = 1 / (1 + np.exp(-np.clip(rows @ w, -30, 30))) - y
        norms = np.maximum(np.abs(surprise) * np.linalg.norm(rows, axis=1), 1e-12)
        factors = np.minimum(1.0, clip / norms)
        total = (surprise * factors) @ rows + spread * rng.normal(size=len(w))
        w = w - direction * 2.0 * total / len(rows)
        kept.append(w)
    return np.mean(kept[STEPS // 2 :], axis=0)


@training.alternative
def batches_in_torch(x, y, x_new, epsilon, delta):
    """Poisson batches, per-example gradients by vmap; accounted as if no one were left out."""
    steps, rate = 60, 0.5
    multiplier = _noise_multiplier(epsilon, delta, steps)
    rows, truth = torch.tensor(_extended(x)), torch.tensor(y, dtype=torch.float64)

    def loss(w, row, label):
        return torch.nn.functional.binary_cross_entropy_with_logits(row @ w, label)

    per_example = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
    w = torch.zeros(rows.shape[1], dtype=torch.float64)
    mean = torch.zeros_like(w)
    for _ in range(steps):
        drawn = torch.rand(len(rows)) < rate
        gradients = per_example(w, rows[drawn], truth[drawn])
        factors = (1 / gradients.norm(dim=1).clamp(min=1e-12)).clamp(max=1)
        total = factors @ gradients + multiplier * torch.randn(len(w), dtype=torch.float64)
        w = w - total / (rate * len(rows))
        mean = 0.9 * mean + 0.1 * w
    return (torch.tensor(_extended(x_new)) @ mean > 0).long().numpy()


_MIDDLE = np.array([8, 48, 37, 55, 140, 4000, 0, 1000, 1400], dtype=float)
_SPREAD = np.array([8, 15, 11, 20, 80, 8000, 1000, 500, 600], dtype=float)


def scaled(split):
    """Columns (N, 26) of float64: numbers scaled by public constants, gaps filled with 0."""
    x = split.numpy()[0].astype(np.float64)
    numbers = len(_MIDDLE)
    x[:, :numbers] = np.clip((x[:, :numbers] - _MIDDLE) / _SPREAD, -3, 3)
    return np.nan_to_num(x)


@functools.cache
def _training_rows():
    train = load_dataset("credit").train
    return scaled(train), train.labels


@training.cases
def cases(rng, rows):
    known, truth = _training_rows()
    new, labels = scaled(rows), rows.labels

    def of_both(y, number):
        """Places of `number` rows of each label, mixed."""
        drawn = [rng.choice(np.flatnonzero(y == k), number, replace=False) for k in (0, 1)]
        return rng.permutation(np.concatenate(drawn))

    def case(part, number, epsilon, delta, fraction, mistyped=0, in_order=False):
        chosen = of_both(truth, number)
        if in_order:
            chosen = chosen[np.argsort(truth[chosen], kind="stable")]
        x, y = known[chosen].copy(), truth[chosen].copy()
        first, second = rng.choice(len(x), (2, mistyped), replace=False)
        x[first] *= TYPING_ERROR
        x[second] = x[first]  # entered twice, once with each label
        y[second] = 1 - y[first]
        asked = of_both(labels, round(fraction * labels.sum()))
        return Case(part, (x, y, new[asked], epsilon, delta), expected=labels[asked])

    return [
        case("1200 applications", 600, 2.0, 1e-4, 1.0),
        case("1200 applications", 600, 1.5, 1e-4, 0.9, in_order=True),
        case("500 applications", 250, 5.0, 1e-3, 0.97),
        case("typing errors", 550, 4.0, 1e-5, 0.95, mistyped=4),
        case("typing errors", 400, 5.0, 1e-4, 0.92, mistyped=2),
    ]


@training.mistake(
    "Mistyped rows, a million times too large, decide your model: clip the gradient of each "
    "example, so that no single row moves a step by more than max_norm."
)
def nothing_clipped(x, y, x_new, epsilon, delta):
    w = _weights(x, y, epsilon, delta, clip=np.inf)
    return (_extended(x_new) @ w > 0).astype(np.int64)


@training.mistake(
    "Most labels are wrong, which is worse than guessing: 1 is a loan that goes bad, and a step "
    "goes against the gradient."
)
def uphill(x, y, x_new, epsilon, delta):
    return 1 - private_training(x, y, x_new, epsilon, delta)


@training.mistake(
    "Half of the labels are right, as by guessing: is the noise, noise_multiplier * max_norm, "
    "added to the sum before it is divided by the batch, and do the labels come in the order of "
    "x_new?"
)
def guessed(x, y, x_new, epsilon, delta):
    return np.random.default_rng(len(x_new)).integers(0, 2, len(x_new))


@training.mistake(
    "Every application gets the same label: is a large feature or a nan in the way, or a "
    "threshold that no probability reaches?"
)
def always_the_same(x, y, x_new, epsilon, delta):
    return np.zeros(len(x_new), dtype=np.int64)


@training.mistake("You returned probabilities: the label is 1 where it is above one half, an int.")
def probabilities(x, y, x_new, epsilon, delta):
    return 1 / (1 + np.exp(-_extended(x_new) @ _weights(x, y, epsilon, delta)))


@training.mistake("You returned labels for the training rows: x_new holds the rows that count.")
def labels_of_the_training_rows(x, y, x_new, epsilon, delta):
    return private_training(x, y, x, epsilon, delta)


training.hints(
    "First make a logistic regression learn without noise, then clip, then add the noise that the "
    "budget asks for.",
    "Choose the steps, find the noise multiplier that spends epsilon, clip each row's gradient to "
    "norm 1, add noise to the sum, divide by the expected batch. Average the last weights.",
    "Gradient of one row: (sigmoid(row @ w) - y) * row, with a column of ones. All rows in each of "
    "40 steps, rate 2. rho = steps / (2 multiplier²), epsilon = rho + 2 sqrt(rho ln(1 / delta)).",
)
