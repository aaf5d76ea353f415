"""More mistakes in `cached_step`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .cached_step import by_head, cache, heads, mask, stepping


@mask.mistake(
    "A new token sees the one after it, too: its row of the triangle ends with itself, at S + t."
)
def one_ahead(a):
    return {"diagonal": lambda past: past + 1}


def _softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _mixed(x, keys, values, w_q, w_k, w_v, w_o, *, weigh, key_of=None, value_of=None, join=None):
    """One step by `weigh`, from scores and what is seen to weights.

    key_of, value_of: the key head of each query head. join: from heads (N, H, T, D) to features.
    """
    width, past = keys.shape[3], keys.shape[2]
    new_keys = np.concatenate([keys, by_head(x @ w_k.T, width)], axis=2)
    new_values = np.concatenate([values, by_head(x @ w_v.T, width)], axis=2)
    q = by_head(x @ w_q.T, width)
    number, groups = q.shape[1], keys.shape[1]
    own = np.arange(number) * groups // number
    key_of = own if key_of is None else key_of(number, groups)
    value_of = own if value_of is None else value_of(number, groups)
    scores = q @ new_keys[:, key_of].swapaxes(2, 3) / np.sqrt(width)
    seen = np.tri(x.shape[1], new_keys.shape[2], k=past, dtype=bool)
    mixed = weigh(scores, seen) @ new_values[:, value_of]
    joined = join(mixed) if join else mixed.transpose(0, 2, 1, 3).reshape(*x.shape[:2], -1)
    return joined @ w_o.T, new_keys, new_values


def _as_asked(scores, seen):
    return _softmax(np.where(seen, scores, -np.inf))


def _weighed(make):
    """A mistaken step: `make()` gives what differs."""

    def cached_step(x, keys, values, w_q, w_k, w_v, w_o):
        return _mixed(x, keys, values, w_q, w_k, w_v, w_o, **{"weigh": _as_asked, **make()})

    return cached_step


weights = stepping.group("The weights", make=_weighed)


@weights.mistake(
    "You hid the future after the softmax, so that the weights left do not add up to 1: hide it in "
    "the scores."
)
def future_hidden_after_the_softmax():
    return {"weigh": lambda scores, seen: _softmax(scores) * seen}


@weights.mistake("You set the scores of the future to 0, but exp(0) is 1: set them to -inf.")
def future_scores_are_zero():
    return {"weigh": lambda scores, seen: _softmax(np.where(seen, scores, 0.0))}


@weights.mistake(
    "Your softmax runs over the new tokens: the weights of each one, over all keys, add up to 1, "
    "so it runs along the last axis."
)
def softmax_over_queries():
    def weigh(scores, seen):
        scores = np.where(seen, scores, -np.inf)
        with np.errstate(all="ignore"):
            return _softmax(scores, axis=-2)

    return {"weigh": weigh}


@weights.mistake(
    "Your exp overflows where scores are large: subtract the largest score of each row first."
)
def overflow():
    def weigh(scores, seen):
        with np.errstate(all="ignore"):
            powers = np.exp(np.where(seen, scores, -np.inf))
            return powers / powers.sum(axis=-1, keepdims=True)

    return {"weigh": weigh}


sharing = stepping.group(
    "Shared key heads", read="lesson.ipynb#Try-it:-the-bytes-of-a-cache", make=_weighed
)


def _dealt(number, groups):
    return np.arange(number) % groups


@sharing.mistake(
    "Your values are dealt out in turn, your keys are not: both go to neighbouring query heads, as "
    "np.repeat does."
)
def values_shared_in_turn():
    return {"value_of": _dealt}


@sharing.mistake(
    "You divided the number of the query head by G: it is divided by H / G, the number of query "
    "heads that share one."
)
def divided_by_the_groups():
    def of(number, groups):
        return np.minimum(np.arange(number) // groups, groups - 1)

    return {"key_of": of, "value_of": of}


@sharing.mistake(
    "All query heads use the first key head in your answer: with G of them, each serves H / G."
)
def first_for_all():
    def of(number, groups):
        return np.zeros(number, dtype=int)

    return {"key_of": of, "value_of": of}


@sharing.mistake(
    "You joined the heads feature by feature: they stand side by side, all D features of head 0 "
    "first."
)
def joined_feature_by_feature():
    def join(mixed):
        return mixed.transpose(0, 2, 3, 1).reshape(mixed.shape[0], mixed.shape[2], -1)

    return {"join": join}


def _cut(x, width):
    """(N, T, H * D) reshaped to (N, H, T, D), which mixes the tokens."""
    count, steps, features = x.shape
    return x.reshape(count, features // width, steps, width)


@heads.mistake(
    "You reshaped to (N, H, T, D) at once, which mixes tokens: reshape to (N, T, H, D), then swap "
    "the two axes."
)
def split_without_swapping(a):
    return {"split": _cut}


@cache.mistake(
    "The new tokens stand before the old ones in your cache: the old ones come first, so that time "
    "runs along the axis."
)
def new_ones_first(right, a):
    output, k, v = right()
    past = a.keys.shape[2]
    return output, np.roll(k, -past, axis=2), np.roll(v, -past, axis=2)


@cache.mistake("You gave all texts the cache of the first one: each row has its own.")
def cache_of_the_first_text(right, a):
    return right(
        keys=np.repeat(a.keys[:1], len(a.x), 0), values=np.repeat(a.values[:1], len(a.x), 0)
    )


@stepping.mistake("You swapped w_k and w_v: keys come from w_k, values from w_v.")
def keys_from_w_v(right, a):
    return right(w_k=a.w_v, w_v=a.w_k)


@stepping.mistake(
    "You added x, as a block does: here the product with w_o is returned, and the stream is added "
    "elsewhere."
)
def stream_added(right, a):
    output, k, v = right()
    return output + a.x, k, v


@mask.mistake(
    "Where there is a cache your new tokens see each other's future: only a single new token may "
    "look everywhere. Token t sees all S old ones and the new ones up to itself."
)
def future_seen_behind_a_cache(a):
    return {"diagonal": lambda past: past + 10_000 if past else past}


@stepping.mistake(
    "You took H to be C / D: the number of query heads is that of the rows of w_q, divided by D.",
    read="lesson.ipynb#Several-heads",
)
def heads_of_the_width(x, keys, values, w_q, w_k, w_v, w_o):
    count, steps, channels = x.shape
    width, past = keys.shape[3], keys.shape[2]
    number = channels // width
    q = (x @ w_q.T).reshape(count, steps, number, width).transpose(0, 2, 1, 3)
    k = np.concatenate([keys, by_head(x @ w_k.T, width)], axis=2)
    v = np.concatenate([values, by_head(x @ w_v.T, width)], axis=2)
    k_of, v_of = (np.repeat(array, number // keys.shape[1], axis=1) for array in (k, v))
    seen = np.tri(steps, k.shape[2], k=past, dtype=bool)
    mixed = _as_asked(q @ k_of.swapaxes(2, 3) / np.sqrt(width), seen) @ v_of
    return mixed.transpose(0, 2, 1, 3).reshape(count, steps, number * width) @ w_o.T, k, v


@stepping.mistake(
    "You multiplied by the weights as they stand: as in nn.Linear, each is applied as x @ w.T."
)
def weights_not_transposed(right, a):
    return right(w_q=a.w_q.T, w_k=a.w_k.T, w_v=a.w_v.T, w_o=a.w_o.T)
