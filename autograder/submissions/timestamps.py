"""The time of a submission, in a file that a learner may have written."""

from __future__ import annotations

from pathlib import Path

from nbgrader.utils import parse_utc

TIMESTAMP = "timestamp.txt"
MAX_CHARACTERS = 100
_HOW = "write it like `2026-03-01 12:00:00 UTC`, or remove the file"


def timestamp_problem(folder: Path) -> str:
    """Return why the time in a submission's folder cannot be read, in a sentence, or ""."""
    path = folder / TIMESTAMP
    if not path.exists() and not path.is_symlink():
        return ""
    if path.is_symlink() or not path.is_file():
        return f"{TIMESTAMP} is not an ordinary file: {_HOW}"
    try:
        with path.open("rb") as file:
            text = file.read(4 * MAX_CHARACTERS + 1).decode().strip()
    except (OSError, UnicodeDecodeError):
        return f"{TIMESTAMP} is not a text that can be read: {_HOW}"
    if not text:
        return ""
    if len(text) > MAX_CHARACTERS:
        return f"{TIMESTAMP} is too long to be a time: {_HOW}"
    try:
        parse_utc(text)
    except Exception:  # odd times make it raise many kinds of errors
        return f"{TIMESTAMP} says {text!r}, which is not a time: {_HOW}"
    return ""
