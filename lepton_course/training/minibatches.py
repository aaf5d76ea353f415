"""Cut data that is already in memory into mini-batches, by index, on the device where it lies.

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
    """An iterable of tuples of batches; with `shuffle`, each pass draws a new order."""

    arrays: tuple[Any, Any]  # torch tensors or NumPy arrays of length N
    batch_size: int
    shuffle: bool
    drop_last: bool
    generator: Any  # torch.Generator for tensors, np.random.Generator for arrays, None: the global

    def __len__(self) -> int:
        """Return the number of batches."""
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
    """Return an iterable of mini-batches (x_batch, y_batch).

    >>> x, y = np.zeros((100, 3)), np.zeros(100)
    >>> [len(x_batch) for x_batch, y_batch in batches(x, y, batch_size=64)]
    [64, 36]

    x, y: two torch tensors or two NumPy arrays, (N, …) and (N, …). Tensors stay on their device.
    batch_size: examples per batch, B. The last batch is smaller when N is not a multiple of it.
    shuffle: draw a new order for every pass. Without it batches are views, so writing into one
        changes the data.
    seed: makes the orders repeatable.
    generator: in place of a seed, a torch.Generator for tensors or np.random.Generator for arrays.
        Without either, the global generator that `seed_everything` seeds.
    drop_last: leave out a smaller last batch.

    `len()` of it is the number of batches. Raises ValueError for unequal lengths, a batch size
    below 1, or both seed and generator, and TypeError for a tensor beside an array.
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
    torch = sys.modules.get("torch")  # a caller with a tensor has imported torch
    return torch is not None and isinstance(array, torch.Tensor)


def _take(array: Any, index: Any) -> Any:
    """Return array[index]; for tensors by index_select, which copies twice as fast on a CPU."""
    return array.index_select(0, index) if _is_tensor(array) else array[index]


def _seeded(array: Any, seed: int) -> Any:
    if _is_tensor(array):
        import torch

        return torch.Generator().manual_seed(seed)
    return np.random.default_rng(seed)


def _permutation(array: Any, generator: Any) -> Any:
    """Return 0…N-1 in random order, on the device of `array`."""
    if _is_tensor(array):
        import torch

        # Drawn on the CPU, so that the same seed gives the same order on every device.
        return torch.randperm(len(array), generator=generator).to(array.device)
    return (generator or np.random).permutation(len(array))
