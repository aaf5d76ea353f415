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
