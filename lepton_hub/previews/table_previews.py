"""Previews of tables: CSV, TSV, JSON Lines, NumPy arrays."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from lepton_hub.previews.blob_file import BlobFile, BudgetSpent
from lepton_hub.previews.image_previews import NoPreview
from lepton_hub.storage import BlobStore, StorageError

ROWS, COLUMNS, LETTERS = 20, 50, 200
"""The maximum numbers of rows, columns, and characters per cell to show."""
BEGINNING = 64 * 1024
"""The maximum number of bytes of a text to read."""
ARCHIVE = 4 * 1024 * 1024
"""The maximum number of bytes of an npz archive to read, including its directory."""

_TEXTS = {".csv": ",", ".tsv": "\t"}
_LINES = (".jsonl", ".ndjson")
_ARRAYS = (".npz", ".npy")
_UNSAYABLE = re.compile("[\0\ud800-\udfff]")
"""NUL and lone surrogates, which JSON may contain but UTF-8 cannot encode."""


@dataclass(frozen=True)
class TablePreview:
    """The beginning of a table. columns: their names, or each array's name and shape."""

    columns: list[str]
    rows: list[list[str]]
    cut: bool


def is_table(path: str) -> bool:
    """Return whether a file with this name has a table preview."""
    return path.lower().endswith((*_TEXTS, *_LINES, *_ARRAYS))


def preview_table(store: BlobStore, sha256: str, path: str) -> TablePreview:
    """Return the beginning of a table.

    Raises NoPreview, whose message says why there is none, and what the store raises.
    """
    name = path.lower()
    try:
        if name.endswith(".npz"):
            return _arrays(BlobFile(store, sha256, ARCHIVE))
        if name.endswith(".npy"):
            array = _first_of_array(io.BufferedReader(BlobFile(store, sha256, ARCHIVE)))
            return _table_of([array])
        text, whole = _beginning(store, sha256)
        if name.endswith(_LINES):
            return _json_lines(text, whole)
        return _separated(text, whole, _TEXTS["." + name.rpartition(".")[2]])
    except (NoPreview, StorageError):
        raise
    except BudgetSpent as error:
        raise NoPreview(
            "The file's structure does not allow reading only its beginning."
        ) from error
    except Exception as error:  # a parser may raise anything on crafted input
        raise NoPreview("The file is not of the type its name says.") from error


def _beginning(store: BlobStore, sha256: str) -> tuple[str, bool]:
    """Return the beginning of a text, and whether that is all of it."""
    whole = store.size(sha256) <= BEGINNING
    data = b"".join(store.read(sha256, 0, BEGINNING))
    text = data.decode("utf-8-sig", errors="replace")
    return (text if whole else text.rpartition("\n")[0] or text), whole


def _separated(text: str, whole: bool, separator: str) -> TablePreview:
    lines = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), ROWS + 2))
    if not lines:
        return TablePreview([], [], cut=False)
    header, *rows = lines
    return _cut(header, rows, whole)


def _json_lines(text: str, whole: bool) -> TablePreview:
    # Not splitlines(): JSON strings may contain other line separators, such as U+2028.
    lines = [json.loads(line) for line in islice(text.split("\n"), ROWS + 1) if line.strip()]
    if not all(isinstance(line, dict) for line in lines):
        raise NoPreview("Each line of the file must be a JSON object.")
    header = list(dict.fromkeys(name for line in lines for name in line))
    rows = [["" if n not in line else _said(line[n]) for n in header] for line in lines]
    return _cut(header, rows, whole)


def _arrays(file: BlobFile) -> TablePreview:
    with zipfile.ZipFile(io.BufferedReader(file)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        arrays = []
        for name in names[:COLUMNS]:
            with archive.open(name) as entry:
                title, shape, values = _first_of_array(entry)
            arrays.append((f"{name.removesuffix('.npy')} {title}".strip(), shape, values))
    table = _table_of(arrays)
    return TablePreview(table.columns, table.rows, table.cut or len(names) > COLUMNS)


def _first_of_array(entry: IO[bytes]) -> tuple[str, tuple[int, ...], list[str]]:
    """Return an array's type and shape in words, its shape, and its first rows as text.

    Only these rows are decompressed, however large the array claims to be.
    """
    version = npy.read_magic(entry)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_columns, dtype = read(entry)
    title = f"{dtype} {shape}"
    if dtype.hasobject:
        return f"{title}, holds Python objects: not read", shape, []
    row = int(np.prod(shape[1:], dtype=object)) * dtype.itemsize
    if by_columns or not shape or not 0 < row <= BEGINNING:
        return title, shape, []
    count = min(shape[0], ROWS, BEGINNING // row)
    data = entry.read(count * row)
    values = np.frombuffer(data[: len(data) // row * row], dtype).reshape(-1, *shape[1:])
    return title, shape, [np.array2string(value, threshold=8, edgeitems=3) for value in values]


def _table_of(arrays: Sequence[tuple[str, tuple[int, ...], list[str]]]) -> TablePreview:
    deepest = max((len(values) for _, _, values in arrays), default=0)
    rows = [
        [values[number] if number < len(values) else "" for _, _, values in arrays]
        for number in range(deepest)
    ]
    whole = all(not shape or shape[0] <= len(values) for _, shape, values in arrays)
    return _cut([title for title, _, _ in arrays], rows, whole)


def _cut(header: Sequence[Any], rows: Sequence[Sequence[Any]], whole: bool) -> TablePreview:
    width = max(map(len, [header, *rows]), default=0)
    cut = not whole or len(rows) > ROWS or width > COLUMNS
    shown = [[_short(cell) for cell in row[:COLUMNS]] for row in rows[:ROWS]]
    return TablePreview([_short(name) for name in header[:COLUMNS]], shown, cut)


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _short(cell: Any) -> str:
    text = _UNSAYABLE.sub("\ufffd", str(cell))
    return text if len(text) <= LETTERS else f"{text[:LETTERS]}…"
