"""Prove that what the judge asks of a class stands in nothing that ships.

Rows of a class's cases are compared with the data sets of the course, with the rows of learners'
checks, and with the arrays in the folders that a module ships.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograder.proof.exercises.row_vectors import (
    Scaling,
    columns_of,
    each_row_alone,
    nearest,
    vectors_of,
)
from lepton_course.exercises.model import HeldOut
from lepton_course.syllabus import OPEN_FOLDERS

SAME = 0.1
"""Of the usual distance to the nearest row: what lies nearer is the same row, perhaps rescaled."""
DERIVED = 0.7
"""Of the usual distance: rows that all lie nearer were made from rows that ship."""
QUANTILES = (0.05, 0.5)


def held_out_problems(held_out: HeldOut, folder: Path | None = None) -> Iterator[str]:
    """Yield what learners have of the rows that graders ask.

    folder: of the module; with it, the arrays that it ships are searched too.
    The usual distance is that of the shipped test rows to their nearest training rows.
    """
    train, test, *_ = (as_vectors(rows) for rows in held_out.shipped())
    secret = as_vectors(held_out.rows(public=False))
    scale = scaling_of(held_out.load(), train)
    others = {
        "the course's data": np.concatenate([train, test]),
        "the learner's check": as_vectors(held_out.rows(public=True)),
        **(_shipped_arrays(folder, secret.shape[1]) if folder else {}),
    }
    usual = nearest(scale(test), scale(train))[1]
    for where, rows in others.items():
        yield from shared_rows(scale(secret), scale(rows), usual, where)


def shared_rows(
    secret: np.ndarray, others: np.ndarray, usual: np.ndarray, where: str
) -> Iterator[str]:
    """Yield a problem if rows (N, F) stand among the others (M, F), or were derived from them.

    usual: distances to the nearest row where nothing is shared.
    """
    far = nearest(secret, others)[1]
    same = int((far < SAME * np.median(usual)).sum())
    if same:
        yield (
            f"{same} of {len(secret)} rows of a class's cases stand in {where}, as they are or "
            "rescaled: hold out other rows"
        )
        return
    for quantile in QUANTILES:
        share = np.quantile(far, quantile) / np.quantile(usual, quantile)
        if share < DERIVED:
            yield (
                f"rows of a class's cases lie as near to rows of {where} as if they were made from "
                f"them: {share:.2f} of the usual distance: hold out other rows"
            )
            return


def as_vectors(split: Any) -> np.ndarray:
    """Return the rows of a split as vectors (N, F)."""
    return vectors_of(split.numpy()[0])


def scaling_of(split: Any, train: np.ndarray) -> Scaling:
    """Return how rows of this kind are made comparable.

    A table by its columns; images and sequences also each by itself, because a brighter image is
    the same image.
    """
    rows = split.numpy()[0]
    if isinstance(rows, list):
        columns = columns_of(train)
        return lambda vectors: each_row_alone(columns(vectors))
    return columns_of(train) if rows.ndim == 2 else each_row_alone


def _shipped_arrays(folder: Path, width: int) -> Mapping[str, np.ndarray]:
    """Return the arrays of rows of that width in the npz files of a module's open folders."""
    found = {}
    for path in (p for name in OPEN_FOLDERS for p in sorted((folder / name).rglob("*.npz"))):
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                array = file[name]
                if array.ndim > 1 and array[0].size == width and array.dtype.kind in "iuf":
                    found[f"{path.name}, {name}"] = vectors_of(array)
    return found
