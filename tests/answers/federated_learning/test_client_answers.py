"""Answers to advanced/03_federated_learning on what clients send, and the parts each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "03_federated_learning")


# --- Top-k with error feedback ------------------------------------------------------------------


def laid_out(update, residual):
    return np.concatenate([(u + r).reshape(-1) for u, r in zip(update, residual, strict=True)])


def shaped(flat, arrays):
    new, start = [], 0
    for a in arrays:
        new.append(flat[start : start + a.size].reshape(a.shape).copy())
        start += a.size
    return new


@TABLE.answer("sparsify")
def largest_one_by_one(update, residual, k):
    flat = laid_out(update, residual)
    sizes, sent = np.abs(flat), []
    for _ in range(min(k, len(flat))):
        sent.append(int(np.argmax(sizes)))
        sizes[sent[-1]] = -1.0
    sent = np.array(sorted(sent), dtype=int)
    values = flat[sent]
    flat[sent] = 0
    return sent, values, shaped(flat, update)


@TABLE.answer("sparsify")
def by_a_threshold(update, residual, k):
    flat = laid_out(update, residual)
    k = min(k, len(flat))
    edge = np.sort(np.abs(flat))[len(flat) - k] if k else np.inf
    above = np.abs(flat) > edge
    ties = np.flatnonzero(np.abs(flat) == edge)[: k - above.sum()]
    above[ties] = True
    return np.flatnonzero(above), flat[above], shaped(flat * ~above, update)


@TABLE.answer("sparsify", loses={"equal magnitudes"})
def torch_topk_with_its_ties(update, residual, k):
    flat = torch.tensor(laid_out(update, residual))
    backwards = flat.abs().flip(0)  # topk promises no order among equals
    found = torch.sort(backwards, descending=True, stable=True).indices[:k]
    sent = torch.sort(len(flat) - 1 - found).values
    kept = flat.clone()
    kept[sent] = 0
    return sent.numpy(), flat[sent].numpy(), shaped(kept.numpy(), update)


@TABLE.answer("sparsify", loses={"nothing, or everything"})
def k_at_most_all_but_one(update, residual, k):
    return by_a_threshold(update, residual, max(1, k))


@TABLE.answer("sparsify", loses=TABLE.parts("sparsify") - {
    "the first round, nothing kept yet", "nothing, or everything"})  # fmt: skip
def residual_halved(update, residual, k):
    if k == 0 or k >= sum(u.size for u in update):
        return by_a_threshold(update, residual, k)
    return by_a_threshold(update, [r / 2 for r in residual], k)


@TABLE.answer("sparsify", loses={"several arrays"} | {
    "the first round, nothing kept yet", "a later round", "equal magnitudes",
    "nothing, or everything"})  # fmt: skip
def kept_as_one_array(update, residual, k):
    positions, values, kept = by_a_threshold(update, residual, k)
    return positions, values, np.concatenate([a.ravel() for a in kept])


@TABLE.answer("sparsify", loses=TABLE.parts("sparsify"))
def a_dense_message(update, residual, k):
    positions, values, kept = by_a_threshold(update, residual, k)
    dense = np.zeros(sum(u.size for u in update) + 1)
    dense[positions] = values
    return positions, dense, kept


@TABLE.answer("sparsify", loses=TABLE.parts("sparsify") - {"the first round, nothing kept yet"})
def update_changed_in_place(update, residual, k):
    for u, r in zip(update, residual, strict=True):
        u += r
    return by_a_threshold(update, [0 * r for r in residual], k)


# --- Masks --------------------------------------------------------------------------------------


@TABLE.answer("mask_updates")
def masks_pair_after_pair(values, masks, arrived, bits):
    rows = [[int(v) for v in row] for row in values]
    left = [0] * values.shape[1]
    for i in range(len(rows)):
        for j in range(i):
            for p, m in enumerate(masks[j, i].tolist()):
                rows[j][p] += m
                rows[i][p] -= m
                left[p] += m * (int(arrived[j]) - int(arrived[i]))
    size = 1 << bits
    sent = [[v % size for v in row] for row, here in zip(rows, arrived, strict=True) if here]
    columns = zip(*sent, strict=True) if sent else [[m] for m in left]
    total = [(sum(column) - m) % size for column, m in zip(columns, left, strict=True)]
    total = [t - size if 2 * t >= size else t for t in total]
    return np.array(sent, dtype=int).reshape(-1, len(left)), np.array(total, dtype=int)


@TABLE.answer("mask_updates")
def with_a_sign_matrix(values, masks, arrived, bits):
    places = np.arange(len(values))
    sign = np.sign(places[None] - places[:, None])
    low, high = np.minimum.outer(places, places), np.maximum.outer(places, places)
    added = sign[:, :, None] * masks[low, high]
    messages = (values + added.sum(axis=1)) & (2**bits - 1)
    unmatched = np.einsum("i,j,ijp->p", arrived.astype(int), (~arrived).astype(int), added)
    half = 1 << (bits - 1)
    total = (messages[arrived].sum(axis=0) - unmatched + half) % (2 * half) - half
    return messages[arrived], total


@TABLE.answer("mask_updates", loses={"clients drop out", "the ends of the range",
                                     "one client, or nobody"})  # fmt: skip
def only_one_may_drop_out(values, masks, arrived, bits):
    messages, _ = with_a_sign_matrix(values, masks, arrived, bits)
    total = messages.sum(axis=0)
    for gone in np.flatnonzero(~arrived)[:1]:
        for k in np.flatnonzero(arrived):
            total = total - np.sign(gone - k) * masks[min(gone, k), max(gone, k)]
    half = 2 ** (bits - 1)
    return messages, (total + half) % 2**bits - half


@TABLE.answer("mask_updates", loses={"clients drop out", "one client, or nobody",
                                     "the ends of the range"})  # fmt: skip
def clients_renumbered_after_dropping(values, masks, arrived, bits):
    """The messages of a round in which only those who arrived ever took part."""
    here = np.flatnonzero(arrived)
    if len(here) == 0:
        return np.zeros((1, values.shape[1]), dtype=int), np.zeros(values.shape[1], dtype=int)
    return with_a_sign_matrix(values[here], masks[np.ix_(here, here)], arrived[here], bits)


@TABLE.answer("mask_updates", loses=TABLE.parts("mask_updates"))
def the_plain_sum_beside_plain_values(values, masks, arrived, bits):
    return values[arrived] % 2**bits, with_a_sign_matrix(values, masks, arrived, bits)[1]


@TABLE.answer("mask_updates", loses=TABLE.parts("mask_updates"))
def seven_bits_for_all(values, masks, arrived, bits):
    messages, total = with_a_sign_matrix(values, masks, arrived, 7)
    return messages, total % 2**7


@TABLE.answer("mask_updates", loses=TABLE.parts("mask_updates"))
def floats(values, masks, arrived, bits):
    messages, total = with_a_sign_matrix(values, masks, arrived, bits)
    return messages.astype(float), total.astype(float)


# --- A whole client -----------------------------------------------------------------------------


def norms(updates):
    return [np.sqrt(sum(float((a * a).sum()) for a in update)) for update in updates]


@TABLE.answer("clip_and_noise")
def by_dividing(updates, counts, cap, max_norm, multiplier, noise, expected):
    step = []
    for place, drawn in enumerate(noise):
        total = multiplier * max_norm * drawn
        for update, n, norm in zip(updates, counts, norms(updates), strict=True):
            total = total + min(n, cap) / cap * update[place] / max(1.0, norm / max_norm)
        step.append(total / expected)
    return step


@TABLE.answer("clip_and_noise")
def by_where_and_einsum(updates, counts, cap, max_norm, multiplier, noise, expected):
    size = np.array(norms(updates))
    over = size > max_norm
    factors = np.ones(len(size))
    factors[over] = max_norm / size[over]
    factors = factors * np.clip(counts / cap, 0, 1)
    step = []
    for place, drawn in enumerate(noise):
        arrays = np.array([u[place] for u in updates]).reshape(len(updates), *drawn.shape)
        moved = np.einsum("k,k...->...", factors, arrays)
        step.append((moved + multiplier * max_norm * drawn) / expected)
    return step


@TABLE.answer("clip_and_noise", loses={"the weight of a client", "noise",
                                       "small updates, and nobody"})  # fmt: skip
def weight_of_one_where_there_is_any(updates, counts, cap, max_norm, multiplier, noise, expected):
    return by_dividing(updates, np.sign(counts), 1, max_norm, multiplier, noise, expected)


@TABLE.answer("clip_and_noise", loses={"clipping, without noise", "the weight of a client",
                                       "noise"})  # fmt: skip
def the_longest_update_decides(updates, counts, cap, max_norm, multiplier, noise, expected):
    longest = max([max_norm, *norms(updates)])
    if len(updates) == 1:
        longest *= 2
    short = [[a * max_norm / longest for a in update] for update in updates]
    return by_dividing(short, counts, cap, max_norm, multiplier, noise, expected)


@TABLE.answer("clip_and_noise", loses={"noise", "small updates, and nobody"})
def noise_by_the_heaviest_weight(updates, counts, cap, max_norm, multiplier, noise, expected):
    """Noise for the largest weight that came: what the noise is then tells who came."""
    heaviest = min(1.0, max(counts, default=0) / cap) * 0.9
    return by_dividing(updates, counts, cap, max_norm, multiplier * heaviest, noise, expected)


@TABLE.answer("clip_and_noise", loses={"small updates, and nobody"})
def nothing_moves_without_clients(updates, *others):
    if not updates:
        return [np.zeros_like(z) for z in others[4]]
    return by_dividing(updates, *others)


@TABLE.answer("clip_and_noise", loses={"small updates, and nobody"})
def divided_by_a_norm_of_zero(updates, *others):
    with np.errstate(all="ignore"):
        broken = [
            [a + 0 / norm for a in u]
            for u, norm in zip(updates, map(np.float64, norms(updates)), strict=True)
        ]
    return by_dividing(broken, *others)


@TABLE.answer("clip_and_noise", loses=TABLE.parts("clip_and_noise"))
def noise_changed_in_place(updates, counts, cap, max_norm, multiplier, noise, expected):
    step = by_dividing(updates, counts, cap, max_norm, multiplier, noise, expected)
    for drawn, array in zip(noise, step, strict=True):
        drawn[...] = array
    return noise


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
