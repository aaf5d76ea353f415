"""Attention with any leading axes and an optional mask: the exercise `attention`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value, tuple_order

attending = exercise(
    "attention",
    title="Attention, for any number of axes",
    points=2,
    difficulty=2,
    minutes=9,
    probe=Call(),
    compare=close(rtol=1e-4, atol=1e-5),
    read="lesson.ipynb#Attention-is-a-soft-look-up",
    returns=("output", "weights"),
    forms=[
        tuple_order((1, 0), "Your values are right, but swapped: first the output, then weights."),
        only_value(0, "You returned the output alone: return the pair (output, weights)."),
    ],
)


@attending.reference
def attention(queries, keys, values, allowed=None):
    """Return (output, weights): float arrays (..., T, V) and (..., T, S).

    queries: float (..., T, D). keys: float (..., S, D). values: float (..., S, V), with the same
    leading axes. allowed: bool, of a shape that broadcasts to (..., T, S), True where a query may
    look. A query that may look nowhere has weights and output 0.
    """
    scores = np.einsum("...td,...sd->...ts", queries, keys) / np.sqrt(queries.shape[-1])
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    highest = scores.max(axis=-1, keepdims=True, initial=np.finfo(float).min)
    powers = np.exp(scores - highest)
    totals = powers.sum(axis=-1, keepdims=True)  # at least 1, or 0 where nothing is allowed
    weights = powers / np.maximum(totals, 1.0)
    return np.einsum("...ts,...sv->...tv", weights, values), weights


@attending.alternative
def with_torch(queries, keys, values, allowed=None):
    q, k, v = (torch.tensor(a, dtype=torch.float64) for a in (queries, keys, values))
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if allowed is not None:
        scores = scores.masked_fill(~torch.tensor(allowed), float("-inf"))
    chances = scores.softmax(dim=-1).nan_to_num(0.0)
    return (chances @ v).numpy(), chances.numpy()


@attending.alternative
def one_query_after_the_other(queries, keys, values, allowed=None):
    lead, steps = queries.shape[:-2], queries.shape[-2]
    weights = np.zeros((*lead, steps, keys.shape[-2]))
    seen = np.broadcast_to(True if allowed is None else allowed, weights.shape)
    for place in np.ndindex(*lead, steps):
        open_ = np.flatnonzero(seen[place])
        if not len(open_):
            continue
        scores = keys[place[:-1]][open_] @ queries[place] / queries.shape[-1] ** 0.5
        powers = np.exp(scores - scores.max())
        weights[(*place, open_)] = powers / powers.sum()
    return weights @ values, weights


@attending.cases
def cases(rng):
    def case(part, lead, steps, keys, width, depth, allowed=None, size=1.0):
        arrays = (
            size * rng.normal(size=(*lead, steps, width)),
            rng.normal(size=(*lead, keys, width)),
            rng.normal(size=(*lead, keys, depth)),
        )
        return Case(part, arrays if allowed is None else (*arrays, allowed))

    def some(*shape, share=0.6):
        """A mask in which each query may look somewhere."""
        mask = rng.random(shape) < share
        mask[..., 0] |= ~mask.any(axis=-1)
        return mask

    row = some(2, 3, 1, 5)
    blind = some(4, 5)
    blind[1] = False
    blind_in_one = some(2, 3, 4)
    blind_in_one[1, 2] = False
    far = case("scores of many hundreds", (2,), 3, 4, 9, 2, size=1.0)
    far.args[0][:] *= 900.0 / np.abs(far.args[0]).max()
    furthest = case("scores of many hundreds", (2,), 3, 4, 2, 3, np.ones((2, 3, 4), bool), 1e5)
    scores = furthest.args[0] @ furthest.args[1].swapaxes(-1, -2)
    np.put_along_axis(furthest.args[3], scores.argmax(axis=-1, keepdims=True), False, axis=-1)
    furthest.args[3][0, 0] = scores[0, 0] == scores[0, 0].min()  # the lowest score alone
    return [
        case("one sequence", (), 3, 4, 5, 2),
        case("one sequence", (), 1, 1, 1, 3),
        case("one sequence", (), 4, 2, 8, 1),
        case("leading axes", (3,), 2, 5, 4, 3),
        case("leading axes", (2, 3), 4, 3, 6, 5),
        case("leading axes", (1, 2), 2, 1, 3, 2),
        case("a mask", (), 5, 4, 3, 6, some(5, 4)),
        case("a mask", (2, 3), 4, 5, 2, 3, row),
        case("a mask", (2,), 3, 4, 7, 2, some(3, 4)),
        case("a mask", (2,), 4, 4, 3, 2, np.tri(4, dtype=bool)),
        case("a mask", (3,), 1, 6, 4, 2, some(3, 1, 6)),
        case("queries that may look nowhere", (), 4, 5, 3, 2, blind),
        case("queries that may look nowhere", (2,), 3, 4, 4, 3, blind_in_one),
        case("queries that may look nowhere", (), 1, 1, 2, 2, np.array([[False]])),
        far,
        case("scores of many hundreds", (), 4, 3, 2, 3, some(4, 3), size=2000.0),
        furthest,
    ]


def _attend(
    queries, keys, values, allowed=None, *, scale=None, axis=-1, blocked=-np.inf, stable=True,
    mend=True,
):  # fmt: skip
    """Attention in which a slip can be made."""
    scale = np.sqrt(queries.shape[-1]) if scale is None else scale
    scores = queries @ np.swapaxes(keys, -1, -2) / scale
    if allowed is not None:
        scores = np.where(allowed, scores, blocked)
    with np.errstate(all="ignore"):
        if stable:
            scores = scores - scores.max(axis=axis, keepdims=True)
        powers = np.exp(scores)
        weights = powers / powers.sum(axis=axis, keepdims=True)
    if mend:
        weights = np.nan_to_num(weights)
    return weights @ values, weights


def _slipped(make):
    """Attention whose slip may depend on the arguments: `make(a)` gives the slip's keywords."""

    def attention(queries, keys, values, allowed=None):
        slip = make({"queries": queries, "keys": keys, "values": values})
        return _attend(queries, keys, values, allowed, **slip)

    return attention


scales = attending.group("The scale", make=_slipped)


@scales.mistake("You did not scale the scores: divide them by the root of the width D.")
def not_scaled(a):
    return {"scale": 1.0}


@scales.mistake("You divided the scores by D: divide by its root.")
def divided_by_the_width(a):
    return {"scale": a["queries"].shape[-1]}


@scales.mistake(
    "You scaled by the width of the values: D is the width of queries and keys, which are "
    "multiplied."
)
def width_of_the_values(a):
    return {"scale": np.sqrt(a["values"].shape[-1])}


@scales.mistake(
    "You scaled by the root of the number of keys: what makes a score large is the width D."
)
def number_of_keys(a):
    return {"scale": np.sqrt(a["keys"].shape[-2])}


softmaxes = attending.group("The softmax", make=_slipped)


@softmaxes.mistake(
    "Your softmax runs over the queries: the weights of each query, over all keys, add up to 1, "
    "so it runs along the last axis."
)
def over_the_queries(a):
    return {"axis": -2}


@softmaxes.mistake(
    "Your softmax overflows where scores are large: subtract the largest score of each query "
    "before exp."
)
def overflow(a):
    return {"stable": False, "mend": False}


masks = attending.group("The mask", make=_slipped)


@masks.mistake(
    "A query that may look nowhere got nan: 0 divided by 0. Give it weights of 0, and an output "
    "of 0."
)
def blind_queries_are_nan(a):
    return {"mend": False}


@masks.mistake(
    "A query that may look nowhere looks everywhere in your answer, since all of its scores are "
    "equally low: give it weights of 0."
)
def blind_queries_look_everywhere(a):
    return {"blocked": -1e9}


@masks.mistake("You set blocked scores to 0, but exp(0) is 1: set them to -inf, whose exp is 0.")
def blocked_scores_are_zero(a):
    return {"blocked": 0.0}


@attending.mistake("Your mask is turned around: it is True where a query may look.")
def mask_turned_around(right, a):
    return right(allowed=None if a.allowed is None else ~a.allowed)


@attending.mistake(
    "You blocked after the softmax, so that the weights left do not add up to 1: block the "
    "scores before it."
)
def blocked_after_the_softmax(right, a):
    output, weights = right(allowed=None)
    if a.allowed is not None:
        weights = weights * a.allowed
        output = weights @ a.values
    return output, weights


@attending.mistake("You ignored the mask.")
def mask_ignored(right, a):
    return right(allowed=None)


@attending.mistake(
    "You turned all axes of the keys around, as .T does: swap only the last two, with "
    "np.swapaxes(keys, -1, -2)."
)
def all_axes_turned(queries, keys, values, allowed=None):
    scores = queries @ keys.T / np.sqrt(queries.shape[-1])
    scores = scores if allowed is None else np.where(allowed, scores, -np.inf)
    with np.errstate(all="ignore"):
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = np.nan_to_num(powers / powers.sum(axis=-1, keepdims=True))
    return weights @ values, weights


attending.hints(
    "Write it for one sequence, then let every axis before the last two be anything: which "
    "operation multiplies matrices along the last two axes only?",
    "Scores (..., T, S) by @ with the keys' last two axes swapped, over the root of D; -inf where "
    "allowed is False; softmax along the last axis, safe for large scores; times the values.",
    "Subtract each row's maximum before exp. A row of nothing but -inf has the maximum -inf: "
    "put 0 in its place first, and divide only where the sum is above 0.",
)
