"""Render notebooks for reading: prose as HTML, code and outputs as text, nothing executable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from lepton_hub.rendering.safe_markdown import render_markdown

MOST_CELLS = 2000
MOST_OUTPUT = 10_000
"""The maximum number of characters to show of each output."""
MOST_CHARACTERS = 2_000_000


class NotANotebook(ValueError):
    """A file cannot be read as a notebook."""


def render_notebook(content: str) -> str:
    """Return a notebook (nbformat 4) as safe HTML. Raises NotANotebook."""
    try:
        notebook = json.loads(content)
        cells = notebook["cells"]
        if notebook["nbformat"] != 4 or not all(isinstance(cell, dict) for cell in cells):
            raise NotANotebook("it is not of nbformat 4")
        return "".join(_bounded(_cells(cells[:MOST_CELLS], len(cells))))
    except NotANotebook:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotANotebook("it is not a notebook") from error


def _cells(cells: list[dict[str, Any]], total: int) -> Iterator[str]:
    for cell in cells:
        source = _text(cell.get("source", ""))
        if cell.get("cell_type") == "markdown":
            yield f"<div>{render_markdown(source)}</div>\n"
        elif cell.get("cell_type") == "code":
            yield f"<pre><code>{escape(source)}</code></pre>\n"
            for output in cell.get("outputs", ())[:100]:
                yield _output(output)
        else:
            yield f"<pre>{escape(source)}</pre>\n"
    if total > len(cells):
        yield f"<p>{total - len(cells)} more cells are not shown.</p>\n"


def _output(output: dict[str, Any]) -> str:
    """Return an output's text; other types, such as pictures and HTML, are only named."""
    kind = output.get("output_type")
    if kind == "stream":
        return _printed(_text(output.get("text", "")))
    if kind == "error":
        return _printed(f"{output.get('ename', '')}: {output.get('evalue', '')}")
    data = output.get("data", {})
    if "text/plain" in data:
        return _printed(_text(data["text/plain"]))
    names = ", ".join(sorted(map(str, data))[:5])
    return f"<p>Output not shown: {escape(names[:200])}</p>\n"


def _printed(text: str) -> str:
    cut = " …" if len(text) > MOST_OUTPUT else ""
    return f"<pre>{escape(text[:MOST_OUTPUT])}{cut}</pre>\n"


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    shown = 0
    for piece in pieces:
        shown += len(piece)
        if shown > MOST_CHARACTERS:
            yield "<p>The notebook is too long: the rest is not shown.</p>\n"
            return
        yield piece
