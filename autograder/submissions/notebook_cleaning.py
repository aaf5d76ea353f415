"""Turn the bytes of any notebook into one of the current format, keeping what grading needs.

Sources, pasted pictures, nbgrader's marks and small metadata stay; outputs and everything else go
before anybody looks at them. Breaches of the format that editors leave behind are repaired. Only
the standard library is used: this runs in a process of its own (see `reading_process`).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from lepton_course.untrusted.bounded_json import TooMuch, bounded_json

MAX_VALUES = 1_000_000
MAX_CELLS = 2_000
MAX_ATTACHMENTS = 100
MAX_ALL_ATTACHMENTS = 1_000
MAX_LINES = 500_000
MAX_TAGS = 50
MAX_KEYS = 50
MAX_METADATA_VALUES = 200
MAX_METADATA_TEXT = 1_000
MAX_METADATA_DEPTH = 4

MINOR = 5
MARK = "nbgrader"
_MARK_KEYS = (
    *("schema_version", "grade", "locked", "solution", "task", "grade_id", "points"),
    *("checksum", "cell_type"),
)
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TYPES = {"code": "code", "markdown": "markdown", "raw": "raw", "html": "markdown"}


class UnreadableNotebook(Exception):
    """A file from which no notebook can be made; the message is the reason, in one sentence."""


def clean_notebook(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the notebook in a file, valid in format 4.5, and a sentence for what was left out.

    Raises UnreadableNotebook.
    """
    tree = _parsed(data)
    cells = _cells(tree)
    if len(cells) > MAX_CELLS:
        raise UnreadableNotebook(
            f"the notebook has {len(cells)} cells; at most {MAX_CELLS} are graded"
        )
    notes: list[str] = []
    ids: set[str] = set()
    cleaned = [_cell(cell, number, ids, notes) for number, cell in enumerate(cells, 1)]
    _check_amounts(cleaned)
    notebook = {
        "nbformat": 4,
        "nbformat_minor": MINOR,
        "metadata": _kept(tree.get("metadata"), _NOTEBOOK_KEYS),
        "cells": cleaned,
    }
    return notebook, notes


def _check_amounts(cells: list[dict[str, Any]]) -> None:
    """Raise UnreadableNotebook where the notebook would take long to check and to write."""
    lines = sum(len(cell["source"].splitlines()) for cell in cells)
    pictures = sum(len(cell.get("attachments", ())) for cell in cells)
    for count, most, what in (
        (lines, MAX_LINES, "lines"),
        (pictures, MAX_ALL_ATTACHMENTS, "pasted pictures"),
    ):
        if count > most:
            raise UnreadableNotebook(
                f"the notebook has {count:,} {what}; at most {most:,} are graded"
            )


def _parsed(data: bytes) -> dict[str, Any]:
    if not data.strip():
        raise UnreadableNotebook("the file is empty")
    try:
        tree = bounded_json(data, MAX_VALUES)
    except UnicodeDecodeError as error:
        raise UnreadableNotebook(f"the file is not UTF-8 text (byte {error.start})") from error
    except TooMuch as error:
        raise UnreadableNotebook(f"the file is not valid JSON for a notebook: {error}") from error
    except ValueError as error:
        raise UnreadableNotebook(f"the file is not valid JSON: {error}") from error
    if not isinstance(tree, dict) or "nbformat" not in tree:
        raise UnreadableNotebook("the file is JSON, but not a notebook")
    return tree


def _cells(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    version = tree["nbformat"]
    if version in (2, 3):
        sheets = tree.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _listed(sheet)]
    elif version == 4:
        cells = _listed(tree)
    elif isinstance(version, int | float):
        raise UnreadableNotebook(
            f"the notebook has format {_shown(version)}, but only formats 2 to 4 are graded: "
            "save it with JupyterLab"
        )
    else:
        raise UnreadableNotebook("the file is JSON, but not a notebook")
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
            raise UnreadableNotebook(
                f"the file is not a valid notebook: its cell {number} has no type; open it in "
                "JupyterLab, which says what is wrong, or copy the answers into a fresh notebook"
            )
    return cells


def _listed(sheet: Mapping[str, Any]) -> list[Any]:
    cells = sheet.get("cells")
    if not isinstance(cells, list):
        raise UnreadableNotebook("the file is not a valid notebook: it has no list of cells")
    return cells


def _cell(cell: Mapping[str, Any], number: int, ids: set[str], notes: list[str]) -> dict[str, Any]:
    kind = cell["cell_type"]
    source = text_of(cell.get("input") if "source" not in cell else cell["source"])
    if kind == "heading":
        level = cell.get("level")
        hashes = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
        kind, source = "markdown", f"{hashes} {' '.join(source.splitlines())}"
    if kind not in _TYPES:
        notes.append(f"cell {number} is of a type that notebooks do not have, and was not run")
    kind = _TYPES.get(kind, "raw")
    new: dict[str, Any] = {
        "cell_type": kind,
        "id": _new_id(cell.get("id"), number, ids),
        "metadata": _kept(cell.get("metadata"), _CELL_KEYS),
        "source": source,
    }
    if kind == "code":
        return {**new, "execution_count": None, "outputs": []}
    attachments = _attachments(cell.get("attachments"))
    return {**new, "attachments": attachments} if attachments else new


def text_of(value: Any) -> str:
    """Return a text that is stored as such or as a list of lines; of anything else, nothing.

    Lone surrogates, which no UTF-8 file can hold, become question marks.
    """
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _new_id(value: Any, number: int, ids: set[str]) -> str:
    """Return the cell's own id if it is valid and not taken, else one made of its number."""
    if not (isinstance(value, str) and _CELL_ID.fullmatch(value)) or value in ids:
        value = f"cell-{number}"
        others = itertools.count(2)
        while value in ids:
            value = f"cell-{number}-{next(others)}"
    ids.add(value)
    return value


def _attachments(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        return {}
    return {
        text_of(name): {text_of(mime): text_of(data) for mime, data in bundle.items()}
        for name, bundle in list(value.items())[:MAX_ATTACHMENTS]
        if isinstance(bundle, dict) and len(bundle) <= MAX_KEYS
    }


def _kept(metadata: Any, special: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Return the small part of a cell's or a notebook's metadata.

    special: for keys whose form the format prescribes, a function that returns the value in that
    form, or None to drop it.
    """
    if not isinstance(metadata, dict):
        return {}
    kept: dict[str, Any] = {}
    for key in list(metadata)[:MAX_KEYS] + [key for key in special if key in metadata]:
        value = special[key](metadata[key]) if key in special else _small(metadata[key])
        if value is not None and len(key) <= MAX_METADATA_TEXT:
            kept[text_of(key)] = value
    return kept


def _small(value: Any) -> Any:
    """Return a value if it is small and plain, else None."""
    left = MAX_METADATA_VALUES

    def is_small(part: Any, depth: int) -> bool:
        nonlocal left
        left -= 1
        if left < 0 or depth > MAX_METADATA_DEPTH:
            return False
        if isinstance(part, str):
            return len(part) <= MAX_METADATA_TEXT and text_of(part) == part
        if isinstance(part, list):
            return len(part) <= left and all(is_small(item, depth + 1) for item in part)
        if isinstance(part, dict):
            return len(part) <= left and all(
                is_small(key, depth + 1) and is_small(item, depth + 1) for key, item in part.items()
            )
        return part is None or _number(part) is not None

    return value if is_small(value, 0) else None


def _number(value: Any) -> Any:
    if isinstance(value, int):
        return value if abs(value) < 2**53 else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _mark(value: Any) -> Any:
    """Return nbgrader's mark without keys that it does not know."""
    if not isinstance(value, dict):
        return None
    return {
        key: value[key] for key in _MARK_KEYS if key in value and _small(value[key]) is not None
    }


def _tags(value: Any) -> Any:
    if not isinstance(value, list):
        return None
    tags = [tag for tag in value[:MAX_TAGS] if isinstance(tag, str) and "," not in tag]
    return list(dict.fromkeys(text_of(tag) for tag in tags if len(tag) <= MAX_METADATA_TEXT))


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _word(value: Any) -> Any:
    return _small(value) if isinstance(value, str) and value else None


def _hidden(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    return {key: shown for key, shown in value.items() if isinstance(shown, bool)} or None


def _with_words(*needed: str) -> Callable[[Any], Any]:
    """Return a function that keeps a small object in which these keys are texts."""

    def read(value: Any) -> Any:
        if not isinstance(value, dict) or not all(isinstance(value.get(k), str) for k in needed):
            return None
        return _small(value)

    return read


def _dropped(value: Any) -> None:
    return None


_CELL_KEYS: Mapping[str, Callable[[Any], Any]] = {
    MARK: _mark,
    "tags": _tags,
    "collapsed": _flag,
    "scrolled": _flag,
    "deletable": _flag,
    "editable": _flag,
    "name": _word,
    "format": _word,
    "jupyter": _hidden,
    "execution": _dropped,
    "trusted": _dropped,
}
_NOTEBOOK_KEYS: Mapping[str, Callable[[Any], Any]] = {
    "kernelspec": _with_words("name", "display_name"),
    "language_info": _with_words("name"),
    "language": _word,
    "title": _word,
    "authors": _dropped,
    "widgets": _dropped,
    "signature": _dropped,
    "orig_nbformat": _dropped,
    "orig_nbformat_minor": _dropped,
    "celltoolbar": _word,
}


def _shown(version: float) -> str:
    """Return a format's number as text; no integer is too large for it."""
    return f"{version:g}" if abs(version) < 1e9 else "a very large number"
