"""More mistakes in `dirichlet_split`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .dirichlet_split import slipped, splitting

labels_of = splitting.group("The labels and their rows", make=slipped)


@labels_of.mistake(
    "You drew for every whole number from the lowest label to the highest: only labels that occur "
    "get a draw, those of np.unique(labels)."
)
def draws_for_gaps():
    return {"kinds": lambda labels: range(min(labels, default=0), max(labels, default=-1) + 1)}


@labels_of.mistake(
    "Rows whose label is below 0 go to nobody: labels may be any integers, and np.unique(labels) "
    "finds all of them."
)
def labels_below_zero_left_out():
    return {"kinds": lambda labels: np.unique(labels[labels >= 0])}


@labels_of.mistake(
    "You began with the highest label: the draws are made for the labels in ascending order."
)
def labels_descending():
    return {"kinds": lambda labels: np.unique(labels)[::-1]}


@labels_of.mistake(
    "You shuffled a label's rows before you cut them: cut them in ascending order of their "
    "positions. The chance is in the fractions alone."
)
def rows_shuffled():
    return {"mixed": True}


@splitting.mistake(
    "You sorted the labels, and returned positions in the sorted array: the positions are those in "
    "`labels` as it was given, which np.flatnonzero(labels == label) finds."
)
def positions_after_sorting(right, a):
    return right(labels=np.sort(a.labels))


generators = splitting.group("The generator and the cuts", make=slipped)


@generators.mistake(
    "You drew from NumPy's older generator, np.random.seed or RandomState, which gives other "
    "numbers for the same seed: make np.random.default_rng(seed)."
)
def older_generator():
    return {"generator": np.random.RandomState}


@generators.mistake(
    "You rounded the cuts up: the statement rounds down, with np.floor or astype(int)."
)
def cuts_rounded_up():
    return {"cut": np.ceil}


@splitting.mistake(
    "You rounded each client's number of rows down and gave away what is left over to nobody: "
    "each row goes to a client. Round the cumulative sum, and let the last one have the rest."
)
def left_over_rows_lost(labels, clients, alpha, seed):
    rng = np.random.default_rng(seed)
    mine = [[] for _ in range(clients)]
    for kind in np.unique(labels):
        rows = np.flatnonzero(labels == kind)
        ends = np.cumsum((rng.dirichlet([alpha] * clients) * len(rows)).astype(int))
        for client, part in enumerate(np.split(rows, ends)[:-1]):
            mine[client].extend(part.tolist())
    return [np.array(sorted(rows), dtype=np.int64) for rows in mine]


@splitting.mistake(
    "You drew a client for each row: the fractions alone are drawn. The rows of a label are cut "
    "at the cumulative fractions."
)
def client_drawn_for_each_row(labels, clients, alpha, seed):
    rng = np.random.default_rng(seed)
    owners = np.zeros(len(labels), dtype=np.int64)
    for kind in np.unique(labels):
        shares = rng.dirichlet([alpha] * clients)
        owners[labels == kind] = rng.choice(clients, size=np.sum(labels == kind), p=shares)
    return [np.flatnonzero(owners == client) for client in range(clients)]


@splitting.mistake(
    "You shuffled a label's rows with the generator before you drew the fractions: that changes "
    "the draws, and the rows are cut in ascending order of their positions."
)
def shuffled_before_the_draw(labels, clients, alpha, seed):
    rng = np.random.default_rng(seed)
    mine = [[] for _ in range(clients)]
    for kind in np.unique(labels):
        rows = np.flatnonzero(labels == kind)
        rng.shuffle(rows)
        ends = np.floor(len(rows) * np.cumsum(rng.dirichlet([alpha] * clients))[:-1])
        for client, part in enumerate(np.split(rows, ends.astype(int))):
            mine[client].extend(part.tolist())
    return [np.array(sorted(rows), dtype=np.int64) for rows in mine]
