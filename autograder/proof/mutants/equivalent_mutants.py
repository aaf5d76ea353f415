"""Equivalent mutants, which are not wrong, with their reasons, from a module's `mutants.yml`.

A mutant of the code is listed by its whole name. A pattern may name several specialised mutants:
`"*: not negative"`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

EQUIVALENT_MUTANTS = "mutants.yml"


def read_equivalent_mutants(folder: Path) -> dict[str, dict[str, str]]:
    """Return exercise -> mutant or pattern -> why it makes no difference.

    Raises ValueError, naming the entry, where the file is not of that form.
    """
    path = folder / EQUIVALENT_MUTANTS
    if not path.is_file():
        return {}
    tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for exercise, reasons in tree.items():
        if not isinstance(reasons, dict) or not all(
            isinstance(reason, str) and reason.strip() for reason in reasons.values()
        ):
            raise ValueError(f"{path}: {exercise}: write `mutant: reason`, one for each mutant")
    return tree


def is_argued(name: str, reasons: Mapping[str, str]) -> bool:
    """Return whether a specialised mutant is listed, by its name or by a pattern."""
    return any(fnmatchcase(name, pattern) for pattern in reasons)


def stale_reasons(
    reasons: Mapping[str, str], mutants: Iterable[str], unrefuted_assumptions: Iterable[str]
) -> list[str]:
    """Return entries without a mutant: the change is no longer made, or the cases now kill it.

    mutants: all changes of the code. unrefuted_assumptions: specialised mutants with full marks.
    """
    known, survivors = set(mutants), list(unrefuted_assumptions)
    return [
        entry
        for entry in reasons
        if entry not in known and not any(fnmatchcase(name, entry) for name in survivors)
    ]
