"""Load a data set by name: the part that ships with the course, or the full set if there is one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    TracesInfo,
)
from lepton_course.datasets.download import (
    DEFAULT_PATIENCE,
    DownloadError,
    Patience,
    download,
    verify,
)
from lepton_course.datasets.idx import IdxError, parse_idx
from lepton_course.datasets.splits import (
    Arrays,
    ImageSplit,
    SequenceSplit,
    Split,
    TableSplit,
    TraceSplit,
)
from lepton_course.datasets.unsplit import EventLog, Text
from lepton_course.errors import problem_in_words

if TYPE_CHECKING:
    from lepton_course.hub import SharedContent


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Labelled data in memory.

    train, test: splits; `data.train.torch()`, `.numpy()` or `.tf()` gives their arrays.
    classes: names of the classes, by label.
    info: the catalogue's description: task, licence, origin, …
    is_subset: whether this is a part of a larger set.
    """

    info: LabelledInfo
    train: Split
    test: Split
    is_subset: bool

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, by label."""
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
) -> Dataset | EventLog | Text | SharedContent:
    """Load a data set of the course's catalogue, or of your team's hub.

        data = load_dataset("fashion_mnist")
        x, y = data.train.torch()  # float32 (N, 1, 28, 28) in [0, 1], int64 (N,)
        training, validation = data.train.hold_out(2000)

    name: "fashion_mnist" (images), "credit" (a table), "mnist1d" (traces), "japanese_vowels"
        (sequences), "cdnow" (purchases), "chicago" (passengers by day) or "austen" (a text);
        `lepton data` describes each. "hub:city/ridership@3" is what a team shares on the hub.
    subset: True loads what ships with the course, without a network. False loads all 70000 images
        of Fashion-MNIST: from Debian's package, from your cache, or by download (30 MB).
    patience: timeouts and retries of that download.

    Return a `Dataset` with `train` and `test` splits, an `EventLog` for "cdnow" and "chicago", a
    `Text` for "austen", or a `SharedContent` with files, tables and arrays of the hub. If the full
    set cannot be had, one printed line says why and you get the subset; `data.is_subset` tells
    which it is. With LEPTON_OFFLINE=1 nothing is ever downloaded.
    Raises ValueError for an unknown name, listing the names that exist, and for subset=False with
    any other data set: there is nothing to download.
    """
    if isinstance(name, str) and name.startswith("hub:"):
        from lepton_course.hub import load_shared

        return load_shared(name)
    info = _find(name)
    if subset:
        return _load_shipped(info)
    if not isinstance(info, ImagesInfo):
        raise ValueError(
            f"{info.title}: what ships with the course is all there is to load; leave out "
            "subset=False"
        )
    try:
        train, test = _find_full(info, patience)
    except (DownloadError, IdxError, OSError) as problem:
        reason = problem_in_words(problem).splitlines()[0]
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
    """Return (train, test) of the full set from its four files in `folder`, verified by SHA-256.

    Raises FileNotFoundError or IdxError when a file is missing or not what it should be.
    """

    def read(file: DataFile) -> np.ndarray:
        return parse_idx(verify(folder / file.name, file))

    train = read(info.train_images), read(info.train_labels).astype(np.int64)
    test = read(info.test_images), read(info.test_labels).astype(np.int64)
    return train, test


def read_split(name: str | DatasetInfo, path: Path) -> Split:
    """Read further rows of a labelled data set from a file that holds one split of it.

    The arrays of the npz file are named as in the shipped file, without `train_` or `test_`.
    Raises ValueError when the data set is unknown or has no labels.
    """
    info = _find(name)
    if not isinstance(info, LabelledInfo):
        raise ValueError(f"{info.title} has no labels, and so no splits")
    with np.load(path, allow_pickle=False) as arrays:
        return _split(info, arrays, "")


def cache_folder(info: DatasetInfo) -> Path:
    """Return the folder for this user's downloads of the data set."""
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
            if "cents" in columns:
                columns["dollars"] = columns.pop("cents") / 100
            return EventLog(columns, info)
        train, test = (_split(info, arrays, prefix) for prefix in ("train_", "test_"))
    return Dataset(info, train, test, is_subset=not info.is_whole)


def _split(info: LabelledInfo, arrays: Mapping[str, np.ndarray], prefix: str) -> Split:
    """Return one split of a file, whose arrays are named `prefix` + "labels", …."""
    labels = arrays[f"{prefix}labels"].astype(np.int64)
    if isinstance(info, TableInfo):
        return TableSplit(labels, arrays[f"{prefix}numbers"], arrays[f"{prefix}codes"], info)
    if isinstance(info, SequencesInfo):
        lengths = arrays[f"{prefix}lengths"]
        return SequenceSplit(labels, _pad(arrays[f"{prefix}steps"], lengths), lengths, info)
    if isinstance(info, TracesInfo):
        return TraceSplit(labels, arrays[f"{prefix}traces"], info)
    return ImageSplit(labels, arrays[f"{prefix}images"])


def _pad(steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Pad concatenated sequences (sum of lengths, C) with zeros to (N, longest, C)."""
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
