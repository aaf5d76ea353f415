"""Load a data set by name: what ships with the course, or the full set where there is one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from lepton_course.datasets.catalogue import (
    CATALOGUE,
    DataFile,
    DatasetInfo,
    ImagesInfo,
    TableInfo,
)
from lepton_course.datasets.download import (
    DEFAULT_PATIENCE,
    DownloadError,
    Patience,
    download,
    verify,
)
from lepton_course.datasets.idx import IdxError, parse_idx
from lepton_course.datasets.splits import Arrays, ImageSplit, Split, TableSplit


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
        kind = "the course's subset" if self.is_subset else "full set"
        return (
            f"{self.info.title} ({kind}): {len(self.train)} training and {len(self.test)} test "
            f"{self.info.examples}, {len(self.classes)} classes; licence {self.info.licence}"
        )


def load_dataset(
    name: str | DatasetInfo = "fashion_mnist",
    *,
    subset: bool = True,
    patience: Patience = DEFAULT_PATIENCE,
) -> Dataset:
    """A data set of the catalogue, ready to use.

    With `subset` (default) it is the part that ships with the course: no network, at once.
    With `subset=False` it is the full set of images: from Debian's package where that is installed,
    from the user's cache, or downloaded (30 MB). Where that fails, the subset is returned and one
    printed line says so; `data.is_subset` tells which it is. LEPTON_OFFLINE=1 never downloads.

    Raises ValueError for an unknown name, with the names that exist, and for the full set of a
    table: there is nothing to download.
    """
    info = _find(name)
    if subset:
        return _load_subset(info)
    if not isinstance(info, ImagesInfo):
        raise ValueError(f"{info.title}: all that can be had ships with the course; drop subset")
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
    images, labels = train
    test_images, test_labels = test
    return Dataset(
        info, ImageSplit(labels, images), ImageSplit(test_labels, test_images), is_subset=False
    )


def read_full(info: ImagesInfo, folder: Path) -> tuple[Arrays, Arrays]:
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
        train, test = (_split(info, arrays, part) for part in ("train", "test"))
    return Dataset(info, train, test, is_subset=True)


def _split(info: DatasetInfo, arrays: Mapping[str, np.ndarray], part: str) -> Split:
    """One part of a shipped file, whose arrays are named `train_labels`, `test_labels`, …"""
    labels = arrays[f"{part}_labels"].astype(np.int64)
    if isinstance(info, TableInfo):
        return TableSplit(labels, arrays[f"{part}_numbers"], arrays[f"{part}_codes"], info)
    return ImageSplit(labels, arrays[f"{part}_images"])


def _find_full(info: ImagesInfo, patience: Patience) -> tuple[Arrays, Arrays]:
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
