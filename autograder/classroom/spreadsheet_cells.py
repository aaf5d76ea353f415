"""Cells of a CSV file that a spreadsheet shows as what they are, and never runs as formulas."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters of formulas, also in full width, and those that spreadsheets skip before one."""

_SEPARATORS = re.compile(r"([;\t\r\n])")
"""Where a spreadsheet may begin another cell, whatever the file separates cells with."""

_UNSEEN = ("Zs", "Zl", "Zp", "Cf", "Cc")
"""Unicode's categories of spaces and of what is not shown at all."""


def safe_cell(value: Any) -> Any:
    """Return a value for a CSV file, with an apostrophe before text that may run as a formula.

    A lone "-", which stands for no value, is none.
    """
    if not isinstance(value, str) or value == "-":
        return value
    start = len(value) - len(_visible(value))
    first, *others = _SEPARATORS.split(value[start:])
    mark = "'" if _may_run(value) else ""
    others[1::2] = [f"'{text}" if _may_run(text) else text for text in others[1::2]]
    return mark + value[:start] + first + "".join(others)


def _may_run(text: str) -> bool:
    return text.lstrip(" ").startswith(_STARTS) or _visible(text).startswith(_STARTS)


def _visible(text: str) -> str:
    """Return the text from its first character on that is shown, and is no quote.

    A cell that begins within a quoted text begins with its quotes, which are not shown.
    """
    shown = (i for i, c in enumerate(text) if c != '"' and unicodedata.category(c) not in _UNSEEN)
    return text[next(shown, len(text)) :]
