"""What of a kernel's messages may stand in a notebook. The learner's process can send anything."""

from __future__ import annotations

import json
import warnings
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.validator import isvalid

SHOWN = ("stream", "display_data", "update_display_data", "execute_result", "error")
"""Messages that carry something to show."""

TAKEN = (*SHOWN, "status", "clear_output", "execute_input")
"""All messages that count; what widgets tell each other does not."""

_NOTICE_BYTES = 200
_FEW = 100
"""Outputs that are looked at one by one, which is slow, where not all are in order."""


def content_bytes(message: dict[str, Any]) -> int:
    """About how much a message's content takes in a notebook."""
    return len(json.dumps(message["content"], default=str))


def truncated() -> NotebookNode:
    """Stands where outputs were left out."""
    return nbformat.v4.new_output("stream", text="\n… output truncated …\n")


def tidy(cell: NotebookNode, max_bytes: int) -> None:
    """Leaves out of a cell that was run whatever no notebook may hold, or is too much.

    Outputs also grow in ways that are not outputs: replies, and updates of displays.
    """
    if type(cell.get("execution_count")) is not int:
        cell["execution_count"] = None
    size = 0
    for index, output in enumerate(cell.outputs):
        size += len(json.dumps(output, default=str))
        if size > max_bytes + _NOTICE_BYTES:
            cell.outputs[index:] = [truncated()]
            break
    if not _is_valid(cell, "code_cell"):
        first = [output for output in cell.outputs[:_FEW] if _is_valid(output, "output")]
        cell.outputs = [*first, truncated()]


def writable(text: str) -> str:
    """The text without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def printable(text: str) -> str:
    """The text without control characters, which could steer the terminal that shows it."""
    return "".join(c if c.isprintable() else "\N{MIDDLE DOT}" for c in text)


def _is_valid(part: NotebookNode, kind: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bool(isvalid(part, ref=kind, version=4, version_minor=5))
        except Exception:
            return False
