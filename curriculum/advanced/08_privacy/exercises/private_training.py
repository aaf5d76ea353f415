"""Train within a privacy budget, judged on applications nobody has seen: `private_training`."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit

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
    minutes=18,
    probe=Call(),
    compare=accuracy(at_least=0.66, tolerance=0.05),
    read="lesson.ipynb#DP-SGD,-by-hand",
    # The same division as in Tensors and gradients: what ships there stays out of a class's cases.
    held_out=held_out(Path(__file__).parents[1] / "held_out.npz", "credit", share=0.25, seed=2),
)


@training.reference
def private_training(x, y, x_new, epsilon, delta, noise):
    """Return labels, int64 (M,), for x_new, from a logistic regression trained with DP.

    x: float64 (N, 26), scaled; y: int64 (N,), 0 or 1; x_new: float64 (M, 26); noise: float64
    (T, 27), standard normal. Gradient descent on all rows; the sum of the weights of all steps.
    """
    w = _descended(x, y, _multiplier(epsilon, delta, STEPS) * noise[:STEPS])
    return (_extended(x_new) @ w > 0).astype(np.int64)


def _descended(x, y, noise, max_norm=1.0):
    """Sum of the weights (27,) after each step of noisy gradient descent."""
    rows = _extended(x)
    w = np.zeros_like(noise[0])
    summed = np.zeros_like(w)
    for drawn in noise:
        slopes = (expit(rows @ w) - y)[:, None] * rows
        norms = np.linalg.norm(slopes, axis=1, keepdims=True)
        w = w - 2.0 * ((slopes / np.maximum(1.0, norms / max_norm)).sum(axis=0) + drawn) / len(x)
        summed = summed + w
    return summed


def _extended(x):
    return np.column_stack([x, np.ones(len(x))])


def _multiplier(epsilon, delta, steps):
    """The noise multiplier with which `steps` steps on all rows spend epsilon at delta."""
    length = math.log(1 / delta)
    return math.sqrt(steps / 2) / (math.sqrt(length + epsilon) - math.sqrt(length))


@training.alternative
def batches_in_torch(x, y, x_new, epsilon, delta, noise):
    """Poisson batches, accounted as if no one were left out; a running mean of the weights."""
    steps, rate = 50, 0.5
    multiplier = _multiplier(epsilon, delta, steps)
    rows, truth = torch.tensor(_extended(x)), torch.tensor(y, dtype=torch.float64)
    w = torch.zeros(rows.shape[1], dtype=torch.float64)
    mean = torch.zeros_like(w)
    for drawn in torch.tensor(noise[:steps]):
        batch = torch.rand(len(rows)) < rate
        gradients = (torch.sigmoid(rows[batch] @ w) - truth[batch])[:, None] * rows[batch]
        factors = (1 / gradients.norm(dim=1).clamp(min=1e-12)).clamp(max=1)
        w = w - (factors @ gradients + multiplier * drawn) / (rate * len(rows))
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


def _clearness(x, y):
    """How typical each row is of its label (N,): its side of the line between the two means."""
    known, truth = _training_rows()
    line = known[truth == 1].mean(axis=0) - known[truth == 0].mean(axis=0)
    return (2 * y - 1) * (x @ line - np.median(x @ line))


@training.cases
def cases(rng, rows):
    known, truth = _training_rows()
    new, labels = scaled(rows), rows.labels

    def of_both(y, number):
        """Places of `number` rows of each label, mixed."""
        drawn = [rng.choice(np.flatnonzero(y == k), number, replace=False) for k in (0, 1)]
        return rng.permutation(np.concatenate(drawn))

    def table(number, mistyped=0, in_order=False):
        chosen = of_both(truth, number)
        if in_order:
            chosen = chosen[np.argsort(truth[chosen], kind="stable")]
        x, y = known[chosen].copy(), truth[chosen].copy()
        if mistyped:
            clear = np.argsort(-_clearness(x, y))[: 10 * mistyped]
            turned, first, second = rng.choice(clear, (3, mistyped), replace=False)
            x[[*turned, *first]] *= TYPING_ERROR
            y[turned] = 1 - y[turned]
            x[second] = x[first]  # entered twice, once with each label
            y[second] = 1 - y[first]
        return x, y

    def case(part, number, epsilon, delta, fraction, steps, **options):
        asked = of_both(labels, round(fraction * labels.sum()))
        noise = rng.normal(size=(steps, 27))
        args = (*table(number, **options), new[asked], epsilon, delta, noise)
        return Case(part, args, expected=labels[asked])

    def only_noise(number, epsilon, delta, steps, count):
        """A budget at which the noise decides; it is the same in every step that one may take."""
        drawn = rng.normal(size=27)
        score = _extended(new) @ -drawn
        against = (score > 0) != (_clearness(new, np.ones(len(new))) > 0)  # what the data say
        sides = (against & (score < 0), against & (score > 0))
        surest = [np.flatnonzero(side)[np.argsort(-np.abs(score[side]))] for side in sides]
        each = min(map(len, surest)) * 4 // 5
        asked = rng.permutation(np.concatenate([places[:each] for places in surest]))[:count]
        args = (*table(number), new[asked], epsilon, delta, np.tile(drawn, (steps, 1)))
        return Case("a budget that allows nothing", args, expected=(score[asked] > 0).astype(int))

    return [
        case("1200 applications", 600, 2.0, 1e-4, 1.0, 60),
        case("1200 applications", 600, 1.5, 1e-4, 0.9, 80, in_order=True),
        case("500 applications", 250, 5.0, 1e-3, 0.97, 100),
        case("typing errors", 550, 4.0, 1e-5, 0.95, 60, mistyped=4),
        case("typing errors", 400, 5.0, 1e-4, 0.92, 70, mistyped=2),
        only_noise(680, 0.002, 1e-5, 60, 500),
        only_noise(650, 0.001, 1e-4, 90, 1),
    ]


@training.mistake(
    "Mistyped rows, a million times too large, decide your model: clip the gradient of each "
    "example, so that no single row moves a step by more than max_norm."
)
def nothing_clipped(x, y, x_new, epsilon, delta, noise):
    w = _descended(x, y, _multiplier(epsilon, delta, STEPS) * noise[:STEPS], max_norm=np.inf)
    return (_extended(x_new) @ w > 0).astype(np.int64)


@training.mistake(
    "At a budget of 0.001 your model still follows the data: the noise is missing or too small. "
    "Its standard deviation, noise_multiplier times max_norm, grows as epsilon shrinks, and it is "
    "added to the sum before that is divided."
)
def too_little_noise(right, a):
    return right(epsilon=5.0)


@training.mistake(
    "You subtracted the noise, or went uphill with it alone: it is added to the sum of the "
    "gradients, and the step goes against both."
)
def noise_subtracted(right, a):
    return right(noise=-a.noise)


@training.mistake(
    "Most labels are wrong, which is worse than guessing: 1 is a loan that goes bad, and a step "
    "goes against the gradient."
)
def uphill(right, a):
    return 1 - right()


@training.mistake(
    "Half of the labels are right, as by guessing: is the noise much too large, and do the labels "
    "come in the order of x_new?"
)
def guessed(x, y, x_new, epsilon, delta, noise):
    return np.random.default_rng(len(x_new)).integers(0, 2, len(x_new))


@training.mistake("You returned probabilities: the label is 1 where it is above one half, an int.")
def probabilities(x, y, x_new, epsilon, delta, noise):
    return 1 / (1 + np.exp(_extended(x_new) @ noise[0]))


@training.mistake("You returned labels for the training rows: x_new holds the rows that count.")
def labels_of_the_training_rows(right, a):
    return right(x_new=a.x)


training.hints(
    "First make a logistic regression learn without noise, then clip, then add the noise that the "
    "budget asks for.",
    "Choose the steps, find the noise multiplier that spends epsilon, clip each row's gradient to "
    "norm 1, add multiplier * noise[step] to the sum, divide by N. Average the last weights.",
    "Gradient of one row: (sigmoid(row @ w) - y) * row, with a column of ones. All rows in each of "
    "40 steps, rate 2. rho = steps / (2 multiplier²), epsilon = rho + 2 sqrt(rho ln(1 / delta)).",
)
