"""Differential privacy of a client: the exercise `clip_and_noise`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

protecting = exercise(
    "clip_and_noise",
    title="Hide a whole client",
    points=3,
    difficulty=3,
    minutes=11,
    probe=Call(fresh=True),
    compare=close(rtol=1e-5, atol=1e-8),
    read="lesson.ipynb#Differential-privacy-of-a-client",
)


@protecting.reference
def clip_and_noise(updates, counts, cap, max_norm, noise_multiplier, noise, expected_weight):
    """Return the server's step, a list of new float arrays.

    updates: for each of K >= 0 clients a list of float arrays. counts: int array (K,). cap: int,
    the examples that count at most. noise: list of standard normal arrays, of the model's shapes.
    Source: McMahan and others (2018), the estimator with a fixed denominator.
    """
    sums = [noise_multiplier * max_norm * drawn for drawn in noise]
    for update, count in zip(updates, counts, strict=True):
        norm = np.sqrt(sum(np.square(array).sum() for array in update))
        factor = min(count / cap, 1.0) * max_norm / max(norm, max_norm)
        sums = [s + factor * array for s, array in zip(sums, update, strict=True)]
    return [s / expected_weight for s in sums]


def _all_at_once(
    updates, counts, cap, max_norm, noise_multiplier, noise, expected_weight, *,
    norm=np.linalg.norm, inflate=False, weight=lambda n, cap: np.minimum(n / cap, 1.0),
    scale=None, divisor=None, after=False,
):  # fmt: skip
    """The step with one long row for each client, and any of the usual slips."""
    sizes = [z.size for z in noise]
    drawn = np.concatenate([z.ravel() for z in noise])
    rows = [np.concatenate([a.ravel() for a in update]) for update in updates]
    total = np.zeros(len(drawn))
    for row, n in zip(rows, counts, strict=True):
        size = norm(row)
        if size > max_norm or inflate and size > 0:
            row = row * max_norm / size
        total = total + weight(n, cap) * row
    spread = noise_multiplier * max_norm if scale is None else scale
    below = expected_weight if divisor is None else divisor
    step = total / below + spread * drawn if after else (total + spread * drawn) / below
    parts = np.split(step, np.cumsum(sizes)[:-1])
    return [part.reshape(z.shape) for part, z in zip(parts, noise, strict=True)]


@protecting.alternative
def one_row_for_each_client(*args):
    return _all_at_once(*args)


@protecting.alternative
def matrices_in_torch(updates, counts, cap, max_norm, noise_multiplier, noise, expected_weight):
    sums = [noise_multiplier * max_norm * torch.tensor(z) for z in noise]
    if updates:
        stacks = [torch.tensor(np.array(arrays)) for arrays in zip(*updates, strict=True)]
        flat = torch.cat([stack.flatten(start_dim=1) for stack in stacks], dim=1)
        factors = (max_norm / flat.norm(dim=1).clamp(min=1e-12)).clamp(max=1.0)
        factors = factors * (torch.tensor(counts) / cap).clamp(max=1.0)
        sums = [s + torch.tensordot(factors, x, dims=1) for s, x in zip(sums, stacks, strict=True)]
    return [(s / expected_weight).numpy() for s in sums]


@protecting.cases
def cases(rng):
    def case(part, shapes, counts, cap, max_norm, multiplier, expected, sizes=(0.3, 4.0)):
        """A round of clients whose norms, over max_norm, lie in `sizes`."""
        updates = []
        for size in np.exp(np.linspace(*np.log(sizes), len(counts))):
            update = [rng.normal(size=shape) for shape in shapes]
            norm = np.sqrt(sum((a**2).sum() for a in update))
            updates.append([a * (size * max_norm / norm) for a in update])
        noise = [rng.normal(size=shape) for shape in shapes]
        counts = np.array(counts, dtype=np.int64)
        return Case(part, (updates, counts, cap, max_norm, multiplier, noise, expected))

    large, small = (1.6, 30.0), (0.05, 0.8)
    network = [(3, 2), (2,), (2, 1, 2), (1,)]
    still = case("small updates, and nobody", [(2,), (1, 3)], [4, 9, 20], 12, 1.3, 0.8, 2.5, small)
    for array in still.args[0][1]:
        array[...] = 0.0
    return [
        case("clipping, without noise", [(5,)], [40, 40, 40, 40], 40, 1.0, 0.0, 4.0),
        case("clipping, without noise", [(4, 2), (3,)], [7, 7, 7], 7, 0.5, 0.0, 3.0, large),
        case("clipping, without noise", [(2, 2)], [5], 5, 2.5, 0.0, 1.0, large),
        case("the weight of a client", [(3, 3)], [2, 150, 31, 60], 60, 0.8, 0.0, 3.1, small),
        case("the weight of a client", network, [9, 1, 30, 0, 14], 15, 1.7, 0.0, 2.75, large),
        case("the weight of a client", [(6,)], [3, 88], 100, 0.35, 0.0, 0.9),
        case("the weight of a client", [(2,), (3,)], [1, 0, 4], 1, 1.25, 0.0, 1.5),
        case("noise", [(4,)], [20, 5, 33], 20, 0.6, 1.1, 2.25),
        case("noise", [(2, 3), (3,)], [12, 30], 25, 2.4, 0.45, 1.48),
        case("noise", network, [8, 8, 3, 21], 10, 0.2, 3.0, 6.0),
        still,
        case("small updates, and nobody", [(3,), (2, 2)], [], 10, 0.7, 1.3, 2.0),
        case("small updates, and nobody", network, [30, 11], 24, 3.0, 0.25, 0.5, small),
    ]


def _slipped(make):
    """A step whose slip may depend on the arguments: `make(a)` gives the slip's keywords."""
    names = (
        "updates", "counts", "cap", "max_norm", "noise_multiplier", "noise", "expected_weight",
    )  # fmt: skip

    def clip_and_noise(*args, **kwargs):
        a = {**dict(zip(names, args, strict=False)), **kwargs}
        return _all_at_once(**a, **make(a))

    return clip_and_noise


clipping = protecting.group("Clipping", make=_slipped)


@protecting.mistake(
    "You clipped each array by itself: a client's update is clipped as a whole, by one norm over "
    "all of its arrays."
)
def array_by_array(right, a):
    return [
        right(updates=[[update[i]] for update in a.updates], noise=[a.noise[i]])[0]
        for i in range(len(a.noise))
    ]


@clipping.mistake(
    "You scaled short updates up to max_norm: clipping only shortens those that are longer."
)
def short_updates_inflated(a):
    return {"inflate": True}


@clipping.mistake(
    "Nothing is clipped in your step: then no noise is large enough to hide a client. Multiply by "
    "max_norm / norm where the norm is larger than max_norm."
)
def nothing_clipped(a):
    return {"norm": lambda row: 0.0}


@clipping.mistake("You compared the squared norm with max_norm: take its square root first.")
def squared_norm(a):
    return {"norm": lambda row: row @ row}


@clipping.mistake(
    "You used the sum of absolute values as the norm: Gaussian noise needs the Euclidean one."
)
def sum_of_magnitudes(a):
    return {"norm": lambda row: np.abs(row).sum()}


@protecting.mistake(
    "You clipped the sum of all updates: one client can then still turn the whole step. Clip each "
    "client's update before you add it."
)
def the_sum_is_clipped(right, a):
    silent = right(max_norm=1e9, noise_multiplier=0.0)
    norm = np.sqrt(sum(((s * a.expected_weight) ** 2).sum() for s in silent))
    factor = a.max_norm / max(norm, a.max_norm)
    spread = a.noise_multiplier * a.max_norm / a.expected_weight
    return [factor * s + spread * z for s, z in zip(silent, a.noise, strict=True)]


@protecting.mistake(
    "You clipped each number of an update: clip its length, which keeps its direction."
)
def numbers_clipped(right, a):
    cut = [[np.clip(x, -a.max_norm, a.max_norm) for x in update] for update in a.updates]
    return right(updates=cut, max_norm=1e9, noise_multiplier=a.noise_multiplier * a.max_norm / 1e9)


weights = protecting.group("The weight of a client", make=_slipped)


@weights.mistake(
    "You weighted by the examples without the cap: a client with ten times as many could then move "
    "the step ten times as far, and the noise would not hide it. Its weight is at most 1."
)
def weights_not_capped(a):
    return {"weight": lambda n, cap: n / cap}


@weights.mistake(
    "You gave every client the weight 1: one with fewer examples than cap counts count / cap."
)
def weights_all_equal(a):
    return {"weight": lambda n, cap: 1.0}


@weights.mistake(
    "You weighted by the number of examples itself: divide it by cap, and let it be 1 at most."
)
def weights_not_divided(a):
    return {"weight": lambda n, cap: min(n, cap)}


@protecting.mistake(
    "You multiplied by the weight before clipping: then a light client with a long update counts "
    "as much as a heavy one. Clip first, then weight."
)
def weighted_before_clipping(right, a):
    shares = [min(n / a.cap, 1.0) for n in a.counts]
    light = [[s * x for x in update] for update, s in zip(a.updates, shares, strict=True)]
    return right(updates=light, counts=np.full_like(a.counts, a.cap))


noises = protecting.group("Noise and divisor", make=_slipped)


@noises.mistake(
    "Your noise does not grow with max_norm: its standard deviation is noise_multiplier * max_norm."
)
def noise_without_the_norm(a):
    return {"scale": a["noise_multiplier"]}


@noises.mistake(
    "You added the noise after dividing: it belongs to the sum, and is divided with it."
)
def noise_after_dividing(a):
    return {"after": True}


@noises.mistake("Your step has no noise: it clips, but promises nothing.")
def no_noise(a):
    return {"scale": 0.0}


@protecting.mistake(
    "You added the noise once for each client: the sum over all clients gets it once."
)
def noise_for_each_client(right, a):
    return right(noise=[len(a.updates) * z for z in a.noise])


@noises.mistake(
    "You divided by the weights of those who came: that sum depends on who took part, which is "
    "what is to be hidden. Divide by expected_weight."
)
def divided_by_the_weights_that_came(a):
    found = sum(min(n / a["cap"], 1.0) for n in a["counts"])
    return {"divisor": found or 1.0}


@noises.mistake(
    "You divided by the number of clients that came: divide by expected_weight, which was fixed "
    "before the round."
)
def divided_by_the_clients(a):
    return {"divisor": len(a["updates"]) or 1}


@noises.mistake("You did not divide the sum: divide it, noise and all, by expected_weight.")
def not_divided(a):
    return {"divisor": 1}


@protecting.mistake(
    "Your code fails when nobody comes: a round without clients still has its noise. Take the "
    "shapes from noise."
)
def nobody_fails(right, a):
    [len(array) for array in a.updates[0]]
    return right()


protecting.hints(
    "By how much can one client change the sum, whoever it is and whatever it sends? Make that "
    "max_norm.",
    "For each client: one norm over all arrays; factor max_norm / norm where the norm is larger, "
    "else 1; times min(count / cap, 1). Add up, add noise_multiplier * max_norm * noise, divide "
    "by expected_weight.",
    "Begin the sums with the noise, whose shapes are the model's: then a round without clients "
    "needs no case of its own. max(norm, max_norm) below the line never divides by 0.",
)
