"""Answers to advanced/08_privacy on tables, ledgers and DP-SGD, and the parts each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "08_privacy")


# --- How well a table hides its rows ------------------------------------------------------------


def grouped(quasi, sensitive):
    """Sensitive values by group, in the order of sorted rows."""
    pairs = sorted(zip(quasi.tolist(), sensitive.tolist(), strict=True))
    return [[v for _, v in g] for _, g in itertools.groupby(pairs, key=lambda pair: pair[0])]


@TABLE.answer("k_anonymity")
def by_sorting(quasi, sensitive):
    groups = grouped(quasi, sensitive)
    exposed = [len(g) for g in groups if min(g) == max(g)]
    return min(map(len, groups)), min(len({*g}) for g in groups), sum(exposed)


@TABLE.answer("k_anonymity")
def row_against_row(quasi, sensitive):
    alike = (quasi[:, None] == quasi[None]).all(axis=2)
    same = alike & (sensitive[:, None] == sensitive[None])
    sizes = alike.sum(axis=1)
    diversity = [len(np.unique(sensitive[row])) for row in alike]
    return int(sizes.min()), int(min(diversity)), int((same.sum(axis=1) == sizes).sum())


@TABLE.answer("k_anonymity")
def with_torch(quasi, sensitive):
    _, group = torch.unique(torch.tensor(quasi), dim=0, return_inverse=True)
    values = [sensitive[(group == g).numpy()] for g in range(int(group.max()) + 1)]
    lone = [len(v) for v in values if (v == v[0]).all()]
    return min(len(v) for v in values), min(len(set(v.tolist())) for v in values), sum(lone)


@TABLE.answer("k_anonymity", loses={"the smallest group", "groups with one value"})
def only_neighbours_are_grouped(quasi, sensitive):
    rows = zip(map(tuple, quasi.tolist()), sensitive.tolist(), strict=True)
    groups = [[v for _, v in g] for _, g in itertools.groupby(rows, key=lambda pair: pair[0])]
    exposed = sum(len(g) for g in groups if len(set(g)) == 1)
    return min(map(len, groups)), min(len(set(g)) for g in groups), exposed


@TABLE.answer("k_anonymity", loses={"the smallest group", "groups with one value"})
def rows_added_up_into_a_key(quasi, sensitive):
    return TABLE.exercises["k_anonymity"].reference(quasi.sum(axis=1)[:, None], sensitive)


@TABLE.answer("k_anonymity", loses={"the smallest group", "groups with one value"})
def column_by_column(quasi, sensitive):
    found = [TABLE.exercises["k_anonymity"].reference(c[:, None], sensitive) for c in quasi.T]
    return tuple(min(values) for values in zip(*found, strict=True))


@TABLE.answer("k_anonymity", loses={"the smallest group", "groups with one value"})
def codes_in_one_text(quasi, sensitive):
    texts = np.array(["".join(map(str, row)) for row in quasi.tolist()])
    return TABLE.exercises["k_anonymity"].reference(texts[:, None], sensitive)


@TABLE.answer("k_anonymity", loses={"one group"})
def a_lone_row_has_no_group(quasi, sensitive):
    k, diversity, exposed = TABLE.exercises["k_anonymity"].reference(quasi, sensitive)
    return (k, diversity, exposed) if len(quasi) > 1 else (0, 0, 0)


@TABLE.answer("k_anonymity", loses={"one group", "groups with one value"})
def exposed_if_two_at_most(quasi, sensitive):
    groups = grouped(quasi, sensitive)
    exposed = sum(len(g) for g in groups if len(set(g)) == 1 and len(g) > 2)
    return min(map(len, groups)), min(len(set(g)) for g in groups), exposed


@TABLE.answer("k_anonymity", loses=TABLE.parts("k_anonymity"))
def means_in_place_of_minima(quasi, sensitive):
    groups = grouped(quasi, sensitive)
    exposed = sum(len(g) for g in groups if len(set(g)) == 1)
    return len(quasi) / len(groups), float(np.mean([len(set(g)) for g in groups])), exposed


# --- A ledger of privacy losses -----------------------------------------------------------------


def of_table(rows, delta):
    losses = np.array([s / b for _, _, s, b in rows])
    rho = (losses**2).sum() / 2
    found = rho + 2 * np.sqrt(rho * -np.log(delta))
    return min(found, losses.sum()) if {row[1] for row in rows} == {"laplace"} else found


@TABLE.answer("compose")
def sorted_into_tables(releases, delta):
    rows = sorted(releases)
    tables = [list(g) for _, g in itertools.groupby(rows, key=lambda row: row[0])]
    return float(max([of_table(table, delta) for table in tables], default=0))


@TABLE.answer("compose")
def running_totals(releases, delta):
    totals = {}
    for table, kind, sensitivity, scale in releases:
        ratio = sensitivity / scale
        rho, plain = totals.get(table, (0.0, 0.0))
        totals[table] = rho + ratio**2 / 2, plain + (ratio if kind == "laplace" else 1e9)
    worst = 0.0
    for rho, plain in totals.values():
        worst = max(worst, min(plain, rho + math.sqrt(4 * rho * math.log(1 / delta))))
    return worst


@TABLE.answer("compose")
def by_the_best_order(releases, delta):
    """rho alpha + ln(1/delta) / (alpha - 1) at its minimum over alpha."""
    worst = 0.0
    for name in {row[0] for row in releases}:
        mine = [row for row in releases if row[0] == name]
        rho = sum((s / b) ** 2 / 2 for _, _, s, b in mine)
        alpha = 1 + math.sqrt(math.log(1 / delta) / rho)
        found = rho * alpha + math.log(1 / delta) / (alpha - 1)
        if all(row[1] == "laplace" for row in mine):
            found = min(found, sum(s / b for _, _, s, b in mine))
        worst = max(worst, found)
    return worst


@TABLE.answer("compose", loses={"several tables"})
def only_neighbouring_releases(releases, delta):
    runs = [list(g) for _, g in itertools.groupby(releases, key=lambda row: row[0])]
    return float(max((of_table(run, delta) for run in runs), default=0.0))


@TABLE.answer("compose", loses={"one table, both kinds"})
def laplace_and_gaussian_apart(releases, delta):
    worst = 0.0
    for name in {row[0] for row in releases}:
        mine = [row for row in releases if row[0] == name]
        kinds = [[row for row in mine if row[1] == k] for k in ("laplace", "gaussian")]
        worst = max(worst, sum(float(of_table(rows, delta)) for rows in kinds if rows))
    return worst


@TABLE.answer("compose", loses=TABLE.parts("compose") - {"one table, Laplace noise"})
def the_textbook_gaussian(releases, delta):
    """Each Gaussian release at sqrt(2 ln(1.25/delta)), losses added."""
    worst = 0.0
    for name in {row[0] for row in releases}:
        mine = [row for row in releases if row[0] == name]
        if {row[1] for row in mine} == {"laplace"}:
            spent = float(of_table(mine, delta))
        else:
            factor = math.sqrt(2 * math.log(1.25 / delta))
            spent = sum(s / b * (factor if k == "gaussian" else 1) for _, k, s, b in mine)
        worst = max(worst, spent)
    return worst


@TABLE.answer("compose", loses={"several tables"})
def the_first_table_only(releases, delta):
    mine = [row for row in releases if row[0] == releases[0][0]] if releases else []
    return float(of_table(mine, delta)) if mine else 0.0


@TABLE.answer("compose", loses={"one table, Laplace noise", "several tables"})
def the_larger_of_the_two_bounds(releases, delta):
    worst = 0.0
    for name in {row[0] for row in releases}:
        mine = [row for row in releases if row[0] == name]
        rho = sum((s / b) ** 2 / 2 for _, _, s, b in mine)
        found = rho + 2 * math.sqrt(rho * math.log(1 / delta))
        if all(row[1] == "laplace" for row in mine):
            found = max(found, sum(s / b for _, _, s, b in mine))
        worst = max(worst, found)
    return worst


@TABLE.answer("compose", loses=TABLE.parts("compose"))
def scale_as_a_variance(releases, delta):
    rows = [(t, k, s, math.sqrt(b)) for t, k, s, b in releases]
    return float(TABLE.exercises["compose"].reference(rows, delta)) if rows else 0


# --- One step of DP-SGD -------------------------------------------------------------------------


def lengths(gradients):
    return np.sqrt(sum((g**2).sum(axis=tuple(range(1, g.ndim))) for g in gradients))


@TABLE.answer("dp_step")
def by_dividing(parameters, gradients, noise, max_norm, multiplier, batch, rate):
    over = np.maximum(1.0, lengths(gradients) / max_norm)
    new = []
    for p, g, z in zip(parameters, gradients, noise, strict=True):
        total = (g / over.reshape(-1, *[1] * p.ndim)).sum(axis=0)
        new.append(p - rate * total / batch - rate * multiplier * max_norm / batch * z)
    return new


@TABLE.answer("dp_step")
def by_where(parameters, gradients, noise, max_norm, multiplier, batch, rate):
    sizes = lengths(gradients)
    factors = np.where(sizes > max_norm, max_norm / np.where(sizes > 0, sizes, 1), 1.0)
    sums = [np.tensordot(g, factors, axes=(0, 0)) for g in gradients]
    moves = [(s + multiplier * max_norm * z) / batch for s, z in zip(sums, noise, strict=True)]
    return [p - rate * m for p, m in zip(parameters, moves, strict=True)]


@TABLE.answer("dp_step")
def as_a_tuple_from_torch(parameters, gradients, noise, max_norm, multiplier, batch, rate):
    new = [torch.tensor(p) for p in parameters]
    for i in range(len(gradients[0])):
        parts = [torch.tensor(g[i]) for g in gradients]
        size = torch.sqrt(sum((part**2).sum() for part in parts))
        factor = torch.clamp(max_norm / size, max=1.0) if size > 0 else 1.0
        new = [p - rate / batch * factor * part for p, part in zip(new, parts, strict=True)]
    spread = rate * multiplier * max_norm / batch
    return [p.numpy() - spread * z for p, z in zip(new, noise, strict=True)]


@TABLE.answer("dp_step", loses={"small gradients, and none"})
def nothing_moves_without_examples(parameters, gradients, noise, *others):
    if len(gradients[0]) == 0:
        return [p.copy() for p in parameters]
    return by_dividing(parameters, gradients, noise, *others)


@TABLE.answer("dp_step", loses={"small gradients, and none"})
def divided_by_a_norm_of_zero(parameters, gradients, noise, max_norm, multiplier, batch, rate):
    with np.errstate(all="ignore"):
        factors = np.minimum(1.0, max_norm / lengths(gradients)) * np.sign(lengths(gradients))
        factors = factors + 0 / lengths(gradients)
    sums = [np.tensordot(factors, g, axes=(0, 0)) for g in gradients]
    return [
        p - rate * (s + multiplier * max_norm * z) / batch
        for p, s, z in zip(parameters, sums, noise, strict=True)
    ]


@TABLE.answer("dp_step", loses=TABLE.parts("dp_step") - {"clipping, without noise"})
def spread_by_the_root_of_the_batch(p, gradients, noise, max_norm, multiplier, batch, rate):
    drawn = [z / math.sqrt(batch) * 0.999 for z in noise]
    return by_dividing(p, gradients, drawn, max_norm, multiplier, batch, rate)


@TABLE.answer("dp_step", loses={"clipping, without noise", "a batch of another size than expected",
                                "noise"})  # fmt: skip
def the_longest_norm_for_all(parameters, gradients, noise, max_norm, multiplier, batch, rate):
    longest = max(lengths(gradients), default=0.0)
    factor = min(1.0, max_norm / longest) if longest else 1.0
    scaled = [factor * g for g in gradients]
    return by_dividing(parameters, scaled, noise, max_norm, multiplier, batch, rate)


@TABLE.answer("dp_step", loses={"clipping, without noise", "a batch of another size than expected",
                                "noise"})  # fmt: skip
def in_the_norm_of_one(parameters, gradients, noise, max_norm, multiplier, batch, rate):
    sizes = sum(np.abs(g).reshape(len(g), -1).sum(axis=1) if len(g) else 0 for g in gradients)
    if np.all(lengths(gradients) <= max_norm):
        sizes = np.zeros(len(gradients[0]))
    scaled = [g / np.maximum(1, sizes / max_norm).reshape(-1, *[1] * (g.ndim - 1))
              for g in gradients]  # fmt: skip
    return by_dividing(parameters, scaled, noise, max_norm, multiplier, batch, rate)


@TABLE.answer("dp_step", loses=TABLE.parts("dp_step"))
def parameters_changed_in_place(parameters, *others):
    for old, new in zip(parameters, by_dividing(parameters, *others), strict=True):
        old[...] = new
    return parameters


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
