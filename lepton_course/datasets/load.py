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
    EventsInfo,
    ImagesInfo,
    LabelledInfo,
    SequencesInfo,
    TableInfo,
    TextInfo,
)
from lepton_course.datasets.download import (
    DEFAULT_PATIENCE,
    DownloadError,
    Patience,
    download,
    verify,
)
from lepton_course.datasets.idx import IdxError, parse_idx
from lepton_course.datasets.splits import Arrays, ImageSplit, SequenceSplit, Split, TableSplit
from lepton_course.datasets.undivided import EventLog, Text


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Labelled data in memory: `train`, `test`, `classes` (names by label), catalogue entry."""

    info: LabelledInfo
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
) -> Dataset | EventLog | Text:
    """A data set of the catalogue, ready to use.

    Labelled data is a `Dataset` with a training and a test part. What comes undivided is an
    `EventLog` ("cdnow") or a `Text` ("austen").

    With `subset` (default) it is the part that ships with the course: no network, at once.
    With `subset=False` it is the full set of images: from Debian's package where that is installed,
    from the user's cache, or downloaded (30 MB). Where that fails, the subset is returned and one
    printed line says so; `data.is_subset` tells which it is. LEPTON_OFFLINE=1 never downloads.

    Raises ValueError for an unknown name, with the names that exist, and for the full set of
    anything but images: there is nothing to download.
    """
    info = _find(name)
    if subset:
        return _load_shipped(info)
    if not isinstance(info, ImagesInfo):
        raise ValueError(f"{info.title}: all that can be had ships with the course; drop subset")
    try:
        train, test = _find_full(info, patience)
    except (DownloadError, IdxError, OSError) as problem:
        reason = str(problem).splitlines()[0]
        data = _load_shipped(info)
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


def _load_shipped(info: DatasetInfo) -> Dataset | EventLog | Text:
    with np.load(info.subset, allow_pickle=False) as arrays:
        if isinstance(info, TextInfo):
            return Text(arrays["utf8"].tobytes().decode(), info)
        if isinstance(info, EventsInfo):
            columns = {name: arrays[name] for name in arrays.files}
            columns["dollars"] = columns.pop("cents") / 100
            return EventLog(columns, info)
        train, test = (_split(info, arrays, part) for part in ("train", "test"))
    return Dataset(info, train, test, is_subset=not info.is_whole)


def _split(info: LabelledInfo, arrays: Mapping[str, np.ndarray], part: str) -> Split:
    """One part of a shipped file, whose arrays are named `train_labels`, `test_labels`, …"""
    labels = arrays[f"{part}_labels"].astype(np.int64)
    if isinstance(info, TableInfo):
        return TableSplit(labels, arrays[f"{part}_numbers"], arrays[f"{part}_codes"], info)
    if isinstance(info, SequencesInfo):
        lengths = arrays[f"{part}_lengths"]
        return SequenceSplit(labels, _pad(arrays[f"{part}_steps"], lengths), lengths, info)
    return ImageSplit(labels, arrays[f"{part}_images"])


def _pad(steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Sequences that stand one behind the other (sum of lengths, C), as (N, longest, C)."""
    padded = np.zeros((len(lengths), lengths.max(), steps.shape[1]), steps.dtype)
    padded[np.arange(lengths.max()) < lengths[:, None]] = steps
    return padded


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
