"""More mistakes in `dp_step`, which is declared beside."""

from __future__ import annotations

import math

import numpy as np

from .dp_step import _slipped, dp_step, stepping

norms = stepping.group("The norm", make=_slipped)


@norms.mistake(
    "You added the norms of an example's arrays up: the norm of all of them together is the root "
    "of the sum of their squares."
)
def norms_added(a):
    return {"norm": lambda parts: sum(math.sqrt((p**2).sum()) for p in parts)}


@norms.mistake(
    "You took the norm of an example's longest array: the norm of all of them together is the root "
    "of the sum of their squares."
)
def longest_array(a):
    return {"norm": lambda parts: max(math.sqrt((p**2).sum()) for p in parts)}


@norms.mistake(
    "You took the sum of absolute values as the norm: Gaussian noise goes with the Euclidean norm, "
    "the root of the sum of squares."
)
def absolute_values(a):
    return {"norm": lambda parts: sum(np.abs(p).sum() for p in parts)}


@norms.mistake(
    "You dropped examples whose gradient is too long: clipping shortens them to max_norm, and they "
    "still count."
)
def long_ones_dropped(a):
    def norm(parts):
        size = math.sqrt(sum((p**2).sum() for p in parts))
        return math.inf if size > a["max_norm"] else size

    return {"norm": norm}


clips = stepping.group("What is clipped")


@clips.mistake(
    "You clipped the sum over the batch: one example can then still turn the whole step. Clip the "
    "gradient of each example before adding up."
)
def the_sum_is_clipped(right, a):
    sums = [g.sum(axis=0) for g in a.gradients]
    size = math.sqrt(sum((s**2).sum() for s in sums))
    factor = a.max_norm / max(size, a.max_norm)
    return right(gradients=[factor * s[None] for s in sums])


@clips.mistake(
    "You clipped each array to max_norm over the root of their number: the statement clips the "
    "gradient of an example over all its arrays together."
)
def arrays_share_the_norm(right, a):
    number = math.sqrt(len(a.parameters))
    return [
        dp_step([p], [g], [z], a.max_norm / number, a.noise_multiplier * number, *rest)[0]
        for p, g, z in zip(a.parameters, a.gradients, a.noise, strict=True)
        for rest in [(a.expected_batch, a.learning_rate)]
    ]


@clips.mistake(
    "You took the norm along the last axis alone, so each row of a matrix is clipped by itself: an "
    "example's norm runs over all numbers of all its arrays."
)
def last_axis_alone(right, a):
    clipped = []
    for g in a.gradients:
        sizes = np.linalg.norm(g, axis=-1, keepdims=True)
        clipped.append(g * a.max_norm / np.maximum(sizes, a.max_norm))
    spread = a.noise_multiplier * a.max_norm
    return _unclipped(a, clipped, [spread * z for z in a.noise])


@clips.mistake(
    "You added noise to each example before clipping: the clipping cuts the noise, too, and the "
    "sum has none of its own. Clip first, add up, then add the noise once."
)
def noise_before_clipping(right, a):
    spread = a.noise_multiplier * a.max_norm
    noisy = [g + spread * z for g, z in zip(a.gradients, a.noise, strict=True)]
    return right(gradients=noisy, noise_multiplier=0.0)


def _unclipped(a, gradients, noise):
    """A step with the sum of `gradients`, as they are, and `noise`, as it is."""
    scale = a.learning_rate / a.expected_batch
    return [
        p - scale * (g.sum(axis=0) + z)
        for p, g, z in zip(a.parameters, gradients, noise, strict=True)
    ]


edges = stepping.group("Small gradients, and none")


@edges.mistake(
    "You took no step where the batch is empty: who sees the parameters stand still then knows "
    "that nobody was drawn. The step still has its noise."
)
def no_step_without_a_batch(right, a):
    return right() if len(a.gradients[0]) else [p.copy() for p in a.parameters]


@edges.mistake(
    "You divided a gradient of zeros by its norm, which gives nan: divide by max(norm, max_norm) "
    "instead, or guard the norm by a tiny number."
)
def zero_over_zero(right, a):
    sizes = np.sqrt(sum((g**2).sum(axis=tuple(range(1, g.ndim))) for g in a.gradients))
    broken = [np.where((sizes == 0).reshape(-1, *[1] * (g.ndim - 1)), np.nan, g)
              for g in a.gradients]  # fmt: skip
    return right(gradients=broken)


amounts = stepping.group("The amount of noise", make=_slipped)


@amounts.mistake(
    "You took noise_multiplier * max_norm as a variance: it is the standard deviation, and "
    "multiplies the noise as it is."
)
def multiplier_as_variance(a):
    return {"scale": math.sqrt(a["noise_multiplier"] * a["max_norm"])}


@amounts.mistake(
    "Your noise grows with the root of the batch: the sum gets one draw of standard deviation "
    "noise_multiplier * max_norm, however many were drawn."
)
def noise_with_the_root_of_the_batch(a):
    number = math.sqrt(len(a["gradients"][0]))
    return {"scale": a["noise_multiplier"] * a["max_norm"] * number}


@amounts.mistake(
    "Your noise grows with the root of the number of arrays: max_norm bounds all arrays of an "
    "example together, so each number gets noise_multiplier * max_norm."
)
def noise_with_the_root_of_the_arrays(a):
    number = math.sqrt(len(a["parameters"]))
    return {"scale": a["noise_multiplier"] * a["max_norm"] * number}


@stepping.mistake(
    "You did not multiply the noise by the learning rate: it is part of the gradient that the step "
    "takes."
)
def noise_beside_the_rate(right, a):
    return right(noise=[z / a.learning_rate for z in a.noise])


@clips.mistake(
    "You squared and added up along axis 1 alone: an example's gradient may have more axes, so add "
    "up over all but the first, as with g.reshape(len(g), …) or a tuple of axes."
)
def added_along_axis_1(right, a):
    squares = np.zeros(len(a.gradients[0]))
    for g in a.gradients:
        squares = squares + (g**2).sum(axis=1)
    factors = a.max_norm / np.maximum(np.sqrt(squares), a.max_norm)
    clipped = [g * factors.reshape(-1, *[1] * (g.ndim - 1)) for g in a.gradients]
    spread = a.noise_multiplier * a.max_norm
    return _unclipped(a, clipped, [spread * z for z in a.noise])
