"""Hold a split: labelled examples as NumPy arrays, torch tensors or a tf.data pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lepton_course.datasets.catalogue import SequencesInfo, TableInfo, TracesInfo
from lepton_course.datasets.tables import Rows, as_html, as_text, cell_text

if TYPE_CHECKING:
    import tensorflow
    import torch

Arrays = tuple[np.ndarray, np.ndarray]  # examples (N, …), labels int64 (N,)


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Base of all splits: `labels` int64 (N,), and whatever else describes the N examples."""

    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Any) -> Self:
        """Return some of the examples, by slice, index array, mask or a single index."""
        if np.ndim(index) == 0 and not isinstance(index, slice):
            index = [index]
        return self._part(index)

    def _part(self, index: Any) -> Self:
        raise NotImplementedError

    def hold_out(self, size: int, seed: int = 0) -> tuple[Self, Self]:
        """Split at random into (the rest, `size` examples): disjoint training and validation sets.

        The same seed gives the same division. Raises ValueError unless 0 < size < len(self).
        """
        if not 0 < size < len(self):
            raise ValueError(f"size must be between 1 and {len(self) - 1}, not {size}")
        order = np.random.default_rng(seed).permutation(len(self))
        return self[np.sort(order[size:])], self[np.sort(order[:size])]


@dataclass(frozen=True, eq=False, repr=False)
class ImageSplit(Split):
    """Images with their labels: `images` uint8 (N, 28, 28) in 0…255, `labels` int64 (N,)."""

    images: np.ndarray

    def __repr__(self) -> str:
        return f"Split(images {self.images.dtype} {self.images.shape}, labels {self.labels.shape})"

    def _part(self, index: Any) -> ImageSplit:
        return ImageSplit(self.labels[index], self.images[index])

    def numpy(self) -> Arrays:
        """Return the images as stored, uint8 (N, 28, 28), and labels int64 (N,)."""
        return self.images, self.labels

    def torch(self, device: torch.device | str | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return x float32 (N, 1, 28, 28) in [0, 1] and y int64 (N,), by default on the CPU."""
        import torch

        x = torch.tensor(self.images, device=device).unsqueeze(1).float() / 255
        return x, torch.tensor(self.labels, device=device)

    def tf(
        self, batch_size: int = 64, *, shuffle: bool = False, seed: int | None = None
    ) -> tensorflow.data.Dataset:
        """Return a tf.data.Dataset of batches: x float32 (B, 28, 28, 1) in [0, 1], y int64 (B,).

        The last batch may be smaller. With `shuffle` every epoch has a new order.
        """
        import tensorflow as tf

        def scale(x: Any, y: Any) -> tuple[Any, Any]:
            return tf.cast(x[..., tf.newaxis], tf.float32) / 255, y

        return _pipeline(self.numpy(), batch_size, shuffle, seed, scale)


@dataclass(frozen=True, eq=False, repr=False)
class TableSplit(Split):
    """Rows of a table with their labels; a notebook displays its first rows.

    numbers: float32 (N, numeric columns), NaN where a value is missing.
    codes: int8 (N, categorical columns), positions in the catalogue's lists; -1 where missing.
    """

    numbers: np.ndarray
    codes: np.ndarray
    info: TableInfo

    def _part(self, index: Any) -> TableSplit:
        return TableSplit(self.labels[index], self.numbers[index], self.codes[index], self.info)

    def column(self, name: str) -> np.ndarray:
        """Return one column of the table: float32 (N,), or str (N,) with "" for missing.

        Raises KeyError, listing the names that exist, when there is no such column.
        """
        if name in self.info.numbers:
            return self.numbers[:, list(self.info.numbers).index(name)]
        if name in self.info.categories:
            values = np.array([*self.info.categories[name], ""])  # code -1 indexes the last
            return values[self.codes[:, list(self.info.categories).index(name)]]
        known = ", ".join([*self.info.numbers, *self.info.categories])
        raise KeyError(f"no column {name!r}; there are: {known}")

    def numpy(self) -> Arrays:
        """Return x float32 (N, F) with the columns `info.features`, and y int64 (N,).

        A category becomes one column for each of its values, 1 where the row has it and 0
        elsewhere (one-hot). Missing numbers stay NaN; a missing category is 0 in all its columns.
        """
        blocks = [
            codes[:, None] == np.arange(len(values))
            for codes, values in zip(self.codes.T, self.info.categories.values(), strict=True)
        ]
        return np.hstack([self.numbers, *blocks]).astype(np.float32), self.labels

    def torch(self, device: torch.device | str | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `numpy()` as tensors on `device`: x float32 (N, F) and y int64 (N,)."""
        import torch

        x, y = self.numpy()
        return torch.tensor(x, device=device), torch.tensor(y, device=device)

    def tf(
        self, batch_size: int = 64, *, shuffle: bool = False, seed: int | None = None
    ) -> tensorflow.data.Dataset:
        """Return `numpy()` as a tf.data.Dataset of batches: x float32 (B, F), y int64 (B,).

        The last batch may be smaller. With `shuffle` every epoch has a new order.
        """
        return _pipeline(self.numpy(), batch_size, shuffle, seed)

    def __repr__(self) -> str:
        return as_text(self._rows(5), self._size())

    def _repr_html_(self) -> str:
        return as_html(self._rows(8), self._size())

    def _size(self) -> str:
        return f"{len(self)} {self.info.examples}"

    def _rows(self, count: int) -> Rows:
        """Return the column names and the first rows as text, with a dash for missing values."""
        first = self[:count]
        names = [*self.info.numbers, *self.info.categories]
        columns = [first.column(name).tolist() for name in names]
        texts = [[cell_text(value) for value in column] for column in columns]
        classes = [self.info.classes[label] for label in first.labels]
        return [[*names, "label"], *([*row, c] for *row, c in zip(*texts, classes, strict=True))]


@dataclass(frozen=True, eq=False, repr=False)
class SequenceSplit(Split):
    """Sequences of unequal length, each with a label.

    steps: float32 (N, longest, C), padded with zeros after the end of each sequence.
    lengths: int64 (N,), the number of real steps of each.
    """

    steps: np.ndarray
    lengths: np.ndarray
    info: SequencesInfo

    def __repr__(self) -> str:
        shortest, longest = self.lengths.min(), self.lengths.max()
        return (
            f"{len(self)} {self.info.examples} of {shortest} to {longest} steps, "
            f"{len(self.info.channels)} channels"
        )

    def _part(self, index: Any) -> SequenceSplit:
        return SequenceSplit(self.labels[index], self.steps[index], self.lengths[index], self.info)

    def numpy(self) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the sequences, a list of N arrays float32 (length, C), and y int64 (N,)."""
        pairs = zip(self.steps, self.lengths, strict=True)
        return [steps[:length] for steps, length in pairs], self.labels

    def torch(
        self, device: torch.device | str | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return x float32 (N, longest, C), padded with zeros, lengths int64 (N,) and y int64 (N,).

        x and y are on `device`; the lengths stay on the CPU, as `pack_padded_sequence` requires.
        """
        import torch

        x = torch.tensor(self.steps, device=device)
        return x, torch.tensor(self.lengths), torch.tensor(self.labels, device=device)

    def tf(
        self, batch_size: int = 64, *, shuffle: bool = False, seed: int | None = None
    ) -> tensorflow.data.Dataset:
        """Return a tf.data.Dataset of batches: x float32 (B, longest, C), y int64 (B,).

        x is padded with zeros. Real steps are never all zero, so `keras.layers.Masking()` finds the
        padding. With `shuffle` every epoch has a new order.
        """
        return _pipeline((self.steps, self.labels), batch_size, shuffle, seed)


@dataclass(frozen=True, eq=False, repr=False)
class TraceSplit(Split):
    """Traces of equal length, each with a label: `traces` float32 (N, T), `labels` int64 (N,)."""

    traces: np.ndarray
    info: TracesInfo

    def __repr__(self) -> str:
        return f"{len(self)} {self.info.examples} of {self.info.steps} steps"

    def _part(self, index: Any) -> TraceSplit:
        return TraceSplit(self.labels[index], self.traces[index], self.info)

    def numpy(self) -> Arrays:
        """Return the traces, float32 (N, T), and y int64 (N,)."""
        return self.traces, self.labels

    def torch(self, device: torch.device | str | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `numpy()` as tensors on `device`: x float32 (N, T) and y int64 (N,)."""
        import torch

        return torch.tensor(self.traces, device=device), torch.tensor(self.labels, device=device)

    def tf(
        self, batch_size: int = 64, *, shuffle: bool = False, seed: int | None = None
    ) -> tensorflow.data.Dataset:
        """Return a tf.data.Dataset of batches: x float32 (B, T), y int64 (B,).

        The last batch may be smaller. With `shuffle` every epoch has a new order.
        """
        return _pipeline(self.numpy(), batch_size, shuffle, seed)


def _pipeline(
    arrays: Arrays,
    batch_size: int,
    shuffle: bool,
    seed: int | None,
    change: Callable[..., Any] | None = None,
) -> tensorflow.data.Dataset:
    """Return batches of the arrays as a tf.data.Dataset; `change` maps whole batches."""
    import tensorflow as tf

    pipeline = tf.data.Dataset.from_tensor_slices(arrays)
    if shuffle:
        pipeline = pipeline.shuffle(len(arrays[1]), seed=seed)
    pipeline = pipeline.batch(batch_size)
    if change is not None:
        pipeline = pipeline.map(change)
    return pipeline.prefetch(tf.data.AUTOTUNE)
