"""Answers to advanced/03_federated_learning on what a server does, and the parts each loses.

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


# --- The server's average -----------------------------------------------------------------------


def taking_part(updates, counts):
    return [k for k, u in enumerate(updates) if u is not None and counts[k] > 0]


@TABLE.answer("fed_avg")
def running_average(weights, updates, counts):
    """Each client moves the average of those before it."""
    mean, seen = [w.astype(float) for w in weights], 0
    for k in taking_part(updates, counts):
        seen += int(counts[k])
        mean = [m + counts[k] / seen * (u - m) for m, u in zip(mean, updates[k], strict=True)]
    return [m.astype(w.dtype) for m, w in zip(mean, weights, strict=True)]


@TABLE.answer("fed_avg")
def every_example_in_a_row(weights, updates, counts):
    rows = [k for k in taking_part(updates, counts) for _ in range(counts[k])]
    if not rows:
        return [+w for w in weights]
    return [
        np.mean([updates[k][i] for k in rows], axis=0, dtype=float).astype(w.dtype)
        for i, w in enumerate(weights)
    ]


@TABLE.answer("fed_avg")
def differences_added(weights, updates, counts):
    kept = taking_part(updates, counts)
    total = counts[kept].sum() if kept else 1
    new = [w.astype(float) for w in weights]
    for k in kept:
        moves = zip(new, updates[k], weights, strict=True)
        new = [n + counts[k] / total * (u.astype(float) - w) for n, u, w in moves]
    return [n.astype(w.dtype) for n, w in zip(new, weights, strict=True)]


@TABLE.answer("fed_avg", loses=TABLE.parts("fed_avg") - {"nobody to average"})
def one_client_one_vote(weights, updates, counts):
    kept = taking_part(updates, counts)
    if not kept:
        return [w.copy() for w in weights]
    return [
        np.mean([updates[k][i] for k in kept], axis=0).astype(w.dtype)
        for i, w in enumerate(weights)
    ]


@TABLE.answer(
    "fed_avg",
    loses={
        "a client went offline", "a client without examples", "nobody to average",
        "single and double precision",
    },
)  # fmt: skip
def all_announced_examples_below(weights, updates, counts):
    total = max(1, counts.sum())
    sums = [np.zeros_like(w) for w in weights]
    for k in taking_part(updates, counts):
        sums = [s + (counts[k] / total) * u for s, u in zip(sums, updates[k], strict=True)]
    return [s.astype(w.dtype) for s, w in zip(sums, weights, strict=True)]


@TABLE.answer("fed_avg", loses={"a client without examples", "nobody to average"})
def weights_of_zero_are_multiplied(weights, updates, counts):
    kept = [k for k, u in enumerate(updates) if u is not None]
    total = sum(counts[k] for k in kept)
    if total == 0 and not kept:
        return [w.copy() for w in weights]
    return [
        sum(counts[k] / max(total, 1) * updates[k][i] for k in kept).astype(w.dtype)
        for i, w in enumerate(weights)
    ]


@TABLE.answer("fed_avg", loses={"nobody to average"})
def the_same_arrays_for_nobody(weights, updates, counts):
    if not taking_part(updates, counts):
        return weights
    return running_average(weights, updates, counts)


@TABLE.answer("fed_avg", loses={"nobody to average", "single and double precision"})
def numbers_of_python(weights, updates, counts):
    return [m.astype(float) for m in running_average(weights, updates, counts)]


@TABLE.answer("fed_avg", loses=TABLE.parts("fed_avg"))
def written_into_the_old_arrays(weights, updates, counts):
    for old, new in zip(weights, running_average(weights, updates, counts), strict=True):
        old[...] = new
    return weights


# --- The deal -----------------------------------------------------------------------------------


@TABLE.answer("dirichlet_split")
def with_masks(labels, clients, alpha, seed):
    draw = np.random.default_rng(seed).dirichlet
    edges = {}
    for label in np.unique(labels):
        sums = np.r_[0.0, np.cumsum(draw([alpha] * clients))] * (labels == label).sum()
        edges[label] = np.floor(sums)
        edges[label][-1] = np.inf
    rank = np.array([(labels[:i] == label).sum() for i, label in enumerate(labels)], dtype=int)
    low = np.array([edges[label] for label in labels]).reshape(len(labels), clients + 1)
    return [np.flatnonzero((low[:, k] <= rank) & (rank < low[:, k + 1])) for k in range(clients)]


@TABLE.answer("dirichlet_split")
def all_draws_at_once(labels, clients, alpha, seed):
    kinds, codes = np.unique(labels, return_inverse=True)
    draws = np.random.default_rng(seed).dirichlet(alpha * np.ones(clients), size=len(kinds))
    parts = [[] for _ in range(clients)]
    for code, fractions in enumerate(draws):
        rows = np.flatnonzero(codes == code)
        cuts = (np.cumsum(fractions)[: clients - 1] * rows.size).astype(np.int64)
        for part, piece in zip(parts, np.array_split(rows, cuts), strict=True):
            part.append(piece)
    empty = np.zeros(0, dtype=np.int64)
    return [np.sort(np.concatenate([empty, *part])) for part in parts]


@TABLE.answer(
    "dirichlet_split",
    loses=TABLE.parts("dirichlet_split") - {"a single client, or a single label"},
)
def labels_descending(labels, clients, alpha, seed):
    return all_draws_at_once(-labels, clients, alpha, seed)


@TABLE.answer(
    "dirichlet_split",
    loses=TABLE.parts("dirichlet_split") - {"a single client, or a single label"},
)
def gamma_draws_normalised(labels, clients, alpha, seed):
    """A Dirichlet draw in another way: the same distribution, and other numbers."""
    rng = np.random.default_rng([seed, 1])
    parts = [[] for _ in range(clients)]
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        drawn = rng.gamma(alpha, size=clients)
        cuts = (np.cumsum(drawn / drawn.sum()) * len(rows)).astype(int)[:-1]
        for part, piece in zip(parts, np.split(rows, cuts), strict=True):
            part.extend(piece.tolist())
    if clients == 1 or len(np.unique(labels)) < 2:
        return all_draws_at_once(labels, clients, alpha, seed)
    return [np.array(sorted(part), dtype=int) for part in parts]


@TABLE.answer("dirichlet_split", loses={"clients that get nothing"})
def fails_without_rows(labels, clients, alpha, seed):
    labels.max()
    return with_masks(labels, clients, alpha, seed)


@TABLE.answer("dirichlet_split", loses=TABLE.parts("dirichlet_split"))
def lists_of_rows(labels, clients, alpha, seed):
    return [rows.tolist() for rows in with_masks(labels, clients, alpha, seed)]


@TABLE.answer("dirichlet_split", loses=TABLE.parts("dirichlet_split"))
def one_array_of_owners(labels, clients, alpha, seed):
    owners = np.zeros(len(labels), dtype=int)
    for client, rows in enumerate(with_masks(labels, clients, alpha, seed)):
        owners[rows] = client
    return owners


# --- The robust mean ----------------------------------------------------------------------------


def sound(updates):
    return updates[np.isfinite(updates.reshape(len(updates), -1)).all(axis=1)]


@TABLE.answer("robust_mean", loses={"a poisoned client"})
def sums_without_the_ends(updates, trim):
    """Beside a huge number the others are rounded away before it is taken out again."""
    rows = np.sort(sound(updates), axis=0)
    n = len(rows)
    if n == 0:
        return np.zeros_like(updates[0])
    if n <= 2 * trim:
        return (rows[(n - 1) // 2] + rows[n // 2]) / 2
    return (rows.sum(axis=0) - rows[:trim].sum(axis=0) - rows[n - trim :].sum(axis=0)) / (
        n - 2 * trim
    )


@TABLE.answer("robust_mean")
def with_partition(updates, trim):
    rows = torch.tensor(sound(updates))
    if not len(rows):
        return np.zeros(updates.shape[1:])
    left = len(rows) - 2 * trim
    if left <= 0:
        return np.median(rows.numpy(), axis=0)
    return rows.sort(dim=0).values.narrow(0, trim, left).mean(dim=0).numpy()


@TABLE.answer("robust_mean")
def weighted_ranks(updates, trim):
    rows = sound(updates)
    if len(rows) == 0:
        return np.zeros(updates.shape[1:])
    order = np.sort(rows, axis=0)
    trim = min(trim, (len(rows) - 1) // 2)
    places = np.arange(len(rows))
    inside = ((places >= trim) & (places < len(rows) - trim)).astype(float)
    return np.tensordot(inside / inside.sum(), order, axes=1)


@TABLE.answer("robust_mean", loses=TABLE.parts("robust_mean") - {"no trimming"})
def infinities_made_finite(updates, trim):
    """Clients with NaN are left out; infinite numbers become the largest ones, and stay."""
    rows = updates[~np.isnan(updates).reshape(len(updates), -1).any(axis=1)]
    return sums_without_the_ends(np.nan_to_num(rows), trim) if len(rows) else updates[0] * 0


@TABLE.answer("robust_mean", loses=TABLE.parts("robust_mean") - {
    "no trimming", "one client left, or none"})  # fmt: skip
def trimmed_by_a_fraction(updates, trim):
    rows = np.sort(sound(updates), axis=0)
    if len(rows) == 0:
        return np.zeros(updates.shape[1:])
    if trim == 0 or len(rows) == 1:
        return rows.mean(axis=0)
    cut = int(0.1 * len(rows))
    return rows[cut : len(rows) - cut].mean(axis=0)


@TABLE.answer("robust_mean", loses={"more trimmed than there are"})
def trimmed_until_one_is_left(updates, trim):
    rows = sound(updates)
    if len(rows) == 0:
        return np.zeros(updates.shape[1:])
    order = np.sort(rows, axis=0)
    while trim and len(order) > 1:
        order = order[1:-1] if len(order) > 2 else order[:1]
        trim -= 1
    return order.mean(axis=0)


@TABLE.answer("robust_mean", loses=TABLE.parts("robust_mean"))
def sorted_along_the_last_axis(updates, trim):
    rows = np.sort(updates, axis=-1)
    return rows[trim : len(rows) - trim].mean(axis=0) if 2 * trim < len(rows) else rows[0]


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
