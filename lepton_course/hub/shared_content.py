"""Content loaded from the hub: a folder of verified files, and the item's card."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lepton_course.errors import CourseError

_TRUE = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, repr=False)
class SharedContent:
    """A version of an item on the hub.

    reference: such as "city/ridership@3". folder: where its files are. files: their paths in it.
    card: the owner's description. columns: descriptions of a table's columns.
    """

    reference: str
    folder: Path
    files: tuple[str, ...]
    card: dict[str, Any]
    columns: tuple[dict[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """The file's path, if there is only one file. Raises CourseError if there are several."""
        return self.folder / self._only(self.files)

    def table(self, file: str | None = None) -> dict[str, np.ndarray]:
        """Return a CSV file's columns, each an array (N,), by name.

        Numbers become float64, integers int64 if none is missing and all fit, dates and times
        datetime64. Types are those declared for the columns, or else inferred from the values.
        Missing values are NaN or NaT. Raises CourseError if the file is not such a table.
        """
        named = file or self._only([name for name in self.files if name.lower().endswith(".csv")])
        with open(self.folder / named, encoding="utf-8-sig", newline="") as opened:
            lines = [line for line in csv.reader(opened) if line]  # an empty line is no row
        if not lines:
            raise CourseError(f"{named} is empty: it has no header.")
        header, *rows = lines
        if any(len(row) != len(header) for row in rows):
            raise CourseError(f"{named}: some rows have more or fewer values than the header.")
        types = {column["name"]: column["type"] for column in self.columns}
        values = zip(*rows, strict=True) if rows else [()] * len(header)
        return {
            name: _column(list(column), types.get(name), f"{named}, column {name}")
            for name, column in zip(header, values, strict=True)
        }

    def arrays(self, file: str | None = None) -> dict[str, np.ndarray]:
        """Return the arrays in an npz or a safetensors file, by name."""
        endings = (".npz", ".safetensors")
        named = file or self._only([name for name in self.files if name.lower().endswith(endings)])
        if named.lower().endswith(".npz"):
            with np.load(self.folder / named, allow_pickle=False) as arrays:
                return dict(arrays)
        from safetensors.numpy import load_file

        return load_file(self.folder / named)

    def __repr__(self) -> str:
        files = f"{len(self.files)} files" if len(self.files) > 1 else "".join(self.files)
        licence = self.card.get("licence", "")
        return f"{self.card.get('title', '')} (hub:{self.reference}): {files}; licence {licence}"

    def _only(self, names: list[str] | tuple[str, ...]) -> str:
        if len(names) == 1:
            return names[0]
        raise CourseError(
            f"hub:{self.reference} has these files: {', '.join(self.files)}. Name one of them."
        )


def _column(values: list[str], kind: str | None, where: str) -> np.ndarray:
    convert = _CONVERTERS.get(kind or "")
    if convert is None and kind is not None:
        return np.asarray(values)
    for attempt in [convert] if convert else [_integers, _numbers]:
        try:
            return attempt(values)
        except (ValueError, KeyError, OverflowError) as error:
            if convert:
                raise CourseError(f"{where}: not all values have the type {kind}.") from error
    return np.asarray(values)


def _integers(values: list[str]) -> np.ndarray:
    if "" in values:
        return _numbers(values)
    return np.array([int(value) for value in values], np.int64)


def _numbers(values: list[str]) -> np.ndarray:
    return np.array([float(value) if value else np.nan for value in values])


def _booleans(values: list[str]) -> np.ndarray:
    return np.array([_TRUE[value.lower()] for value in values], bool)


def _days(values: list[str]) -> np.ndarray:
    return np.array([value or "NaT" for value in values], "datetime64[D]")


def _moments(values: list[str]) -> np.ndarray:
    return np.array([value or "NaT" for value in values], "datetime64[us]")


_CONVERTERS: dict[str, Callable[[list[str]], np.ndarray]] = {
    "integer": _integers,
    "number": _numbers,
    "boolean": _booleans,
    "date": _days,
    "datetime": _moments,
}
