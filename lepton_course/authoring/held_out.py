"""Hold rows of a data set of the course out for the judge.

    sorting = exercise("predict", …, held_out=held_out(FOLDER / "held_out.npz", "fashion_mnist"))

    @sorting.cases
    def cases(rng, rows): ...  # rows: a split of the data set; other rows for a class's own cases

`lepton certify` proves that no row of a class's cases ships.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

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
