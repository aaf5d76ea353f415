"""One step of DP-SGD, repaired: the exercise `dp_step`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

stepping = exercise(
    "dp_step",
    title="Repair a step of DP-SGD",
    points=3,
    difficulty=3,
    minutes=15,
    probe=Call(fresh=True),
    compare=close(rtol=1e-5, atol=1e-8),
    read="lesson.ipynb#DP-SGD,-by-hand",
)


@stepping.reference
def dp_step(
    parameters, gradients, noise, max_norm, noise_multiplier, expected_batch, learning_rate
):
    """Return the parameters, a list of new float arrays, after one step of DP-SGD.

    parameters, noise: lists of float arrays of the same shapes. gradients: list of float arrays
    (B, *shape), one gradient for each of B >= 0 examples.
    Source: Abadi and others (2016), algorithm 1, with the expected batch as the divisor.
    """
    squares = [np.square(g).sum(axis=tuple(range(1, g.ndim))) for g in gradients]
    norms = np.sqrt(np.sum(squares, axis=0))
    factors = max_norm / np.maximum(norms, max_norm)
    scale = learning_rate / expected_batch
    spread = noise_multiplier * max_norm
    return [
        value - scale * (np.einsum("b,b...->...", factors, g) + spread * drawn)
        for value, g, drawn in zip(parameters, gradients, noise, strict=True)
    ]


def _example_by_example(
    parameters, gradients, noise, max_norm, noise_multiplier, expected_batch, learning_rate, *,
    norm=lambda parts: np.sqrt(sum((p**2).sum() for p in parts)), inflate=False, clip_all=False,
    scale=None, divisor=None, after=False, sign=-1,
):  # fmt: skip
    """DP-SGD with a loop over the examples, and any of the usual slips."""
    count = len(gradients[0])
    sums = [np.zeros_like(p) for p in parameters]
    for i in range(count):
        parts = [g[i] for g in gradients]
        size = norm(parts)
        large = size > max_norm or inflate
        factor = max_norm / size if large and size > 0 and not clip_all else 1.0
        sums = [s + factor * p for s, p in zip(sums, parts, strict=True)]
    if clip_all:
        size = np.sqrt(sum(((s / max(count, 1)) ** 2).sum() for s in sums))
        sums = [s * min(1.0, max_norm / size) if size > 0 else s for s in sums]
    spread = noise_multiplier * max_norm if scale is None else scale
    below = expected_batch if divisor is None else divisor
    moves = [
        s / below + spread * z if after else (s + spread * z) / below
        for s, z in zip(sums, noise, strict=True)
    ]
    return [p + sign * learning_rate * m for p, m in zip(parameters, moves, strict=True)]


@stepping.alternative
def with_a_loop(*args):
    return _example_by_example(*args)


@stepping.alternative
def flat_in_torch(
    parameters, gradients, noise, max_norm, noise_multiplier, expected_batch, learning_rate
):
    flat = torch.cat([torch.tensor(g).flatten(start_dim=1) for g in gradients], dim=1)
    factors = (max_norm / flat.norm(dim=1).clamp(min=1e-12)).clamp(max=1.0)
    drawn = torch.cat([torch.tensor(z).flatten() for z in noise])
    total = (flat * factors[:, None]).sum(dim=0) + noise_multiplier * max_norm * drawn
    moves = (learning_rate / expected_batch * total).split([p.size for p in parameters])
    return [p - m.reshape(p.shape).numpy() for p, m in zip(parameters, moves, strict=True)]


@stepping.cases
def cases(rng):
    def case(part, shapes, count, max_norm, multiplier, expected, rate, sizes=(0.2, 3.0)):
        """A step on `count` gradients whose norms, over max_norm, lie in `sizes`."""
        gradients = [rng.normal(size=(count, *shape)) for shape in shapes]
        norms = np.sqrt(sum((g**2).sum(axis=tuple(range(1, g.ndim))) for g in gradients))
        wanted = max_norm * np.exp(np.linspace(*np.log(sizes), count)) / norms
        gradients = [g * wanted.reshape(-1, *[1] * (g.ndim - 1)) for g in gradients]
        parameters = [rng.normal(size=shape) for shape in shapes]
        noise = [rng.normal(size=shape) for shape in shapes]
        return Case(part, (parameters, gradients, noise, max_norm, multiplier, expected, rate))

    large = (1.5, 40.0)
    empty = case("small gradients, and none", [(2, 3), (3,)], 0, 0.7, 1.3, 8, 0.1)
    zeros = case("small gradients, and none", [(2,)], 3, 0.25, 0.5, 5, 0.3)
    for gradient in zeros.args[1]:
        gradient[1:] = 0.0
    network = [(3, 2), (2,), (2, 1, 2), (1,)]
    return [
        case("clipping, without noise", [(5,)], 6, 1.0, 0.0, 6, 0.5),
        case("clipping, without noise", [(4, 3), (3,)], 5, 0.5, 0.0, 5, 1.0, large),
        case("clipping, without noise", [(2, 2)], 1, 2.5, 0.0, 1, 0.25, (0.3, 0.3)),
        case("noise", [(3,)], 4, 0.5, 1.1, 4, 0.2),
        case("noise", [(2, 3), (3,)], 3, 2.0, 0.6, 3, 0.7),
        case("a batch of another size than expected", [(4,)], 7, 1.5, 0.9, 4, 0.1),
        case("a batch of another size than expected", network, 2, 0.3, 2.0, 5, 1.5),
        empty,
        zeros,
        case("small gradients, and none", network, 4, 3.0, 0.3, 2, 0.4, (0.01, 0.9)),
    ]


def _slipped(make):
    """A step whose slip may depend on the arguments: `make(a)` gives the slip's keywords."""
    names = (
        "parameters", "gradients", "noise", "max_norm", "noise_multiplier", "expected_batch",
        "learning_rate",
    )  # fmt: skip

    def dp_step(*args, **kwargs):
        a = {**dict(zip(names, args, strict=False)), **kwargs}
        return _example_by_example(**a, **make(a))

    return dp_step


clipping = stepping.group("Clipping", make=_slipped)


@clipping.mistake(
    "You clipped the mean of the batch: one example can then still turn the whole step. Clip the "
    "gradient of each example before adding up."
)
def the_mean_is_clipped(a):
    return {"clip_all": True}


@stepping.mistake(
    "You clipped each array by itself: an example's norm runs over all of its arrays together."
)
def array_by_array(right, a):
    return [
        dp_step([p], [g], [z], a.max_norm, a.noise_multiplier, a.expected_batch, a.learning_rate)[0]
        for p, g, z in zip(a.parameters, a.gradients, a.noise, strict=True)
    ]


@clipping.mistake(
    "You scaled small gradients up to max_norm: clipping only makes long gradients shorter."
)
def small_gradients_inflated(a):
    return {"inflate": True}


@clipping.mistake("Nothing is clipped in your step: multiply each example's gradient by "
                  "min(1, max_norm / norm).")  # fmt: skip
def nothing_clipped(a):
    return {"norm": lambda parts: 0.0}


@clipping.mistake("You compared the squared norm with max_norm: take its square root first.")
def squared_norm(a):
    return {"norm": lambda parts: sum((p**2).sum() for p in parts)}


@stepping.mistake(
    "You clipped each number of a gradient: clip its length, which keeps its direction."
)
def numbers_clipped(right, a):
    return dp_step(
        a.parameters,
        [np.clip(g, -a.max_norm, a.max_norm) for g in a.gradients],
        a.noise,
        1e9,
        a.noise_multiplier * a.max_norm / 1e9,
        a.expected_batch,
        a.learning_rate,
    )


noises = stepping.group("Noise", make=_slipped)


@noises.mistake(
    "Your noise does not grow with max_norm: its standard deviation is noise_multiplier * max_norm."
)
def noise_without_the_norm(a):
    return {"scale": a["noise_multiplier"]}


@noises.mistake(
    "You added the noise after dividing by the batch: it belongs to the sum, and is divided, too."
)
def noise_after_dividing(a):
    return {"after": True}


@noises.mistake("Your step has no noise: it clips, but promises nothing.")
def no_noise(a):
    return {"scale": 0.0}


@stepping.mistake(
    "You added the noise once for each example: the sum of all clipped gradients gets it once."
)
def noise_for_each_example(right, a):
    return right(noise=[len(a.gradients[0]) * z for z in a.noise])


@stepping.mistake(
    "Your code fails on an empty batch: a step without examples still has its noise. "
    "reshape(0, -1) cannot tell the second side; give it the size of the parameter."
)
def empty_batch_fails(right, a):
    [g.reshape(len(g), -1) for g in a.gradients]
    return right()


divisors = stepping.group("The divisor", make=_slipped)


@divisors.mistake(
    "You divided by the size of this batch: it says how many were drawn, which is private, too. "
    "Divide by expected_batch."
)
def divided_by_the_batch(a):
    return {"divisor": max(len(a["gradients"][0]), 1)}


@divisors.mistake("You did not divide the sum: divide it, noise and all, by expected_batch.")
def not_divided(a):
    return {"divisor": 1}


@divisors.mistake("You moved uphill: the step goes against the gradient.")
def uphill(a):
    return {"sign": 1}


stepping.hints(
    "Follow one example through the script: where is its own gradient shortened?",
    "Norm of each example over all arrays; factor min(1, max_norm / norm); weighted sum over the "
    "examples; plus noise_multiplier * max_norm * noise; over expected_batch.",
    "norms = sqrt of the sum over the arrays of (g ** 2).sum(axis=tuple(range(1, g.ndim))); "
    "factors = np.minimum(1, max_norm / np.maximum(norms, 1e-12)); np.tensordot(factors, g, "
    "axes=(0, 0)).",
)
