"""Load a data set by name and hand it out as NumPy arrays, torch tensors or a tf.data pipeline."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from platformdirs import user_cache_path

from lepton_course.datasets.catalogue import CATALOGUE, DataFile, DatasetInfo
from lepton_course.datasets.download import (
    DEFAULT_PATIENCE,
    DownloadError,
    Patience,
    download,
    verify,
)
from lepton_course.datasets.idx import IdxError, parse_idx

if TYPE_CHECKING:
    import tensorflow
    import torch

Arrays = tuple[np.ndarray, np.ndarray]  # images uint8 (N, 28, 28), labels int64 (N,)


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images with their labels: `images` uint8 (N, 28, 28) in 0…255, `labels` int64 (N,)."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split(images {self.images.dtype} {self.images.shape}, labels {self.labels.shape})"

    def __getitem__(self, index: Any) -> Split:
        """A part of the split, by slice, index array, mask or a single index."""
        if np.ndim(index) == 0 and not isinstance(index, slice):
            index = [index]
        return Split(self.images[index], self.labels[index])

    def numpy(self) -> Arrays:
        """Images as they are stored, uint8 (N, 28, 28), and labels int64 (N,)."""
        return self.images, self.labels

    def torch(self, device: torch.device | str | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """x float32 (N, 1, 28, 28) in [0, 1] and y int64 (N,), on `device` (default: CPU)."""
        import torch

        x = torch.tensor(self.images, device=device).unsqueeze(1).float() / 255
        return x, torch.tensor(self.labels, device=device)

    def tf(
        self, batch_size: int = 64, *, shuffle: bool = False, seed: int | None = None
    ) -> tensorflow.data.Dataset:
        """A tf.data.Dataset of batches: x float32 (B, 28, 28, 1) in [0, 1], y int64 (B,).

        The last batch may be smaller. With `shuffle` every epoch has a new order.
        """
        import tensorflow as tf

        pipeline = tf.data.Dataset.from_tensor_slices((self.images, self.labels))
        if shuffle:
            pipeline = pipeline.shuffle(len(self), seed=seed)

        def scale(x: Any, y: Any) -> tuple[Any, Any]:
            return tf.cast(x[..., tf.newaxis], tf.float32) / 255, y

        return pipeline.batch(batch_size).map(scale).prefetch(tf.data.AUTOTUNE)

    def hold_out(self, size: int, seed: int = 0) -> tuple[Split, Split]:
        """(the rest, `size` images drawn at random): a training and a validation set, disjoint.

        Raises ValueError unless 0 < size < len(self).
        """
        if not 0 < size < len(self):
            raise ValueError(f"size must be between 1 and {len(self) - 1}, not {size}")
        order = np.random.default_rng(seed).permutation(len(self))
        return self[np.sort(order[size:])], self[np.sort(order[:size])]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A data set in memory: `train`, `test`, `classes` (names by label) and its catalogue entry."""

    info: DatasetInfo
    train: Split
    test: Split
    is_subset: bool

    @property
    def classes(self) -> tuple[str, ...]:
        return self.info.classes

    def __repr__(self) -> str:
        kind = "balanced subset" if self.is_subset else "full set"
        return (
            f"{self.info.title} ({kind}): {len(self.train)} training and {len(self.test)} test "
            f"images, {len(self.classes)} classes; licence {self.info.licence}"
        )


def load_dataset(
    name: str | DatasetInfo = "fashion_mnist",
    *,
    subset: bool = True,
    patience: Patience = DEFAULT_PATIENCE,
) -> Dataset:
    """A data set of the catalogue, ready to use.

    With `subset` (default) it is the balanced part that ships with the course: no network, at once.
    With `subset=False` it is the full set: from Debian's package where that is installed, from the
    user's cache, or downloaded (30 MB). Where that fails, the subset is returned and one printed
    line says so; `data.is_subset` tells which it is. LEPTON_OFFLINE=1 never downloads.

    Raises ValueError for an unknown name, with the names that exist.
    """
    info = _find(name)
    if subset:
        return _load_subset(info)
    try:
        train, test = _find_full(info, patience)
    except (DownloadError, IdxError, OSError) as problem:
        reason = str(problem).splitlines()[0]
        data = _load_subset(info)
        print(
            f"The full {info.title} is not available, so this is the course's subset of "
            f"{len(data.train)} + {len(data.test)} images. Reason: {reason}"
        )
        return data
    return Dataset(info, Split(*train), Split(*test), is_subset=False)


def read_full(info: DatasetInfo, folder: Path) -> tuple[Arrays, Arrays]:
    """(train, test) of the full set from its four files in `folder`, each checked by SHA-256.

    Raises FileNotFoundError or IdxError when a file is missing or not what it should be.
    """

    def read(file: DataFile) -> np.ndarray:
        return parse_idx(verify(folder / file.name, file))

    train = read(info.train_images), read(info.train_labels).astype(np.int64)
    test = read(info.test_images), read(info.test_labels).astype(np.int64)
    return train, test


def cache_folder(info: DatasetInfo) -> Path:
    """Where this user's downloads of the data set are kept."""
    return user_cache_path("lepton_course") / "datasets" / info.name


def _find(name: str | DatasetInfo) -> DatasetInfo:
    if isinstance(name, DatasetInfo):
        return name
    if name not in CATALOGUE:
        raise ValueError(f"no data set named {name!r}; there are: {', '.join(sorted(CATALOGUE))}")
    return CATALOGUE[name]


def _load_subset(info: DatasetInfo) -> Dataset:
    with np.load(info.subset, allow_pickle=False) as arrays:
        train = Split(arrays["train_images"], arrays["train_labels"].astype(np.int64))
        test = Split(arrays["test_images"], arrays["test_labels"].astype(np.int64))
    return Dataset(info, train, test, is_subset=True)


def _find_full(info: DatasetInfo, patience: Patience) -> tuple[Arrays, Arrays]:
    cache = cache_folder(info)
    for folder in (*info.system_folders, cache):
        try:
            return read_full(info, folder)
        except (OSError, IdxError):
            continue  # missing or damaged here: look further
    if os.environ.get("LEPTON_OFFLINE", "").lower() in ("1", "true", "yes"):
        raise DownloadError("LEPTON_OFFLINE is set, and no copy was found on this machine.")
    print(f"Downloading the full {info.title}: {info.full_size}.")
    for file in info.files:
        download(file, info.mirrors, cache, patience)
    return read_full(info, cache)
