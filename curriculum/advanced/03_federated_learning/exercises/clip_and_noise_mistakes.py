"""More mistakes in `clip_and_noise`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .clip_and_noise import protecting

norms = protecting.group("The norm of an update")


def _shortened(right, a, norm):
    """The step with updates clipped by another norm (a function of a list of arrays)."""
    short = [
        [array * (a.max_norm / max(norm(update), a.max_norm)) for array in update]
        for update in a.updates
    ]
    return right(
        updates=short, max_norm=1e9, noise_multiplier=a.noise_multiplier * a.max_norm / 1e9
    )


@norms.mistake(
    "You added the norms of the arrays: the norm of a whole update is the root of the sum of all "
    "squares, which is smaller."
)
def norms_added(right, a):
    return _shortened(right, a, lambda update: sum(np.linalg.norm(array) for array in update))


@norms.mistake(
    "You clipped by the largest norm of an array: the norm of a whole update is the root of the "
    "sum of all squares, which is larger."
)
def largest_norm_of_an_array(right, a):
    return _shortened(right, a, lambda update: max(np.linalg.norm(array) for array in update))


@norms.mistake(
    "An update of zeros makes your step NaN: its norm is 0, and 0 / 0 is NaN. Divide by "
    "max(norm, max_norm), or clip only where the norm is larger than max_norm."
)
def zeros_become_nan(right, a):
    if all(any(array.any() for array in update) for update in a.updates):
        return right()
    return [np.full_like(z, np.nan) for z in a.noise]


others = protecting.group("Weight and noise")


@others.mistake(
    "You divided the counts by the largest of them: then a client's weight depends on who else "
    "came. Divide by cap, and let the weight be 1 at most."
)
def weighted_by_the_largest_count(right, a):
    return right(cap=max(1, *a.counts, 1))


@others.mistake(
    "You took the root of noise_multiplier: it is a factor of the standard deviation, not of the "
    "variance."
)
def noise_multiplier_as_variance(right, a):
    return right(noise_multiplier=np.sqrt(a.noise_multiplier))


@others.mistake(
    "When nobody comes your step has no noise: then it shows that nobody came. A round without "
    "clients has its noise, too."
)
def nobody_without_noise(right, a):
    return right() if a.updates else right(noise_multiplier=0.0)


@others.mistake(
    "You clipped the sum once more with its noise in it: clip each client's update, and nothing "
    "after the noise."
)
def noise_clipped_too(right, a):
    noisy = [step * a.expected_weight for step in right()]
    norm = np.sqrt(sum(np.square(array).sum() for array in noisy))
    return [array * a.max_norm / max(norm, a.max_norm) / a.expected_weight for array in noisy]
