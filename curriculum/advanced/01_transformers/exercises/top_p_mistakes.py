"""More mistakes in `top_p`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .top_p import choosing, keeping, nucleus


@keeping.mistake(
    "You kept one token too many: the one with which the sum reaches p is the last, so ask whether "
    "the sum *before* a token is below p."
)
def one_token_too_many():
    def keep(ranked, p):
        inside = np.cumsum(ranked, axis=-1) - ranked < p
        return np.concatenate([inside[..., :1], inside[..., :-1]], axis=-1)

    return {"keep": keep}


@keeping.mistake(
    "You compared each token's own probability with p: add the probabilities up, the largest "
    "first, until the sum reaches p."
)
def own_probability():
    def keep(ranked, p):
        inside = ranked >= p
        inside[..., 0] = True
        return inside

    return {"keep": keep}


@keeping.mistake(
    "You kept all tokens: from the most likely one on, as few are kept as it takes to reach p."
)
def all_kept():
    return {"keep": lambda ranked, p: np.ones_like(ranked, dtype=bool)}


@keeping.mistake(
    "You kept the fraction p of the tokens: what must reach p is the sum of their probabilities."
)
def fraction_of_the_tokens():
    def keep(ranked, p):
        number = np.ceil(p * ranked.shape[-1])
        return np.broadcast_to(np.arange(ranked.shape[-1]) < number, ranked.shape)

    return {"keep": keep}


@keeping.mistake(
    "Your sum runs on from one row to the next: each row is a choice of its own, so add up along "
    "the last axis."
)
def rows_added_together():
    def keep(ranked, p):
        inside = np.cumsum(ranked).reshape(ranked.shape) - ranked < p
        inside[..., 0] = True
        return inside

    return {"keep": keep}


@keeping.mistake(
    "You added up along the first axis, from row to row: within each row, along the last one."
)
def added_along_the_first_axis():
    return {"keep": lambda ranked, p: np.cumsum(ranked, axis=0) - ranked < p}


def _kept(logits, p, temperature, rank):
    """Probabilities, of which the first by `rank` are kept until their sum reaches p."""
    if temperature == 0:
        return nucleus(logits, p, temperature)
    likely = nucleus(logits, 1.0, temperature)
    order = np.argsort(rank(likely), axis=-1, kind="stable")
    ranked = np.take_along_axis(likely, order, axis=-1)
    inside = np.cumsum(ranked, axis=-1) - ranked < p
    result = np.zeros_like(likely)
    np.put_along_axis(result, order, np.where(inside, ranked, 0.0), axis=-1)
    return result / result.sum(axis=-1, keepdims=True)


@choosing.mistake("You added up the least likely tokens first: begin with the most likely one.")
def least_likely_first(logits, p, temperature=1.0):
    return _kept(logits, p, temperature, lambda likely: likely)


@choosing.mistake(
    "You added up in the order of the indices: sort first, and begin with the most likely token."
)
def not_sorted(logits, p, temperature=1.0):
    return _kept(logits, p, temperature, np.zeros_like)


@choosing.mistake(
    "You took argsort's indices for ranks: order[i] is the token of rank i, so what is kept at i "
    "goes to the place order[i], as np.put_along_axis does."
)
def order_taken_for_ranks(logits, p, temperature=1.0):
    if temperature == 0:
        return nucleus(logits, p, temperature)
    likely = nucleus(logits, 1.0, temperature)
    order = np.argsort(-likely, axis=-1, kind="stable")
    kept = nucleus(logits, p, temperature)
    ranked = np.take_along_axis(kept, order, axis=-1)
    return np.take_along_axis(ranked, order, axis=-1)


@choosing.mistake(
    "Your softmax is over all rows together: each row is a choice of its own, and its "
    "probabilities add up to 1 before any is left out."
)
def one_softmax_for_all(logits, p, temperature=1.0):
    if temperature == 0:
        return nucleus(logits, p, temperature)
    powers = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    likely = powers / powers.sum()
    order = np.argsort(-likely, axis=-1, kind="stable")
    ranked = np.take_along_axis(likely, order, axis=-1)
    inside = np.cumsum(ranked, axis=-1) - ranked < p
    result = np.zeros_like(likely)
    np.put_along_axis(result, order, np.where(inside, ranked, 0.0), axis=-1)
    return result / result.sum(axis=-1, keepdims=True)


@choosing.mistake(
    "You subtracted one maximum from all rows. Where a row lies far below it, all of its powers "
    "round to 0, and 0 / 0 is nan: subtract each row's own."
)
def one_maximum_for_all(logits, p, temperature=1.0):
    if temperature == 0:
        return nucleus(logits, p, temperature)
    return nucleus(logits - logits.max(), p, temperature, stable=False)


@choosing.mistake(
    "You made new probabilities by a second softmax: divide what is kept by its sum, so that the "
    "ratios stay."
)
def softmax_again(right, a):
    kept = right()
    whole = right(p=1.0)
    if a.temperature == 0:
        return kept
    powers = np.where(kept > 0, np.exp(whole), 0.0)
    return powers / powers.sum(axis=-1, keepdims=True)


@choosing.mistake(
    "A logit of -inf became an ordinary one in your answer: leave it as it is, since exp gives it "
    "the probability 0."
)
def impossible_tokens_at_0(right, a):
    return right(logits=np.nan_to_num(a.logits, neginf=0.0))


@choosing.mistake(
    "At p = 1 you draw the most likely token alone: then all tokens are kept, and none is left out."
)
def greedy_at_p_1(right, a):
    return right(temperature=0.0 if a.p == 1 else a.temperature)


zero = choosing.group("A temperature of 0")


@zero.mistake(
    "At a temperature of 0 you shared the probability among equally likely tokens: the first of "
    "them gets all of it."
)
def shared_at_zero(right, a):
    if a.temperature != 0:
        return right()
    best = (a.logits == a.logits.max(axis=-1, keepdims=True)).astype(float)
    return best / best.sum(axis=-1, keepdims=True)


@zero.mistake(
    "At a temperature of 0 you took the last of equally likely tokens: take the first, as argmax "
    "does."
)
def last_at_zero(right, a):
    if a.temperature != 0:
        return right()
    return right(logits=a.logits[..., ::-1])[..., ::-1]


@zero.mistake(
    "You left the logits as they are at a temperature of 0: the lower it is, the sharper, and at 0 "
    "all of the probability goes to the most likely token."
)
def zero_taken_for_one(right, a):
    return right(temperature=a.temperature or 1.0)


@choosing.mistake(
    "You left out the token with which the sum reaches p. Where the first alone is above p, "
    "nothing is left, and the row is 0: at least one token is always kept."
)
def nothing_left_but_zeros(logits, p, temperature=1.0):
    return np.nan_to_num(nucleus(logits, p, temperature, keep=_up_to))


def _up_to(ranked, p):
    return np.cumsum(ranked, axis=-1) <= p


@keeping.mistake(
    "You left out the token with which the sum reaches p, and what is left does not add up to 1: "
    "keep that token, too, and divide by the sum of all that are kept."
)
def crossing_token_left_out_unscaled():
    def keep(ranked, p):
        inside = _up_to(ranked, p)
        inside[..., 0] = True
        return inside

    return {"keep": keep, "renormalise": False}


@choosing.mistake(
    "You turned the order around the wrong way: argsort says which token has rank i, so whether "
    "rank i is kept is written to the place order[i], as np.put_along_axis does."
)
def marks_read_by_the_order(logits, p, temperature=1.0):
    likely = nucleus(logits, 1.0, temperature)
    if temperature == 0:
        return likely
    order = np.argsort(-likely, axis=-1, kind="stable")
    ranked = np.take_along_axis(likely, order, axis=-1)
    inside = np.cumsum(ranked, axis=-1) - ranked < p
    kept = np.where(np.take_along_axis(inside, order, axis=-1), likely, 0.0)
    with np.errstate(invalid="ignore"):
        return kept / kept.sum(axis=-1, keepdims=True)


@choosing.mistake(
    "Your code takes a single row: logits may have any number of leading axes, so sort, add up "
    "and choose along the last axis."
)
def single_row_only(logits, p, temperature=1.0):
    result = np.zeros_like(logits, dtype=float)
    if temperature == 0:
        result[np.argmax(logits)] = 1.0
        return result
    likely = np.exp((logits - logits.max()) / temperature)
    likely /= likely.sum()
    order = np.argsort(-likely, kind="stable")
    number = np.searchsorted(np.cumsum(likely[order]), p) + 1
    result[order[:number]] = likely[order[:number]]
    return result / result.sum()


@keeping.mistake(
    "You left out the token with which the sum reaches p: it is kept, too, so that at least one is."
)
def sum_below_p():
    def keep(ranked, p):
        inside = np.cumsum(ranked, axis=-1) < p
        inside[..., 0] = True
        return inside

    return {"keep": keep}


@keeping.mistake(
    "You left out the token with which the sum reaches p. Where the first alone is above p, "
    "nothing is left, and 0 / 0 is nan."
)
def sum_below_p_nothing_left():
    return {"keep": lambda ranked, p: np.cumsum(ranked, axis=-1) < p}
