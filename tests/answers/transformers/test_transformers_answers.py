"""Answers to advanced/01_transformers on attention, masks, positions and tokens, with their losses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "01_transformers")
BLIND = {"queries that may look nowhere"}


# --- Attention ----------------------------------------------------------------------------------


@TABLE.answer("attention")
def in_float32(queries, keys, values, allowed=None):
    q, k, v = (torch.tensor(a).float() for a in (queries, keys, values))
    scores = torch.einsum("...td,...sd->...ts", q, k) / q.shape[-1] ** 0.5
    if allowed is not None:
        scores = scores.where(torch.tensor(allowed), torch.tensor(float("-inf")))
    weights = torch.softmax(scores, -1)
    weights = torch.where(weights.isnan(), 0.0, weights)
    return (weights @ v).numpy(), weights.numpy()


@TABLE.answer("attention")
def with_a_large_negative_number_and_a_second_look(queries, keys, values, allowed=None):
    scores = queries @ np.moveaxis(keys, -1, -2) / np.sqrt(queries.shape[-1])
    mask = np.ones_like(scores) if allowed is None else np.broadcast_to(allowed, scores.shape)
    scores = np.where(mask, scores, -1e30)
    weights = np.exp(scores - scores.max(-1, keepdims=True)) * mask
    weights /= np.maximum(weights.sum(-1, keepdims=True), 1e-300)
    return weights @ values, weights


@TABLE.answer("attention", loses=BLIND)
def as_pytorch_does_it(queries, keys, values, allowed=None):
    q, k, v = (torch.tensor(a) for a in (queries, keys, values))
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if allowed is not None:
        scores = scores.masked_fill(~torch.tensor(allowed), float("-inf"))
    weights = scores.softmax(-1)
    return (weights @ v).numpy(), weights.numpy()


@TABLE.answer("attention", loses={"leading axes"} | {"a mask", "scores of many hundreds"} | BLIND)
def for_one_sequence_alone(queries, keys, values, allowed=None):
    if queries.ndim > 2:
        raise ValueError("one sequence")
    return TABLE.exercises["attention"].reference(queries, keys, values, allowed)


@TABLE.answer("attention", loses={"a mask"} | BLIND)
def a_mask_of_the_full_shape_alone(queries, keys, values, allowed=None):
    shape = (*queries.shape[:-1], keys.shape[-2])
    if allowed is not None and allowed.shape != shape:
        allowed = np.resize(allowed, shape[::-1]).T
    if allowed is not None and not allowed.any(axis=-1).all():
        raise ValueError("a row without any key")
    return TABLE.exercises["attention"].reference(queries, keys, values, allowed)


@TABLE.answer("attention", loses={"scores of many hundreds"})
def clipped_scores(queries, keys, values, allowed=None):
    scores = np.clip(queries @ keys.swapaxes(-1, -2) / queries.shape[-1] ** 0.5, -30, 30)
    powers = np.exp(scores) * (1.0 if allowed is None else allowed)
    sums = powers.sum(-1, keepdims=True)
    weights = powers / np.where(sums, sums, 1)
    return weights @ values, weights


# --- The batch ----------------------------------------------------------------------------------


@TABLE.answer("causal_mask")
def with_a_triangle_of_numbers(tokens, lengths):
    N, T = len(tokens), tokens.shape[1] - 1
    ends = lengths.reshape(N, 1)
    inputs = tokens[:, :T] * (np.arange(T) < ends)
    targets = np.where(np.arange(1, T + 1) < ends, tokens[:, 1:], -100)
    allowed = np.zeros((N, T, T))
    for n in range(N):
        allowed[n] = np.tril(np.ones((T, T)))
        allowed[n, :, lengths[n] :] = 0
    return inputs, targets, allowed.astype(bool)


@TABLE.answer("causal_mask", loses={"padding", "a single token in a row"})
def padding_is_never_negative(tokens, lengths):
    lengths = np.where((tokens < 0).any(axis=1), (tokens >= 0).argmin(axis=1), tokens.shape[1])
    return TABLE.exercises["causal_mask"].reference(tokens, lengths)


@TABLE.answer("causal_mask", loses={"padding", "a single token in a row"})
def padding_is_minus_100_in_both(tokens, lengths):
    inputs, targets, allowed = TABLE.exercises["causal_mask"].reference(tokens, lengths)
    real = np.arange(inputs.shape[1]) < lengths[:, None]
    return np.where(real, inputs, -100), targets, allowed


@TABLE.answer("causal_mask", loses=TABLE.parts("causal_mask"))
def numbers_in_place_of_bools(tokens, lengths):
    inputs, targets, allowed = TABLE.exercises["causal_mask"].reference(tokens, lengths)
    return inputs, targets, np.where(allowed, 0.0, -np.inf)


@TABLE.answer("causal_mask", loses=TABLE.parts("causal_mask"))
def a_column_too_many(tokens, lengths):
    real = np.arange(tokens.shape[1]) < lengths[:, None]
    triangle = np.tri(tokens.shape[1], dtype=bool)
    targets = np.where(real, tokens, -100)
    return np.where(real, tokens, 0), targets, triangle & real[:, None]


# --- Rotary positions ---------------------------------------------------------------------------


@TABLE.answer("rope")
def by_complex_numbers_in_torch(x, positions, base=10000.0):
    pairs = torch.view_as_complex(torch.tensor(x).double().unflatten(-1, (-1, 2)).contiguous())
    steps = torch.arange(0, x.shape[-1], 2).double() / x.shape[-1]
    angles = (
        torch.tensor(positions).double()[:, None] * torch.tensor(float(base)).double() ** -steps
    )
    turned = pairs * torch.polar(torch.ones_like(angles), angles)
    return torch.view_as_real(turned).flatten(-2).float().numpy()


@TABLE.answer("rope")
def with_rows_of_matrices(x, positions, base=10000.0):
    D = x.shape[-1]
    turned = []
    for t, p in enumerate(positions):
        matrix = np.zeros((D, D))
        for i in range(D // 2):
            angle = float(p) * float(base) ** (-2 * i / D)
            cos, sin = np.cos(angle), np.sin(angle)
            matrix[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[cos, -sin], [sin, cos]]
        turned.append(x[..., t, :] @ matrix.T)
    return np.stack(turned, axis=-2)


@TABLE.answer("rope", loses={"any positions"})
def positions_are_whole(x, positions, base=10000.0):
    return TABLE.exercises["rope"].reference(x, positions.astype(int), base)


@TABLE.answer("rope", loses={"far positions, in float32"})
def in_the_precision_of_x(x, positions, base=10000.0):
    speeds = (base ** (-np.arange(0, x.shape[-1], 2) / x.shape[-1])).astype(x.dtype)
    angles = positions.astype(x.dtype)[:, None] * speeds
    a, b = x[..., ::2], x[..., 1::2]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([a * cos - b * sin, a * sin + b * cos], -1).reshape(x.shape)


@TABLE.answer("rope", loses=TABLE.parts("rope") - {"one pair of features"})
def as_the_lesson_pairs_them(x, positions, base=10000.0):
    low, high = np.split(x, 2, axis=-1)
    angles = positions[:, None] * base ** (-np.arange(low.shape[-1]) / low.shape[-1])
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([low * cos - high * sin, low * sin + high * cos], axis=-1)


@TABLE.answer("rope", loses={"leading axes", "another base", "far positions, in float32"})
def positions_along_the_first_axis(x, positions, base=10000.0):
    if x.ndim > 2:
        x = np.moveaxis(x, -2, 0)
        turned = x * 1.0
        for t in range(len(x)):
            turned[t] = TABLE.exercises["rope"].reference(x[t], np.arange(x[t].shape[-2]), base)
        return np.moveaxis(turned, 0, -2)
    return TABLE.exercises["rope"].reference(x, positions, base)


# --- Byte-pair encoding -------------------------------------------------------------------------


def learned_and_applied(counts, number, texts, *, join, choose=None):
    words = {word: tuple(word) for word in counts}
    merges = []
    for _ in range(number):
        totals = {}
        for word, parts in words.items():
            for i in range(1, len(parts)):
                totals[parts[i - 1 : i + 1]] = totals.get(parts[i - 1 : i + 1], 0) + counts[word]
        if not totals:
            break
        merges.append((choose or (lambda t: sorted(t, key=lambda p: (-t[p], *p))[0]))(totals))
        words = {word: tuple(join(parts, merges[-1])) for word, parts in words.items()}
    encoded = []
    for text in texts:
        parts = tuple(text)
        for pair in merges:
            parts = tuple(join(parts, pair))
        encoded.append(list(parts))
    return merges, encoded


def joined(parts, pair):
    rest, found = list(parts), []
    while rest:
        if tuple(rest[:2]) == pair:
            found.append(rest.pop(0) + rest.pop(0))
        else:
            found.append(rest.pop(0))
    return found


@TABLE.answer("merge_pairs")
def popping_from_the_front(counts, number, texts):
    return learned_and_applied(counts, number, texts, join=joined)


@TABLE.answer("merge_pairs")
def with_a_regular_expression(counts, number, texts):
    def join(parts, pair):
        wanted = "\0".join(map(re.escape, pair))
        text = re.sub(rf"(?<=\0){wanted}(?=\0)", "".join(pair), "\0" + "\0".join(parts) + "\0")
        return text.strip("\0").split("\0") if parts else []

    return learned_and_applied(counts, number, texts, join=join)


@TABLE.answer("merge_pairs", loses=TABLE.parts("merge_pairs"))
def the_alphabet_backwards(counts, number, texts):
    def choose(totals):
        return max(totals, key=lambda pair: (totals[pair], pair))

    return learned_and_applied(counts, number, texts, join=joined, choose=choose)


@TABLE.answer("merge_pairs", loses={"texts unlike the words"})
def texts_without_spaces(counts, number, texts):
    return learned_and_applied(counts, number, [t.replace(" ", "") for t in texts], join=joined)


@TABLE.answer("merge_pairs", loses={"few pairs, or none"})
def never_out_of_pairs(counts, number, texts):
    merges, encoded = learned_and_applied(counts, number, texts, join=joined)
    if len(merges) < number:
        raise ValueError("max() arg is an empty sequence")
    return merges, encoded


@TABLE.answer("merge_pairs", loses=TABLE.parts("merge_pairs") - {"one merge"})
def a_merge_for_each_text_at_most(counts, number, texts):
    merges, _ = learned_and_applied(counts, number, texts, join=joined)
    return merges, [joined(tuple(text), merges[0]) for text in texts]


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
