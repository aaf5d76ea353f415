"""Mini-batches of data that is already in memory, by index, on the device where the data lies.

A DataLoader fetches one example at a time and stacks them again; for tensors in memory a single
index operation per batch does the same work (benchmarks/README.md has the figures).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Batches:
    """An iterable of tuples of batches; each pass over it draws a new order when it shuffles."""

    arrays: tuple[Any, Any]  # torch tensors or NumPy arrays of length N
    batch_size: int
    shuffle: bool
    drop_last: bool
    generator: Any  # torch.Generator for tensors, np.random.Generator for arrays, None: the global

    def __len__(self) -> int:
        """The number of batches."""
        n = len(self.arrays[0])
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        order = _permutation(self.arrays[0], self.generator) if self.shuffle else None
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            part = slice(start, start + self.batch_size)
            if order is None:
                yield tuple(array[part] for array in self.arrays)
            else:
                yield tuple(_take(array, order[part]) for array in self.arrays)


def batches(
    x: Any,
    y: Any,
    batch_size: int = 64,
    *,
    shuffle: bool = True,
    seed: int | None = None,
    generator: Any = None,
    drop_last: bool = False,
) -> Batches:
    """Mini-batches (x_batch, y_batch) of two tensors or two NumPy arrays of equal length N.

    >>> x, y = np.zeros((100, 3)), np.zeros(100)
    >>> [len(x_batch) for x_batch, y_batch in batches(x, y, batch_size=64)]
    [64, 36]

    A new order is drawn for every pass: from `seed`, from `generator` (torch.Generator for
    tensors, np.random.Generator for arrays) or else from the global generator that
    `seed_everything` sets. Tensors stay on their device. The last batch is smaller when N is not
    a multiple of `batch_size`, unless `drop_last`. Without `shuffle` batches are views, so
    writing into one changes the data.

    Raises ValueError for unequal lengths or a batch size below 1, TypeError for a mixed pair.
    """
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length, but they have {len(x)} and {len(y)}")
    if _is_tensor(x) != _is_tensor(y):
        raise TypeError("x and y must both be torch tensors or both be NumPy arrays")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    if seed is not None and generator is not None:
        raise ValueError("give seed or generator, not both")
    if seed is not None:
        generator = _seeded(x, seed)
    return Batches((x, y), batch_size, shuffle, drop_last, generator)


def _is_tensor(array: Any) -> bool:
    torch = sys.modules.get("torch")  # whoever holds a tensor has imported torch
    return torch is not None and isinstance(array, torch.Tensor)


def _take(array: Any, index: Any) -> Any:
    """array[index]; for tensors by index_select, which on a CPU copies twice as fast."""
    return array.index_select(0, index) if _is_tensor(array) else array[index]


def _seeded(array: Any, seed: int) -> Any:
    if _is_tensor(array):
        import torch

        return torch.Generator().manual_seed(seed)
    return np.random.default_rng(seed)


def _permutation(array: Any, generator: Any) -> Any:
    """0…N-1 in random order, on the device of `array`."""
    if _is_tensor(array):
        import torch

        # Drawn on the CPU, so that the same seed gives the same order on every device.
        return torch.randperm(len(array), generator=generator).to(array.device)
    return (generator or np.random).permutation(len(array))
