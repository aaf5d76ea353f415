"""Answers to advanced/01_transformers on sampling, the cache and a model, and what each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch import nn

MODULE = CLONE / "curriculum" / "advanced" / "01_transformers"
TABLE = AnswerTable(MODULE)


# --- Top-p --------------------------------------------------------------------------------------


@TABLE.answer("top_p")
def by_a_threshold_in_float32(logits, p, temperature=1.0):
    scores = torch.tensor(logits).float()
    if temperature == 0:
        return (torch.arange(scores.shape[-1]) == scores.argmax(-1, keepdim=True)).float().numpy()
    likely = torch.softmax(torch.tensor(logits) / temperature, -1)
    order = torch.argsort(likely, dim=-1, descending=True, stable=True)
    sums = likely.gather(-1, order).cumsum(-1)
    number = (sums < p).sum(-1, keepdim=True) + 1
    rank = torch.argsort(order, -1)
    kept = torch.where(rank < number, likely, torch.zeros(()))
    return (kept / kept.sum(-1, keepdim=True)).float().numpy()


@TABLE.answer("top_p", loses={"one row", "several rows", "a temperature", "equally likely tokens"}
              | {"impossible tokens, large logits"})  # fmt: skip
def as_many_as_stay_below(logits, p, temperature=1.0):
    if temperature == 0:
        return TABLE.exercises["top_p"].reference(logits, p, 0)
    likely = torch.softmax(torch.tensor(logits) / temperature, -1).numpy()
    order = np.argsort(-likely, -1, kind="stable")
    sums = np.take_along_axis(likely, order, -1).cumsum(-1)
    kept = np.zeros_like(likely)
    np.put_along_axis(kept, order, sums <= p, -1)
    kept[..., 0] = np.where(kept.sum(-1) == 0, 1.0, kept[..., 0])
    return kept * likely / (kept * likely).sum(-1, keepdims=True)


@TABLE.answer("top_p", loses={"several rows", "a temperature", "a temperature of 0"}
              | {"equally likely tokens", "impossible tokens, large logits"})  # fmt: skip
def for_one_row_alone(logits, p, temperature=1.0):
    if logits.ndim > 1:
        raise ValueError("one row")
    return TABLE.exercises["top_p"].reference(logits, p, temperature)


@TABLE.answer("top_p", loses={"a temperature of 0"})
def never_at_zero(logits, p, temperature=1.0):
    return TABLE.exercises["top_p"].reference(logits, p, max(temperature, 0.05))


@TABLE.answer("top_p", loses={"one row"})
def the_last_token_may_be_lost(logits, p, temperature=1.0):
    if p < 1:
        return TABLE.exercises["top_p"].reference(logits, p, temperature)
    likely = TABLE.exercises["top_p"].reference(logits, p, temperature)
    likely = np.where(likely == likely.min(-1, keepdims=True), 0, likely)
    return likely / np.maximum(likely.sum(-1, keepdims=True), 1e-9)


# --- The cache ----------------------------------------------------------------------------------


def text_by_text(x, keys, values, w_q, w_k, w_v, w_o, *, sees=lambda s, t, past: s <= past + t):
    """Loops over texts, new tokens and query heads."""
    N, G, S, D = keys.shape
    T, H = x.shape[1], len(w_q) // D
    new_keys, new_values = np.zeros((2, N, G, S + T, D))
    new_keys[:, :, :S], new_values[:, :, :S] = keys, values
    output = np.zeros((N, T, len(w_o)))
    for n in range(N):
        for t in range(T):
            for g in range(G):
                new_keys[n, g, S + t] = w_k[g * D : (g + 1) * D] @ x[n, t]
                new_values[n, g, S + t] = w_v[g * D : (g + 1) * D] @ x[n, t]
        for t in range(T):
            found = []
            for h in range(H):
                g = h // (H // G)
                seen = [s for s in range(S + T) if sees(s, t, S)]
                scores = new_keys[n, g, seen] @ (w_q[h * D : (h + 1) * D] @ x[n, t]) / D**0.5
                powers = np.exp(scores - scores.max())
                found.append(powers / powers.sum() @ new_values[n, g, seen])
            output[n, t] = w_o @ np.concatenate(found)
    return output, new_keys, new_values


@TABLE.answer("cached_step")
def with_four_loops(*args):
    return text_by_text(*args)


@TABLE.answer("cached_step")
def token_after_token(x, keys, values, *weights):
    outputs = []
    for t in range(x.shape[1]):
        output, keys, values = text_by_text(x[:, t : t + 1], keys, values, *weights)
        outputs.append(output)
    return np.concatenate(outputs, axis=1), keys, values


@TABLE.answer("cached_step", loses={"several new tokens", "heads that share keys"})
def the_whole_past_or_a_triangle(x, keys, values, *weights):
    """Causal for a prompt, without a mask once there is a cache: right for one token alone."""
    if keys.shape[2] == 0:
        return text_by_text(x, keys, values, *weights)
    return text_by_text(x, keys, values, *weights, sees=lambda s, t, past: True)


@TABLE.answer("cached_step", loses={"heads that share keys"})
def as_many_key_heads_as_query_heads(x, keys, values, w_q, w_k, w_v, w_o):
    if w_q.shape != w_k.shape:
        raise ValueError("shapes differ")
    return text_by_text(x, keys, values, w_q, w_k, w_v, w_o)


@TABLE.answer("cached_step", loses=TABLE.parts("cached_step") - {"one new token"})
def the_newest_token_alone(x, keys, values, *weights):
    output, new_keys, new_values = text_by_text(x, keys, values, *weights)
    return np.repeat(output[:, -1:], x.shape[1], axis=1), new_keys, new_values


@TABLE.answer("cached_step", loses={"several heads, empty cache", "one head, empty cache"}
              | {"heads that share keys"})  # fmt: skip
def an_empty_cache_fails(x, keys, values, *weights):
    if not keys.size:
        raise ValueError("zero-size array to reduction operation")
    return text_by_text(x, keys, values, *weights)


# --- A language without a manual ----------------------------------------------------------------


@cache
def log():
    with np.load(MODULE / "recorded" / "codes.npz") as file:
        return file["codes"].astype(np.int64), file["is_reply"]


class Reader(nn.Module):
    """A block of attention on codes; `ahead` of its mask and the positions may be changed."""

    def __init__(self, ahead=0, positions=True):
        super().__init__()
        self.ahead, self.positions = ahead, positions
        self.embed, self.places = nn.Embedding(116, 64), nn.Embedding(32, 64)
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        self.mix = nn.MultiheadAttention(64, 2, batch_first=True)
        self.norms = nn.ModuleList(nn.LayerNorm(64) for _ in range(3))
        self.think = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64))
        self.out = nn.Linear(64, 116)

    def forward(self, x):
        T = x.shape[1]
        h = self.embed(x) + (self.places.weight[:T] if self.positions else 0)
        mask = torch.ones(T, T).triu(1 + self.ahead).bool()
        y = self.norms[0](h)
        h = h + self.mix(y, y, y, attn_mask=mask, need_weights=False)[0]
        return self.out(self.norms[2](h + self.think(self.norms[1](h))))


def training(steps=300, **changes):
    """Return an answer that uses a model trained on the log, once."""

    @cache
    def model():
        torch.manual_seed(len(changes) + steps)
        reader = Reader(**changes)
        adam = torch.optim.AdamW(reader.parameters(), lr=0.008)
        rows = torch.tensor(log()[0])
        for step in range(steps):
            adam.param_groups[0]["lr"] = 0.008 * (1 - step / steps)
            x = rows[torch.randint(len(rows), (32,))]
            loss = nn.functional.cross_entropy(reader(x[:, :-1]).mT, x[:, 1:])
            adam.zero_grad()
            loss.backward()
            adam.step()
        return reader.eval()

    def next_code(contexts):
        logits = model()(torch.tensor(contexts))
        return logits[:, -1].argmax(-1).numpy()

    next_code.__name__ = f"a_model_{steps}_{changes}"
    return next_code


@cache
def followers():
    """What followed each run of up to four codes."""
    found = defaultdict(Counter)
    for row in log()[0].tolist():
        for i, code in enumerate(row):
            for k in range(min(i, 4) + 1):
                found[tuple(row[i - k : i])][code] += 1
    return found


CHANGED, LONG = "it changed in the meantime", "it was long ago"

TABLE.answer("next_code")(training())
TABLE.answer("next_code", loses={CHANGED})(training(positions=False))
TABLE.answer("next_code", loses=TABLE.parts("next_code"))(training(steps=60, ahead=1))


@TABLE.answer("next_code", loses=TABLE.parts("next_code"))
def counting_with_back_off(contexts):
    codes = []
    for row in contexts.tolist():
        runs = (tuple(row[len(row) - k :]) for k in range(min(len(row), 4), -1, -1))
        codes.append(
            next(followers()[run] for run in runs if followers()[run]).most_common(1)[0][0]
        )
    return np.array(codes)


@TABLE.answer("next_code", loses=TABLE.parts("next_code"))
def the_most_frequent_reply(contexts):
    codes, is_reply = log()
    return np.full(len(contexts), np.bincount(codes[is_reply]).argmax())


@TABLE.answer("next_code", loses=TABLE.parts("next_code"))
def what_followed_the_same_code_before(contexts):
    """Copies what came after the latest occurrence of the last code."""
    found = []
    for row in contexts:
        places = np.flatnonzero(row[:-1] == row[-1])
        found.append(row[places[-1] + 1] if len(places) else row[0])
    return np.array(found)


@TABLE.answer("next_code")
def by_what_goes_with_a_question(contexts):
    """No attention: which earlier codes make which reply likely, counted; the latest decides."""
    codes, is_reply = log()
    seen = np.zeros((116, 116))  # question, earlier code
    met = np.zeros((116, 116, 116))
    for row, marks in zip(codes, is_reply, strict=True):
        for t in np.flatnonzero(marks):
            for earlier in {*row[: t - 1].tolist()}:
                seen[row[t - 1], earlier] += 1
                met[row[t - 1], earlier, row[t]] += 1
    share = met.max(axis=2) / np.maximum(seen, 1)
    share[seen < 5] = 0
    found = []
    for row in contexts:
        good = np.flatnonzero(share[row[-1], row[:-1]] > 0.4)
        place = good[-1] if len(good) else 0
        found.append(met[row[-1], row[place]].argmax())
    return np.array(found)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
