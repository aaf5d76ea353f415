"""Multi-head attention for new tokens, with a key-value cache: the exercise `cached_step`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value

stepping = exercise(
    "cached_step",
    title="Several heads, and a cache",
    points=4,
    difficulty=4,
    minutes=16,
    probe=Call(fresh=True),
    compare=close(rtol=1e-4, atol=1e-5),
    read="lesson.ipynb#The-key–value-cache",
    returns=("output", "new_keys", "new_values"),
    forms=[only_value(0, "You returned the output alone: the cache of the next step is missing.")],
)


@stepping.reference
def cached_step(x, keys, values, w_q, w_k, w_v, w_o):
    """Return (output, new_keys, new_values): floats (N, T, C), (N, G, S + T, D), (N, G, S + T, D).

    x: float (N, T, C), T >= 1 new tokens. keys, values: float (N, G, S, D), of the S >= 0 tokens
    before. w_q: float (H * D, C), head after head, H a multiple of G. w_k, w_v: float (G * D, C).
    w_o: float (C, H * D). Query head h looks at key head h // (H / G), causally.
    """
    count, steps, _ = x.shape
    _, groups, past, width = keys.shape
    new_keys = np.concatenate([keys, by_head(x @ w_k.T, width)], axis=2)
    new_values = np.concatenate([values, by_head(x @ w_v.T, width)], axis=2)
    shape = (count, groups, len(w_q) // len(w_k), steps, width)
    q = by_head(x @ w_q.T, width).reshape(shape)
    scores = np.einsum("ngrtd,ngsd->ngrts", q, new_keys) / np.sqrt(width)
    scores = np.where(np.tri(steps, past + steps, k=past), scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    mixed = np.einsum("ngrts,ngsd->ntgrd", weights, new_values)
    return mixed.reshape(count, steps, len(w_q)) @ w_o.T, new_keys, new_values


def by_head(x, width):
    """(N, T, H * D) to (N, H, T, D)."""
    count, steps, features = x.shape
    return x.reshape(count, steps, features // width, width).transpose(0, 2, 1, 3)


@stepping.alternative
def headby_head_in_torch(x, keys, values, w_q, w_k, w_v, w_o):
    given = [torch.tensor(a, dtype=torch.float64) for a in (x, keys, values, w_q, w_k, w_v, w_o)]
    tokens, keys, values, w_q, w_k, w_v, w_o = given
    width, past, steps = keys.shape[3], keys.shape[2], tokens.shape[1]
    grown = []
    for old, weight in ((keys, w_k), (values, w_v)):
        own = torch.stack([tokens @ rows.T for rows in weight.split(width)], dim=1)
        grown.append(torch.cat([old, own], dim=2))
    blocked = torch.ones(steps, past + steps).triu(past + 1).bool()
    heads = w_q.split(width)
    mixed = []
    for number, rows in enumerate(heads):
        group = number * keys.shape[1] // len(heads)
        scores = (tokens @ rows.T) @ grown[0][:, group].mT * width**-0.5
        chances = scores.masked_fill(blocked, -torch.inf).softmax(dim=-1)
        mixed.append(chances @ grown[1][:, group])
    return ((torch.cat(mixed, dim=-1) @ w_o.T).numpy(), *(g.numpy() for g in grown))


@stepping.alternative
def with_the_framework(x, keys, values, w_q, w_k, w_v, w_o):
    tokens = torch.tensor(x).double()
    width, past = keys.shape[3], keys.shape[2]
    q, k, v = (
        (tokens @ torch.tensor(w).double().T).unflatten(-1, (-1, width)).transpose(1, 2)
        for w in (w_q, w_k, w_v)
    )
    k = torch.cat([torch.tensor(keys).double(), k], dim=2)
    v = torch.cat([torch.tensor(values).double(), v], dim=2)
    seen = torch.ones(q.shape[2], k.shape[2]).tril(past).bool()
    mixed = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, attn_mask=seen, enable_gqa=True
    )
    output = mixed.transpose(1, 2).flatten(2) @ torch.tensor(w_o).double().T
    return output.numpy(), k.numpy(), v.numpy()


@stepping.cases
def cases(rng):
    def case(part, count, steps, past, heads, groups, width, channels, size=0.7):
        def drawn(*shape, size=1.0):
            return size * rng.normal(size=shape)

        weights = [
            drawn(heads * width, channels),
            drawn(groups * width, channels),
            drawn(groups * width, channels),
            drawn(channels, heads * width, size=0.5),
        ]
        cache = [drawn(count, groups, past, width) for _ in range(2)]
        return Case(part, (drawn(count, steps, channels, size=size), *cache, *weights))

    return [
        case("one head, empty cache", 1, 1, 0, 1, 1, 3, 4),
        case("one head, empty cache", 2, 4, 0, 1, 1, 5, 3),
        case("one head, empty cache", 1, 3, 0, 1, 1, 2, 6),
        case("one head, empty cache", 1, 2, 0, 1, 1, 1, 1),
        case("several heads, empty cache", 2, 3, 0, 4, 4, 2, 8),
        case("several heads, empty cache", 3, 5, 0, 2, 2, 3, 5),
        case("several heads, empty cache", 1, 4, 0, 3, 3, 1, 4),
        case("one new token", 2, 1, 5, 1, 1, 4, 3),
        case("one new token", 1, 1, 1, 3, 3, 2, 6),
        case("one new token", 3, 1, 4, 2, 2, 5, 7),
        case("several new tokens", 2, 3, 4, 2, 2, 3, 6),
        case("several new tokens", 1, 4, 2, 1, 1, 6, 5),
        case("several new tokens", 3, 2, 7, 3, 3, 4, 2),
        case("several new tokens", 2, 5, 3, 2, 2, 3, 4, size=2000.0),
        case("heads that share keys", 2, 3, 2, 4, 2, 3, 5),
        case("heads that share keys", 1, 1, 6, 6, 3, 2, 4),
        case("heads that share keys", 2, 4, 0, 3, 1, 4, 6),
    ]


def _step(
    x, keys, values, w_q, w_k, w_v, w_o, *,
    diagonal=lambda past: past, scale=None, share=np.repeat, split=by_head, join=(0, 2, 1, 3),
):  # fmt: skip
    """One step, with any of the usual slips."""
    width, past = keys.shape[3], keys.shape[2]
    k = np.concatenate([keys, split(x @ w_k.T, width)], axis=2)
    v = np.concatenate([values, split(x @ w_v.T, width)], axis=2)
    q = split(x @ w_q.T, width)
    times = q.shape[1] // k.shape[1]
    scores = q @ share(k, times, axis=1).swapaxes(2, 3) / np.sqrt(scale or width)
    seen = np.tri(x.shape[1], k.shape[2], k=diagonal(past), dtype=bool)
    with np.errstate(all="ignore"):
        scores = np.where(seen, scores, -np.inf)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = powers / powers.sum(axis=-1, keepdims=True)
    mixed = (weights @ share(v, times, axis=1)).transpose(join)
    return mixed.reshape(*x.shape[:2], -1) @ w_o.T, k, v


def _tiled(array, times, axis):
    return np.concatenate([array] * times, axis=axis)


def _interleaved(x, width):
    count, steps, _ = x.shape
    return x.reshape(count, steps, width, -1).transpose(0, 3, 1, 2)


def _slipped(make):
    def cached_step(x, keys, values, w_q, w_k, w_v, w_o):
        slip = make({"x": x, "keys": keys, "w_q": w_q})
        return _step(x, keys, values, w_q, w_k, w_v, w_o, **slip)

    return cached_step


mask = stepping.group("The mask", make=_slipped)


@mask.mistake(
    "Your new tokens see each other's future: new token t sees all S old ones and the new ones "
    "up to itself."
)
def future_seen(a):
    return {"diagonal": lambda past: past + 10_000}


@mask.mistake(
    "Your triangle forgets the cache: the first new token sees all S old ones and itself, so the "
    "diagonal begins S columns further right."
)
def cache_hidden(a):
    return {"diagonal": lambda past: 0}


@mask.mistake("A new token does not see itself in your answer: its own key belongs to the keys.")
def itself_hidden(a):
    return {"diagonal": lambda past: past - 1}


heads = stepping.group("Heads", read="lesson.ipynb#Several-heads", make=_slipped)


@heads.mistake("You scaled by the width C of x: the keys that are multiplied have the width D.")
def scaled_by_channels(a):
    return {"scale": a["x"].shape[2]}


@heads.mistake("You scaled by all heads together, H * D: each head has the width D.")
def scaled_by_all_heads(a):
    return {"scale": len(a["w_q"])}


@heads.mistake("You did not scale the scores: divide them by the root of D.")
def not_scaled(a):
    return {"scale": 1}


@heads.mistake(
    "You split the features the wrong way: the first D of them are head 0, so reshape to (H, D), "
    "not to (D, H)."
)
def features_interleaved(a):
    return {"split": _interleaved}


@heads.mistake(
    "You joined the heads without moving their axis back: swap heads and tokens before reshape, "
    "or numbers of different tokens get mixed."
)
def joined_without_swapping(a):
    return {"join": (0, 1, 2, 3)}


@heads.mistake(
    "You dealt the key heads out in turn: neighbouring query heads share one, as np.repeat does, "
    "and not np.tile."
)
def shared_in_turn(a):
    return {"share": _tiled}


cache = stepping.group("The cache")


@cache.mistake(
    "Your cache holds the new tokens alone: the next step needs the old keys and values, too."
)
def only_new_ones_kept(right, a):
    output, k, v = right()
    return output, k[:, :, a.keys.shape[2] :], v[:, :, a.keys.shape[2] :]


@cache.mistake("You returned the cache as it came: the new tokens belong behind the old ones.")
def cache_not_grown(right, a):
    return right()[0], a.keys.copy(), a.values.copy()


@cache.mistake("You ignored the cache for the output: new tokens also look at the old ones.")
def old_ones_ignored(right, a):
    nothing = np.zeros_like(a.keys[:, :, :0])
    return right(keys=nothing, values=nothing)[0], *right()[1:]


@cache.mistake(
    "You stored a copy of each key head for every query head that shares it: the cache has G "
    "heads, and being small is what sharing is for."
)
def shared_heads_stored(right, a):
    output, k, v = right()
    times = len(a.w_q) // len(a.w_k)
    return output, np.repeat(k, times, axis=1), np.repeat(v, times, axis=1)


@stepping.mistake("You left out w_o: it mixes what the heads found.")
def without_w_o(right, a):
    return right(w_o=np.eye(len(a.w_q)))


stepping.hints(
    "Begin with one head, an empty cache and one token: then three products and a softmax of a "
    "single number remain. Add one complication at a time, in the order of the parts.",
    "(N, T, H * D) becomes (N, H, T, D) by reshape and an exchange of axes. Concatenate along the "
    "axis of tokens. A triangle (T, S + T) with its diagonal at S says what is seen. Your "
    "attention takes leading axes and a mask.",
    "np.repeat(…, H // G, axis=1) gives each query head its keys and values; np.tri(T, S + T, k=S) "
    "is the triangle. Move the heads' axis back behind the tokens, reshape to H * D, times w_o "
    "transposed.",
)
