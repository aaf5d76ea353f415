"""Hold rows of a data set of the course out for the judge.

    sorting = exercise("predict", …, held_out=held_out(FOLDER / "held_out.npz", "fashion_mnist"))

    @sorting.cases
    def cases(rng, rows): ...  # rows: a split of the data set; other rows for a class's own cases

`lepton certify` proves that no row of a class's cases ships.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lepton_course.datasets import Split, load_dataset, read_split
from lepton_course.exercises.model import PUBLIC_SHARE, HeldOut


def held_out(
    path: Path,
    dataset: str,
    *,
    share: float = PUBLIC_SHARE,
    in_order: bool = False,
    seed: int = 0,
) -> HeldOut:
    """Return the judge's rows: a split of the data set `dataset`, in a file that never ships.

    path: an npz file with the arrays of one split, such as `images` and `labels`.
    share, in_order, seed: as in `HeldOut`.
    """

    @functools.cache
    def load() -> Split:
        return read_split(dataset, path)

    def shipped() -> Sequence[Split]:
        data = load_dataset(dataset)
        return data.train, data.test

    return HeldOut(load, shipped, share, in_order, seed)


def draw_of_each(
    rng: np.random.Generator, labels: np.ndarray, kinds: Iterable[int], number: int
) -> np.ndarray:
    """Return places of `number` rows of each of these kinds, mixed: int64 (len(kinds) * number,).

    labels: (N,). Raises ValueError where a kind has fewer rows.
    """
    places = [np.flatnonzero(labels == kind) for kind in kinds]
    chosen = [rng.choice(of_kind, number, replace=False) for of_kind in places]
    return rng.permutation(np.concatenate(chosen))
