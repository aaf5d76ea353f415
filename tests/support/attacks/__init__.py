"""Collect hostile submissions, which try to gain points, read what is hidden, or stop a batch.

Each `Attack` is one idea. It is handed in as a student's notebook of the tiny course, whose two
exercises are `double` (2 points) and `total` (3 points). The attacker is assumed to know everything
about the machine: beside each notebook lies `places.json`, with the paths and ports of what is
worth stealing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode


@dataclass(frozen=True)
class Attack:
    """One hostile submission.

    tries: its goal, in one sentence.
    first: a cell of its own, before the answers.
    double, total: the answer cells; "" leaves them as released.
    files: what lies beside the notebook: text, or a function that is given the path to fill.
    change: edits the notebook before it is handed in, and may return bytes in its place.
    deserves: the points that the answers earn honestly.
    status: expected of its line; "" where it depends on the speed of the machine.
    reason: a part of the reason that its line must give; a line without trouble has none.
    """

    name: str
    tries: str
    first: str = ""
    double: str = ""
    total: str = ""
    files: Mapping[str, str | Callable[[Path], object]] = field(default_factory=dict)
    change: Callable[[NotebookNode], bytes | None] | None = None
    deserves: tuple[float, float] = (0, 0)
    status: str = "graded"
    reason: str = ""


def all_attacks() -> list[Attack]:
    """Return every attack."""
    from attacks import (
        answers,
        crashes,
        files,
        floods,
        forging,
        hiding,
        messages,
        notebooks,
        reading,
    )

    families = (forging, answers, messages, reading, crashes, floods, hiding, files, notebooks)
    return [attack for family in families for attack in family.ATTACKS]
