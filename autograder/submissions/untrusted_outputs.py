"""Filter untrusted kernel messages before they enter a notebook."""

from __future__ import annotations

import json
import warnings
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.validator import isvalid

OUTPUT_TYPES = ("stream", "display_data", "update_display_data", "execute_result", "error")
"""Types of messages that carry something to show."""

ACCEPTED_TYPES = (*OUTPUT_TYPES, "status", "clear_output", "execute_input")
"""Types of messages that are processed; messages between widgets are not."""

_NOTICE_BYTES = 200
_FEW = 100
"""Number of outputs up to which invalid ones are looked for one by one, which is slow."""


_VALUE_BYTES = 60
"""What a number or a list takes in memory, besides its text."""


def content_bytes(message: dict[str, Any]) -> int:
    """Return about how many bytes a message's content takes in a notebook and in memory."""
    return len(json.dumps(message["content"], default=str)) + _VALUE_BYTES * _values(message)


def continues_stream(message: dict[str, Any], cell: NotebookNode) -> bool:
    """Return whether a message goes on with the cell's last output, and makes no new one."""
    if message["msg_type"] != "stream" or not cell.outputs:
        return False
    last = cell.outputs[-1]
    return last.output_type == "stream" and last.name == message["content"]["name"]


def _values(message: dict[str, Any]) -> int:
    """Return how many values other than text a message's content holds."""
    count, waiting = 0, [message["content"]]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        count += not isinstance(value, str)
    return count


def truncated() -> NotebookNode:
    """Return the output that stands for outputs left out."""
    return nbformat.v4.new_output("stream", text="\n… output truncated …\n")


def sanitize_cell(cell: NotebookNode, max_bytes: int) -> None:
    """Remove from an executed cell, in place, whatever is invalid in a notebook or too much.

    Outputs also grow through messages that are not outputs: replies, and updates of displays.
    """
    count = cell.get("execution_count")
    if type(count) is not int or not 0 <= count < 2**31:
        cell["execution_count"] = None
    size = 0
    for index, output in enumerate(cell.outputs):
        if "metadata" in output:
            output["metadata"] = _harmless(output["metadata"])
        size += len(json.dumps(output, default=str))
        if size > max_bytes + _NOTICE_BYTES:
            cell.outputs[index:] = [truncated()]
            break
    if not _is_valid(cell, "code_cell"):
        first = [output for output in cell.outputs[:_FEW] if _is_valid(output, "output")]
        cell.outputs = [*first, truncated()]


def _harmless(metadata: Any) -> NotebookNode:
    """Return what an output's metadata says of its pictures: size and alternative text.

    Pages write the rest into their HTML: names of other files, and attributes without quotes.
    """
    kept = NotebookNode()
    for kind, about in metadata.items() if isinstance(metadata, dict) else ():
        if not (isinstance(kind, str) and kind.startswith("image/") and isinstance(about, dict)):
            continue
        sizes = {key: about.get(key) for key in ("width", "height")}
        kept[kind] = NotebookNode(
            {key: size for key, size in sizes.items() if type(size) in (int, float)}
        )
        if isinstance(about.get("alt"), str):
            kept[kind]["alt"] = about["alt"]
    return kept


def without_surrogates(text: str) -> str:
    """Return the text without lone surrogates, which no UTF-8 file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def printable(text: str) -> str:
    """Return the text without control characters, which could steer the terminal that shows it."""
    return "".join(c if c.isprintable() else "\N{MIDDLE DOT}" for c in text)


def _is_valid(part: NotebookNode, kind: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bool(isvalid(part, ref=kind, version=4, version_minor=5))
        except Exception:
            return False
