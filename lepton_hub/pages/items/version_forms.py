"""The form for a new version: uploaded files, columns and sources as lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from lepton_hub.catalogue.cards import NewVersion
from lepton_hub.pages.forms import ArrivedFile, problems_of

_TYPES = "integer, number, text, boolean, date, datetime or category"
COLUMN_HELP = f"One per line: name; type; unit; description. The type is {_TYPES}."
SENTENCES = {
    "made_from": "One version per line, with its number, for example city/ridership@3.",
    "type": f"A column's type is {_TYPES}.",
    "path": "A file's name cannot contain \\ : * ? \" < > | or begin or end with a space.",
}
_FIELDS = {"type": "columns", "name": "columns", "unit": "columns", "path": "file", "files": "file"}


def columns_as_text(columns: Sequence[Mapping[str, Any]]) -> str:
    """Return a table's columns as lines of text.

    >>> columns_as_text([{"name": "riders", "type": "integer", "unit": "people"}])
    'riders; integer; people'
    """
    names = ("name", "type", "unit", "description")
    lines = ("; ".join(str(one.get(name, "")) for name in names) for one in columns)
    return "\n".join(line.rstrip("; ") for line in lines)


def columns_from_text(text: str) -> list[dict[str, str]]:
    """Parse a table's columns from lines of text."""
    names = ("name", "type", "unit", "description")
    lines = (line.split(";", 3) for line in text.splitlines() if line.strip())
    return [
        {name: part.strip() for name, part in zip(names, parts, strict=False)} for parts in lines
    ]


def read_version(
    typed: Mapping[str, str], files: Sequence[ArrivedFile]
) -> tuple[NewVersion | None, dict[str, str]]:
    """Return the typed version; or None, and a message for each invalid field."""
    if not files:
        return None, {"file": "Choose at least one file."}
    told = {
        "files": [{"path": file.path, "upload": file.upload} for file in files],
        "note": typed.get("note", ""),
        "columns": columns_from_text(typed.get("columns", "")),
        "made_from": typed.get("made_from", "").replace(",", " ").split(),
        "made_with": typed.get("made_with", ""),
    }
    try:
        return NewVersion.model_validate(told), {}
    except ValidationError as error:
        problems = problems_of(error, SENTENCES)
        return None, {_FIELDS.get(name, name): said for name, said in problems.items()}
