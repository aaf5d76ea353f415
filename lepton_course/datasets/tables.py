"""Format rows as lines of text or as a notebook's table."""

from __future__ import annotations

from html import escape

Rows = list[list[str]]  # the first row names the columns


def as_text(rows: Rows, size: str) -> str:
    """Format rows as right-aligned columns, 10 characters wide, with `size` on a line below."""
    lines = ["".join(cell.rjust(10) for cell in row) for row in rows]
    return "\n".join([*lines, size])


def as_html(rows: Rows, size: str) -> str:
    """Format rows as an HTML table with `size` below it."""
    head, *rest = ([escape(cell) for cell in row] for row in rows)
    body = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in rest)
    return (
        '<table style="font-size: 0.85em; margin-left: 0"><thead>'
        f"<tr><th>{'</th><th>'.join(head)}</th></tr></thead>"
        f"<tbody>{body}</tbody></table><p>{size}</p>"
    )


def cell_text(value: float | str) -> str:
    """Format a value for a cell: numbers without trailing zeros, a dash for a missing value."""
    missing = value == "" or value != value
    return "–" if missing else value if isinstance(value, str) else f"{value:g}"
