"""Exercise `rms_norm` of the lesson: a normalisation without a mean. It earns no points."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_list

scaling = exercise(
    "rms_norm",
    title="Try it: RMSNorm",
    points=0,
    difficulty=2,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#The-residual-stream-and-its-norms",
    forms=[as_list()],
)


@scaling.reference
def rms_norm(x, gain):
    """Divide each vector of x, float array (T, C), by its root mean square; multiply by gain (C,).

    No vector is all zeros, and nothing is added below the root.
    """
    lengths = np.linalg.norm(x, axis=1, keepdims=True) / np.sqrt(x.shape[1])
    return x / lengths * gain


@scaling.alternative
def by_torch(x, gain):
    normed = torch.nn.functional.rms_norm(
        torch.tensor(x), (x.shape[1],), torch.tensor(gain), 1e-300
    )
    return normed.numpy()


@scaling.cases
def cases(rng):
    def case(part, length, width, size, gains):
        x = rng.normal(loc=rng.normal(), scale=size, size=(length, width))
        return Case(part, (x, gains(width)))

    ones = np.ones
    return [
        case("gain 1", 4, 3, 1.0, ones),
        case("gain 1", 3, 6, 20.0, ones),
        case("other gains", 5, 4, 0.1, lambda width: rng.normal(size=width)),
        case("other gains", 2, 7, 5.0, lambda width: rng.uniform(0.5, 2, size=width)),
        case("one vector", 1, 5, 3.0, lambda width: rng.normal(size=width)),
        case("one channel", 6, 1, 2.0, lambda width: rng.normal(size=width)),
    ]


@scaling.mistake("You subtracted the mean first: LayerNorm does, but RMSNorm does not.")
def mean_subtracted(right, a):
    centred = a.x - a.x.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True)) * a.gain


@scaling.mistake(
    "You divided by the standard deviation, which measures from the mean: take the root of the "
    "mean square, which measures from 0."
)
def standard_deviation(right, a):
    with np.errstate(all="ignore"):
        return a.x / a.x.std(axis=1, keepdims=True) * a.gain


@scaling.mistake(
    "You normalised each channel over the positions: treat each position alone, axis=1."
)
def over_positions(right, a):
    return a.x / np.sqrt((a.x**2).mean(axis=0, keepdims=True)) * a.gain


@scaling.mistake(
    "You divided by the length of the vector, the root of the sum of squares: take their mean, so "
    "that the result does not shrink with the width."
)
def sum_of_squares(right, a):
    return a.x / np.sqrt((a.x**2).sum(axis=1, keepdims=True)) * a.gain


@scaling.mistake("The root is missing: you divided by the mean square.")
def without_the_root(right, a):
    return a.x / (a.x**2).mean(axis=1, keepdims=True) * a.gain


@scaling.mistake("You left the gain out: multiply by it, channel by channel, at the end.")
def without_gain(right, a):
    return right(gain=np.ones_like(a.gain))


@scaling.mistake("You took one root mean square of the whole array: each position has its own.")
def one_for_all(right, a):
    return a.x / np.sqrt((a.x**2).mean()) * a.gain


scaling.hints(
    "Which numbers share one root mean square: a row, or a column?",
    "Square, take the mean along axis 1 and keep that axis, take the root.",
    "def rms_norm(x, gain):\n"
    "    mean_square = (x**2).mean(axis=1, keepdims=True)\n"
    "    return x / np.sqrt(mean_square) * gain",
)
