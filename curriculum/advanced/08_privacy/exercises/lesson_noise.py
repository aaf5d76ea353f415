"""Small exercises on noise and clipping, of lesson and deeper. They earn no points."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_list, complement, in_percent

surveying = exercise(
    "estimate_share",
    title="Try it: undo the coin",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Randomised-response",
    forms=[in_percent(), complement()],
)


@surveying.reference
def estimate_share(answers, honesty):
    """Estimate the fraction of yes, a float, from randomised answers, float array (N,), 0 or 1.

    honesty: the probability, above 0, that a person answers truthfully; otherwise a fair coin does.
    """
    return float((np.mean(answers) - 0.5) / honesty + 0.5)


@surveying.alternative
def from_the_counts(answers, honesty):
    expected_from_coins = (1 - honesty) * len(answers) / 2
    return float((sum(answers.tolist()) - expected_from_coins) / (honesty * len(answers)))


@surveying.cases
def surveys(rng):
    def case(part, number, honesty, fraction):
        return Case(part, ((rng.random(number) < fraction).astype(float), honesty))

    return [
        case("half of the answers are honest", 40, 0.5, 0.4),
        case("another honesty", 31, 0.8, 0.3),
        case("another honesty", 9, 1.0, 0.5),
        case("another honesty", 12, 0.25, 0.9),
        case("another honesty", 1, 0.6, 1.0),
    ]


@surveying.mistake("That is the fraction of yes among the answers, coins and all: take them off.")
def as_reported(answers, honesty):
    return float(np.mean(answers))


@surveying.mistake("You forgot to divide by honesty: only that fraction of answers are people's.")
def not_divided(answers, honesty):
    return float(np.mean(answers) - (1 - honesty) / 2)


@surveying.mistake("All of the coins count as yes in your formula: only half of them show yes.")
def every_coin_says_yes(answers, honesty):
    return float((np.mean(answers) - (1 - honesty)) / honesty)


surveying.hints(
    "What fraction of yes do the coins add?",
    "A fraction 1 - honesty of the answers are coins, and half of them say yes.",
    "def estimate_share(answers, honesty):\n"
    "    reported = answers.mean()\n"
    "    return (reported - (1 - honesty) / 2) / honesty",
)


drawing = exercise(
    "laplace_noise",
    title="Try it: Laplace noise",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=close(),
    read="deeper.ipynb#Laplace-noise-from-uniform-numbers",
    forms=[as_list()],
)


@drawing.reference
def laplace_noise(uniform, scale):
    """Turn uniform numbers in -1/2…1/2, float array (N,), into Laplace noise (N,) of this scale."""
    return -scale * np.sign(uniform) * np.log1p(-2 * np.abs(uniform))


@drawing.alternative
def from_the_distribution(uniform, scale):
    below = np.minimum(uniform, 0.0)
    above = np.maximum(uniform, 0.0)
    return scale * (np.log(1 + 2 * below) - np.log(1 - 2 * above))


@drawing.alternative
def by_torch(uniform, scale):
    drawn = torch.distributions.Laplace(0.0, 1.0).icdf(torch.tensor(uniform) + 0.5)
    return scale * drawn.numpy()


@drawing.cases
def uniform_numbers(rng):
    return [
        Case("scale 1", (rng.uniform(-0.49, 0.49, 6), 1.0)),
        Case("another scale", (rng.uniform(-0.49, 0.49, 9), 0.35)),
        Case("another scale", (rng.uniform(-0.49, 0.49, 4), 12.5)),
        Case("another scale", (np.array([0.25]), 2.0)),
        Case("another scale", (np.append(rng.uniform(-0.1, 0.1, 2), 0.0), 2.5)),
    ]


@drawing.mistake("All of your noise is positive: multiply by the sign of the uniform number.")
def one_sided(right, a):
    return np.abs(right())


@drawing.mistake("You divided by the scale: noise grows with it.")
def divided_by_the_scale(right, a):
    return right(scale=1 / a.scale)


@drawing.mistake("The sign is turned: a logarithm of numbers below 1 is negative.")
def turned(right, a):
    return -right()


@drawing.mistake("The 2 is missing: 1 - 2 |u| runs from 1 to 0, as the logarithm needs.")
def without_the_two(right, a):
    return -a.scale * np.sign(a.uniform) * np.log1p(-np.abs(a.uniform))


drawing.hints(
    "The size of the noise comes from the distance |u| to zero, its side from the sign of u.",
    "The size is -scale * log(1 - 2 |u|), the side np.sign(u).",
    "def laplace_noise(uniform, scale):\n"
    "    size = -scale * np.log(1 - 2 * np.abs(uniform))\n"
    "    return np.sign(uniform) * size",
)


clipping = exercise(
    "clip_per_example",
    title="Try it: clip each example",
    points=0,
    difficulty=2,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#DP-SGD,-by-hand",
    forms=[as_list()],
)


@clipping.reference
def clip_per_example(gradients, max_norm):
    """Shorten each row of gradients, float array (B, P), to max_norm where it is longer."""
    norms = np.sqrt(np.square(gradients).sum(axis=1, keepdims=True))
    return gradients / np.maximum(1.0, norms / max_norm)


@clipping.alternative
def row_by_row(gradients, max_norm):
    shortened = np.array(gradients, dtype=float)
    for row in shortened:
        length = np.linalg.norm(row)
        if length > max_norm:
            row *= max_norm / length
    return shortened


@clipping.cases
def batches_of_gradients(rng):
    def case(part, count, width, max_norm, sizes):
        drawn = rng.normal(size=(count, width))
        lengths = max_norm * np.exp(np.linspace(*np.log(sizes), count))[:, None]
        return Case(
            part, (drawn / np.linalg.norm(drawn, axis=1, keepdims=True) * lengths, max_norm)
        )

    return [
        case("long gradients", 4, 3, 1.0, (1.5, 30.0)),
        case("long gradients", 2, 5, 0.25, (2.0, 9.0)),
        case("short gradients", 3, 2, 2.5, (0.1, 0.9)),
        case("short gradients", 1, 4, 0.5, (0.4, 0.4)),
        case("both, and a gradient of zeros", 6, 3, 1.5, (0.2, 6.0)),
        Case("both, and a gradient of zeros", (np.array([[0.0], [3.0], [-0.5]]), 0.75)),
    ]


@clipping.mistake("You clipped the norm of the whole batch: each row has its own norm, axis=1.")
def whole_batch(right, a):
    return a.gradients * min(1.0, a.max_norm / np.linalg.norm(a.gradients))


@clipping.mistake("You made short gradients longer: those within max_norm stay as they are.")
def all_to_max_norm(right, a):
    norms = np.linalg.norm(a.gradients, axis=1, keepdims=True)
    return a.gradients * a.max_norm / np.where(norms > 0, norms, 1.0)


@clipping.mistake("You clipped each number: shorten the row, so that it keeps its direction.")
def number_by_number(right, a):
    return np.clip(a.gradients, -a.max_norm, a.max_norm)


@clipping.mistake("You took the norm of each column: rows are examples, so use axis=1.")
def column_by_column(right, a):
    norms = np.linalg.norm(a.gradients, axis=0, keepdims=True)
    return a.gradients / np.maximum(1.0, norms / a.max_norm)


clipping.hints(
    "Each row is the gradient of one example. How long is it?",
    "norms = np.linalg.norm(gradients, axis=1, keepdims=True); rows longer than max_norm are "
    "multiplied by max_norm / norm, the others by 1.",
    "def clip_per_example(gradients, max_norm):\n"
    "    norms = np.linalg.norm(gradients, axis=1, keepdims=True)\n"
    "    return gradients / np.maximum(1, norms / max_norm)",
)
