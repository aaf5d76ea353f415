"""Cells of a CSV file that a spreadsheet shows as what they are, and never runs as formulas."""

from __future__ import annotations

from typing import Any

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters of formulas, also in full width, and those that spreadsheets skip before one."""


def safe_cell(value: Any) -> Any:
    """Return a value for a CSV file, with an apostrophe before text that may run as a formula.

    A lone "-", which stands for no value, is none.
    """
    if not isinstance(value, str) or value == "-":
        return value
    return f"'{value}" if value.lstrip(" ").startswith(_STARTS) else value
