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
    (T, 27). T steps of gradient descent on all rows, clipped to 1; the sum of all steps' weights.
    """
    return _labels(x_new, _descended(x, y, _multiplier(epsilon, delta, len(noise)) * noise))


def _labels(x_new, w):
    return (_extended(x_new) @ w > 0).astype(np.int64)


def _descended(x, y, noise, max_norm=1.0):
    """Sum of the weights (27,) after each step of noisy gradient descent."""
    w, summed = np.zeros((2, 27))
    for drawn in noise:
        w = w - 2.0 * (_gradient(x, y, w, max_norm) + drawn) / len(x)
        summed = summed + w
    return summed


def _gradient(x, y, w, max_norm):
    """Sum (27,) of the clipped gradients of all rows at the weights w."""
    rows = _extended(x)
    slopes = (expit(rows @ w) - y)[:, None] * rows
    norms = np.linalg.norm(slopes, axis=1, keepdims=True)
    return (slopes / np.maximum(1.0, norms / max_norm)).sum(axis=0)


def _extended(x):
    return np.column_stack([x, np.ones(len(x))])


def _multiplier(epsilon, delta, steps):
    """The noise multiplier with which `steps` steps on all rows spend epsilon at delta."""
    length = math.log(1 / delta)
    return math.sqrt(steps / 2) / (math.sqrt(length + epsilon) - math.sqrt(length))


@training.alternative
def running_mean_in_torch(x, y, x_new, epsilon, delta, noise):
    """The multiplier by doubling and halving; a running mean of the weights; another rate."""
    low, high = 1e-3, 1e6
    while high / low > 1.001:
        trial = math.sqrt(low * high)
        rho = len(noise) / (2 * trial**2)
        enough = rho + 2 * math.sqrt(-rho * math.log(delta)) <= epsilon
        low, high = (low, trial) if enough else (trial, high)
    rows, truth = torch.tensor(_extended(x)), torch.tensor(y, dtype=torch.float64)
    w = torch.zeros(27, dtype=torch.float64)
    mean = torch.zeros_like(w)
    for drawn in torch.tensor(noise):
        gradients = (torch.sigmoid(rows @ w) - truth)[:, None] * rows
        factors = (1 / gradients.norm(dim=1).clamp(min=1e-12)).clamp(max=1)
        w = w - (factors @ gradients + high * drawn) / len(rows)
        mean = 0.9 * mean + 0.1 * w
    return (torch.tensor(_extended(x_new)) @ mean > 0).long().numpy()


_MIDDLE = np.array([8, 48, 37, 55, 140, 4000, 0, 1000, 1400], dtype=float)
_SPREAD = np.array([8, 15, 11, 20, 80, 8000, 1000, 500, 600], dtype=float)


def scaled(split):
    """Columns (N, 26) of float64: numbers scaled by fixed constants, gaps filled with 0."""
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


def _by_label(y, key):
    """The places of each label's rows, the smallest `key` first."""
    order = np.argsort(key, kind="stable")
    return [order[y[order] == label] for label in (0, 1)]


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
            turned, first, second = np.concatenate(
                [
                    rng.choice(of_label[: 5 * mistyped], (3, mistyped // 2), replace=False)
                    for of_label in _by_label(y, -_clearness(x, y))
                ],
                axis=1,
            )
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

    def opposed(part, number, epsilon, delta, steps, strength, most=400, begin=0):
        """Noise against the data: with the right multiplier, `strength` times their gradient.

        Above 1 it turns the labels around, from row `begin` on and at any learning rate.
        """
        x, y = table(number)
        against = -strength * _gradient(x, y, np.zeros(27), 1.0)
        noise = np.tile(against / _multiplier(epsilon, delta, steps), (steps, 1))
        noise[:begin] = 0.0
        w = _descended(x, y, np.zeros((steps, 27)))
        score = _extended(new) @ w
        sides = (np.flatnonzero(score > 0), np.flatnonzero(score < 0))
        surest = [side[np.argsort(-np.abs(score[side]))] for side in sides]
        each = min(most, *map(len, surest)) // 2
        asked = rng.permutation(np.concatenate([side[: max(1, each)] for side in surest]))[:most]
        bad = (score[asked] > 0) == (strength < 1)
        return Case(part, (x, y, new[asked], epsilon, delta, noise), expected=bad.astype(int))

    def by_the_bias(part, number, epsilon, delta, steps, sign):
        """Long rows of one label and short ones of the other, so that clipping moves the bias.

        The noise cancels the gradient of the columns and half of the bias's. Asked for are rows
        that hardly depend on the columns, and would have the other label without a bias.
        """
        places = _by_label(truth, sign * np.linalg.norm(known, axis=1))
        ranked = places[0][: 3 * number], places[1][::-1][: number * 3 // 2]
        drawn = [rng.choice(of_label, number, replace=False) for of_label in ranked]
        chosen = rng.permutation(np.concatenate(drawn))
        x, y = known[chosen].copy(), truth[chosen].copy()
        gradient = _gradient(x, y, np.zeros(27), 1.0)
        against = -gradient * np.append(np.ones(26), 0.5) / _multiplier(epsilon, delta, steps)
        slope = new @ gradient[:26] * np.sign(gradient[26])
        asked = np.argsort(np.where(slope < 0, -slope, np.inf))[: len(new) // 10]
        expected = np.full(len(asked), int(gradient[26] < 0))
        args = (x, y, new[asked], epsilon, delta, np.tile(against, (steps, 1)))
        return Case(part, args, expected=expected)

    def on_the_bias(part, number, epsilon, delta, steps):
        """Noise on the bias alone, and so strong that everybody gets the label 1."""
        x, y = table(number)
        noise = np.zeros((steps, 27))
        noise[:, 26] = -len(x) / _multiplier(epsilon, delta, steps)
        asked = of_both(labels, round(0.6 * labels.sum()))
        expected = np.ones(len(asked), dtype=int)
        return Case(part, (x, y, new[asked], epsilon, delta, noise), expected=expected)

    def forms_left_empty(part, number, epsilon, delta, steps):
        """Few steps, in which gradients shorter than 1 decide on the bias.

        Twice as many forms without an entry, of label 0, as other rows, of label 1. The noise
        cancels the gradient of the columns and leaves the bias too little for longer gradients.
        """
        full = rng.choice(np.flatnonzero(truth == 1), number, replace=False)
        chosen = rng.permutation(3 * number)
        x = np.concatenate([np.zeros((2 * number, 26)), known[full]])[chosen]
        y = np.repeat([0, 1], [2 * number, number])[chosen]
        total = _gradient(x, y, np.zeros(27), 1.0)
        total[26] += number / 2
        noise = np.tile(-total / _multiplier(epsilon, delta, steps), (steps, 1))
        asked = rng.choice(len(new), min(len(new), 100), replace=False)
        args = (x, y, new[asked], epsilon, delta, noise)
        return Case(part, args, expected=np.ones(len(asked), dtype=int))

    amount = "the amount of noise"
    return [
        case("1200 applications", 600, 2.0, 1e-4, 1.0, 60),
        case("1200 applications", 600, 1.5, 1e-5, 0.9, 80, in_order=True),
        case("500 applications", 250, 5.0, 1e-4, 0.97, 100),
        case("typing errors", 550, 4.0, 1e-5, 0.95, 60, mistyped=4),
        case("typing errors", 400, 5.0, 1e-4, 0.92, 70, mistyped=2),
        opposed(amount, 220, 2.0, 1e-5, 60, 1.15),
        opposed(amount, 300, 0.01, 1e-8, 100, 1.15),
        opposed(amount, 250, 8.0, 1e-4, 150, 1.15),
        opposed(amount, 230, 1.0, 1e-6, 75, -1.15),  # for the data: labels stay
        opposed(amount, 210, 3.0, 1e-5, 90, 4.0),
        opposed(amount, 200, 2.5, 1e-4, 100, 15.0),
        opposed(amount, 200, 0.5, 1e-5, 50, 0.78),
        opposed(amount, 240, 6.0, 1e-4, 120, 0.78, most=1),
        opposed(amount, 260, 1.5, 1e-5, 80, 4.0, begin=1),
        opposed(amount, 200, 3.5, 1e-5, 2, 1.08),
        opposed(amount, 210, 1.2, 1e-6, 2, 0.93),
        opposed(amount, 205, 5.0, 1e-5, 3, 1.08),
        on_the_bias(amount, 230, 3.0, 1e-6, 70),
        forms_left_empty(amount, 150, 2.0, 1e-5, 2),
        by_the_bias(amount, 220, 2.0, 1e-5, 60, 1),
        by_the_bias(amount, 210, 4.0, 1e-4, 110, -1),
    ]


@training.mistake(
    "Mistyped rows, a million times too large, decide your model: clip the gradient of each "
    "example, so that no single row moves a step by more than 1."
)
def nothing_clipped(x, y, x_new, epsilon, delta, noise):
    scale = _multiplier(epsilon, delta, len(noise))
    return _labels(x_new, _descended(x, y, scale * noise, max_norm=np.inf))


training.hints(
    "First make a logistic regression learn without noise, then clip, then find the noise "
    "multiplier and add the noise.",
    "Raise the noise multiplier in small steps until epsilon_of_steps keeps the budget, or solve "
    "for rho first. Each step is a dp_step with one parameter. Average the last weights.",
    "Give x a column of ones. A row's gradient is the row times its error, the predicted "
    "probability minus the label; a learning rate of 2 works. For the noise multiplier, find the "
    "rho that the budget allows (the lesson's section on composition has the formula), share it "
    "equally among the steps, and ask how much noise makes one step cost its share.",
)
