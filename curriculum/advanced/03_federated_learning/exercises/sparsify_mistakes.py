"""More mistakes in `sparsify`, which is declared beside: positions, and what belongs to them."""

from __future__ import annotations

import numpy as np

from .sparsify import sparsifying

places = sparsifying.group("Positions and values")


@places.mistake(
    "You did not send zeros: when k is large enough a number that is 0 is sent like any other, so "
    "that min(k, P) numbers go."
)
def zeros_left_out(right, a):
    positions, values, kept = right()
    return positions[values != 0], values[values != 0], kept


@places.mistake(
    "Your values are in order of magnitude and your positions ascend, so they do not belong "
    "together: take the values at the sorted positions."
)
def values_in_order_of_magnitude(right, a):
    positions, values, kept = right()
    return positions, values[np.argsort(-np.abs(values), kind="stable")], kept


@places.mistake(
    "You count positions anew in each array: they are counted through all arrays, laid end to end."
)
def counted_in_each_array(right, a):
    positions, values, kept = right()
    starts = np.cumsum([0, *(u.size for u in a.update)])
    return positions - starts[np.searchsorted(starts, positions, side="right") - 1], values, kept


@places.mistake(
    "You laid arrays out column by column: go row by row, as ravel() does if it is not told "
    "otherwise."
)
def column_by_column(right, a):
    positions, values, kept = right(
        update=[u.T for u in a.update], residual=[r.T for r in a.residual]
    )
    return positions, values, [array.T for array in kept]


@places.mistake(
    "You chose and sent by the update alone, and added the residual to what you keep: then what "
    "was held back is never sent. Add first, then choose."
)
def residual_never_sent(right, a):
    positions, values, kept = right(residual=[np.zeros_like(r) for r in a.residual])
    both = np.concatenate([(u + r).ravel() for u, r in zip(a.update, a.residual, strict=True)])
    both[positions] = 0
    parts = np.split(both, np.cumsum([u.size for u in a.update])[:-1])
    rest = [part.reshape(u.shape) for part, u in zip(parts, a.update, strict=True)]
    return positions, values, rest


@places.mistake(
    "You keep the old residual, with zeros at what was sent: what was held back of this update is "
    "lost. Keep update plus residual, with zeros at what was sent."
)
def old_residual_kept(right, a):
    positions, values, _ = right()
    old = np.concatenate([r.ravel() for r in a.residual])
    old[positions] = 0
    parts = np.split(old, np.cumsum([r.size for r in a.residual])[:-1])
    return positions, values, [p.reshape(r.shape) for p, r in zip(parts, a.residual, strict=True)]
