"""More mistakes in `attention`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .attention import attending, softmaxes


@softmaxes.mistake(
    "Your softmax runs over the whole map of each sequence: the weights of each single query add "
    "up to 1."
)
def over_the_map(a):
    return {"axis": (-2, -1)}


@softmaxes.mistake(
    "Your softmax runs along axis 1, where the keys are only as long as there are no leading "
    "axes: it runs along the last one, -1."
)
def along_axis_1(a):
    return {"axis": 1}


def _scores(queries, keys, allowed):
    scores = queries @ keys.swapaxes(-1, -2) / np.sqrt(queries.shape[-1])
    return scores if allowed is None else np.where(allowed, scores, -np.inf)


def _shared(powers):
    """Powers divided by their sums, 0 where there is nothing to divide."""
    totals = powers.sum(axis=-1, keepdims=True)
    return powers / np.where(totals > 0, totals, 1.0)


@attending.mistake(
    "You subtracted one maximum from all scores. Where a query's own are far below it, all of its "
    "powers round to 0: subtract each query's own largest score."
)
def one_maximum_for_all(queries, keys, values, allowed=None):
    scores = _scores(queries, keys, allowed)
    weights = _shared(np.exp(scores - scores.max(initial=np.finfo(float).min)))
    return weights @ values, weights


@attending.mistake(
    "Your exp overflows where scores are large, and rounds to 0 where all of a query's are very "
    "low: subtract each query's largest score first."
)
def overflow_where_sums_are_guarded(queries, keys, values, allowed=None):
    with np.errstate(all="ignore"):
        weights = _shared(np.exp(_scores(queries, keys, allowed)))
    return weights @ values, weights


@attending.mistake(
    "You clipped large scores, so that different ones become equal: subtract each query's largest "
    "score instead, which changes no weight."
)
def scores_clipped(queries, keys, values, allowed=None):
    scores = np.clip(_scores(queries, keys, None), -500.0, 500.0)
    weights = _shared(np.exp(scores) * (1.0 if allowed is None else allowed))
    return weights @ values, weights


@attending.mistake(
    "You blocked after the softmax and divided again. Where a blocked score is far above the "
    "others, their weights have already rounded to 0: block the scores before the softmax."
)
def blocked_after_and_divided_again(right, a):
    _, weights = right(allowed=None)
    weights = weights if a.allowed is None else _shared(weights * a.allowed)
    return weights @ a.values, weights


@attending.mistake(
    "The second value holds scores: return the weights, which their softmax gives.",
    read="lesson.ipynb#Attention-is-a-soft-look-up",
)
def scores_returned(right, a):
    return right()[0], _scores(a.queries, a.keys, a.allowed)


@attending.mistake(
    "The weights that you return do not know the mask: a key that a query may not look at has the "
    "weight 0, in both values."
)
def weights_without_the_mask(right, a):
    return right()[0], right(allowed=None)[1]


@attending.mistake(
    "You lowered blocked scores by 10 000, and where scores are large they still win: set them "
    "to -inf."
)
def blocked_scores_not_low_enough(queries, keys, values, allowed=None):
    scores = _scores(queries, keys, None)
    allowed = np.broadcast_to(True if allowed is None else allowed, scores.shape)
    scores = scores - 1e4 * ~allowed
    weights = _shared(np.exp(scores - scores.max(axis=-1, keepdims=True)))
    weights = weights * allowed.any(axis=-1, keepdims=True)
    return weights @ values, weights


@attending.mistake(
    "A query that may look nowhere looks at every key in your answer: its weights are 0, and so is "
    "its output."
)
def blind_queries_see_all(right, a):
    if a.allowed is None:
        return right()
    shape = (*a.queries.shape[:-1], a.keys.shape[-2])
    full = np.broadcast_to(a.allowed, shape)
    return right(allowed=full | ~full.any(axis=-1, keepdims=True))


@attending.mistake(
    "The weights of a query that may look nowhere are still nan: set them to 0, and its output "
    "follows."
)
def nan_left_in_weights(right, a):
    output, weights = right()
    sums = weights.sum(axis=-1, keepdims=True)
    return output, np.where(sums > 0, weights, np.nan)


@attending.mistake(
    "You index the scores with the mask, which must have their very shape then: allowed may have "
    "fewer axes, or axes of length 1. np.where(allowed, …) broadcasts it."
)
def mask_as_an_index(queries, keys, values, allowed=None):
    scores = _scores(queries, keys, None)
    if allowed is not None:
        scores[~allowed] = -np.inf
    lowest = np.finfo(float).min
    weights = _shared(np.exp(scores - scores.max(axis=-1, keepdims=True, initial=lowest)))
    return weights @ values, weights
