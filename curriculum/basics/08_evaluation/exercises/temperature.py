"""Calibrate an overconfident network: the exercise `temperature`."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_softmax, softmax

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import in_array, rounded

LOWEST, HIGHEST = 0.05, 20.0

scaling = exercise(
    "temperature",
    title="Temperature",
    points=3,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=close(rtol=0.01, atol=0.0),
    read="lesson.ipynb#Temperature",
    forms=[
        in_array(),
        rounded(0, "Your temperature is rounded to a whole number: return it to 1 % or better."),
    ],
)


@scaling.reference
def temperature(logits, labels):
    """Return the T in 0.05…20 with the lowest mean cross-entropy of softmax(logits / T).

    logits: finite float (N, K), K >= 2; labels: whole numbers (N,), 0 to K - 1. Returns a float.
    Source: Guo et al. (2017).
    """
    own = logits[np.arange(len(labels)), labels].mean()

    def slope(sharpness):  # of the loss, in 1 / T: it rises from end to end
        expected = (softmax(sharpness * logits, axis=1) * logits).sum(axis=1)
        return expected.mean() - own

    if slope(1 / LOWEST) <= 0:
        return LOWEST
    if slope(1 / HIGHEST) >= 0:
        return HIGHEST
    return 1 / brentq(slope, 1 / HIGHEST, 1 / LOWEST)


@scaling.alternative
def on_a_fine_grid(logits, labels):
    grid = torch.logspace(np.log10(LOWEST), np.log10(HIGHEST), 1500, dtype=torch.float64)
    scaled = torch.log_softmax(torch.tensor(logits)[None] / grid[:, None, None], dim=-1)
    picked = scaled[:, torch.arange(len(labels)), torch.tensor(labels)].mean(dim=1)
    return grid[picked.argmax()].item()


@scaling.cases
def cases(rng):
    def drawn(part, rows, kinds, true):
        """Logits that are `true` times too large, with labels drawn from the right ones."""
        honest = rng.normal(scale=2.0, size=(rows, kinds)) + rng.normal(scale=3, size=(rows, 1))
        uniform = rng.gumbel(size=(rows, kinds))
        return Case(part, (true * honest, (honest + uniform).argmax(axis=1)))

    def of_two_kinds(right):
        """400 equally confident predictions, `right` of them right: 215 ask for a T of 13.3."""
        return np.tile([1.0, -1.0], (400, 1)), (np.arange(400) >= right).astype(int)

    def with_one_grave_error():
        """As `drawn`, with one row that is wrong and very sure: no clipped probability sees it."""
        honest = rng.normal(scale=2.0, size=(200, 3))
        labels = (honest + rng.gumbel(size=(200, 3))).argmax(axis=1)
        sure = np.array([[400.0, 0.0, -400.0]])
        return np.concatenate([4.0 * honest, sure]), np.append(labels, 1)

    def far_from_zero():
        """As `drawn`, with all logits of a row moved far up or down, which changes no softmax."""
        honest = rng.normal(scale=2.0, size=(150, 3)) + rng.choice([-9e4, 9e4], (150, 1))
        return 1.7 * honest, (honest + rng.gumbel(size=(150, 3))).argmax(axis=1)

    sure = rng.normal(size=(12, 3))
    return [
        drawn("overconfident", 300, 4, 2.5),
        drawn("overconfident", 250, 2, 5.0),
        drawn("underconfident", 300, 3, 0.4),
        drawn("underconfident", 280, 5, 0.2),
        drawn("large logits", 200, 3, 12.0),
        Case("large logits", with_one_grave_error()),
        Case("large logits", far_from_zero()),
        Case("the ends", (sure, sure.argmax(axis=1))),
        Case("the ends", (sure, sure.argmin(axis=1))),
        Case("the ends", (np.array([[2.0, -1.5]]), np.array([1]))),
        Case("the ends", of_two_kinds(right=200)),
        Case("near the end", of_two_kinds(right=215)),
    ]


def _loss(logits, labels):
    """Mean cross-entropy."""
    return -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()


def _lowest(loss):
    """The T with the lowest loss: on a coarse logarithmic grid, then between its neighbours.

    An end of the range is told as that end, as a grid tells it.
    """
    grid = np.log(np.geomspace(LOWEST, HIGHEST, 60))
    best = int(np.argmin([loss(np.exp(log_t)) for log_t in grid]))
    between = grid[max(best - 1, 0)], grid[min(best + 1, 59)]
    found = float(np.exp(minimize_scalar(lambda log_t: loss(np.exp(log_t)), bounds=between).x))
    return next((end for end in (LOWEST, HIGHEST) if abs(found / end - 1) < 1e-3), found)


direction = scaling.group("What T does")


@direction.mistake("You returned 1 / T: logits are divided by the temperature.")
def inverse(right, a):
    return 1 / right()


@direction.mistake("You divided probabilities by T: divide the logits, then take the softmax.")
def probabilities_divided(logits, labels):
    chances = softmax(logits, axis=1)
    return _lowest(lambda t: _loss(chances / t, labels))


@direction.mistake(
    "You took the softmax over the rows: the K logits of one row compete, so it runs along axis 1."
)
def softmax_over_the_rows(logits, labels):
    own = np.arange(len(labels)), labels
    return _lowest(lambda t: -log_softmax(logits / t, axis=0)[own].mean())


@direction.mistake(
    "Your index [:, labels] takes N columns of every row: each row counts with its own label, so "
    "index with [np.arange(N), labels]."
)
def labels_of_all_rows(logits, labels):
    shares = np.bincount(labels, minlength=logits.shape[1]) / len(labels)
    return _lowest(lambda t: -(log_softmax(logits / t, axis=1) @ shares).mean())


@direction.mistake("You compared the first two logits alone: the softmax runs over all K of them.")
def first_two_logits(logits, labels):
    gap = np.where(labels == 1, 1, -1) * (logits[:, 1] - logits[:, 0])
    return _lowest(lambda t: np.logaddexp(0, -gap / t).mean())


goal = scaling.group("What is minimised")


@goal.mistake(
    "Your T makes the mean confidence equal to the accuracy: minimise the mean cross-entropy, "
    "which may give another T."
)
def confidence_equals_accuracy(logits, labels):
    right = np.mean(logits.argmax(axis=1) == labels)
    return _lowest(lambda t: abs(softmax(logits / t, axis=1).max(axis=1).mean() - right))


@goal.mistake("Your T minimises the Brier score: minimise the mean cross-entropy.")
def brier(logits, labels):
    hot = np.eye(logits.shape[1])[labels]
    return _lowest(lambda t: ((softmax(logits / t, axis=1) - hot) ** 2).sum(axis=1).mean())


@goal.mistake(
    "You keep probabilities away from 0, so a grave error costs no more than a small one: take "
    "scipy.special.log_softmax of the logits, which needs no clipping."
)
def probabilities_clipped(logits, labels):
    own = np.arange(len(labels)), labels
    return _lowest(lambda t: -np.log(softmax(logits / t, axis=1)[own] + 1e-12).mean())


@goal.mistake("You returned the lowest loss: return the temperature at which it is that low.")
def lowest_loss(right, a):
    return float(_loss(a.logits / right(), a.labels))


@goal.mistake("You returned 1, which leaves the network as it is.")
def left_at_1(logits, labels):
    return 1.0


numbers = scaling.group("Numbers")


@numbers.mistake(
    "You searched only from 0.5 to 5: the best temperature may lie anywhere from 0.05 to 20."
)
def searched_too_narrowly(right, a):
    return min(5.0, max(0.5, right()))


@numbers.mistake("You searched from 0.2 on, as the lesson does: here the range begins at 0.05.")
def searched_as_in_the_lesson(right, a):
    return max(0.2, right())


@numbers.mistake(
    "You searched from 1 on: a network that is not sure enough needs a temperature below 1."
)
def never_sharper(right, a):
    return max(1.0, right())


@numbers.mistake(
    "Your T is outside the range: if the loss is still falling at 0.05 or 20, that end is the "
    "answer."
)
def ends_ignored(logits, labels):
    found = minimize_scalar(
        lambda log_t: _loss(logits / np.exp(log_t), labels), bounds=(-9, 9), method="bounded"
    )
    return float(np.exp(found.x))


scaling.hints(
    "Write a function loss(T) first: the mean cross-entropy of logits / T. Plot it.",
    "The loss falls, then rises: search for its lowest point between 0.05 and 20, best on a "
    "logarithmic scale. A fine grid is enough, and so is scipy.optimize.minimize_scalar.",
    "With scipy.special.log_softmax: loss = -log_softmax(logits / T, axis=1)[rows, labels].mean(). "
    "Try 1500 values of np.geomspace(0.05, 20, 1500), and return the best one as a float.",
)
