"""Rows of data as vectors of equal length, and how near they come to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEPS = 16
"""Steps to which every sequence is brought, so that another pace makes no difference."""

Scaling = Callable[[np.ndarray], np.ndarray]


def vectors_of(rows: Any, lengths: np.ndarray | None = None) -> np.ndarray:
    """Return rows (N, …) as vectors float32 (N, F).

    rows: an array, or a list of N sequences (length, C). lengths: where the rows (N, T, C) of an
    array end. Sequences are resampled to equal length; a missing number is its column's median.
    """
    if lengths is not None:
        rows = [row[:length] for row, length in zip(rows, lengths, strict=True)]
    if isinstance(rows, list):
        rows = np.array([_resampled(np.asarray(row, dtype=float)) for row in rows])
    flat = np.asarray(rows, dtype=np.float32).reshape(len(rows), -1)
    gaps = np.isnan(flat)
    if gaps.any():
        filled = np.where(gaps.all(axis=0), 0, flat)
        flat = np.where(gaps, np.nanmedian(filled, axis=0), flat)
    return flat


def _resampled(sequence: np.ndarray) -> np.ndarray:
    places = np.linspace(0, len(sequence) - 1, STEPS)
    known = np.arange(len(sequence))
    return np.array([np.interp(places, known, channel) for channel in sequence.T]).T


def as_stored(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors themselves."""
    return vectors


def each_row_alone(vectors: np.ndarray) -> np.ndarray:
    """Centre and scale each row, so that a brighter or fainter copy is the same row."""
    centred = vectors - vectors.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)


def columns_of(reference: np.ndarray) -> Scaling:
    """Return the scaling that brings the columns of `reference` to mean 0 and deviation 1."""
    mean, deviation = reference.mean(axis=0), reference.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1)
    return lambda vectors: (vectors - mean) / deviation


def nearest(rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each row (N, F), the place of the nearest of the others (M, F), and how far."""
    squares = (others * others).sum(axis=1)
    place = np.concatenate(
        [(squares - 2 * part @ others.T).argmin(axis=1) for part in _pieces(rows)]
    )
    return place, np.linalg.norm(rows - others[place], axis=1)


def _pieces(rows: np.ndarray, size: int = 500) -> Sequence[np.ndarray]:
    return np.split(rows, range(size, len(rows), size))
