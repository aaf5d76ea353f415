"""Something that an answer may assume about an argument, and the change that enforces it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.proof.mutants.case_arguments import Arguments, Change

ONE_VALUE = "one value"
"""The kind of the assumption that an argument never changes."""


@dataclass(frozen=True)
class Assumption:
    """Something that an answer assumes about an argument.

    argument: its name. kind: "one value", "odd", …; said: the assumption in words. remedy: what the
    cases should do. fit: maps the arguments of all cases of a seed to the change that enforces the
    assumption. must_matter: whether a case outside the assumption must also have a different
    result.
    """

    argument: str
    kind: str
    said: str
    remedy: str
    fit: Callable[[Sequence[Arguments]], Change]
    must_matter: bool = True

    @property
    def name(self) -> str:
        """The name under which `mutants.yml` lists it: "padding: one value"."""
        return f"{self.argument}: {self.kind}"


def about(
    name: str,
    kind: str,
    said: str,
    remedy: str,
    fit: Callable[[list[Any]], Callable[[Any], Any]],
    must_matter: bool = True,
) -> Assumption:
    """Return an assumption about one argument. fit: maps its values to a change of a value."""

    def fit_rows(rows: Sequence[Arguments]) -> Change:
        values = [row[name] for row in rows if row.get(name) is not None]
        change = fit(values) if values else same_value
        return lambda row: row if row.get(name) is None else {**row, name: change(row[name])}

    return Assumption(name, kind, f"`{name}` {said}", remedy, fit_rows, must_matter)


def always(change: Callable[[Any], Any]) -> Callable[[list[Any]], Callable[[Any], Any]]:
    """Return a fit that does not depend on the cases' values."""
    return lambda _values: change


def same_value(value: Any) -> Any:
    """Return the value unchanged."""
    return value


def most_frequent(values: Sequence[Any], count: int = 1) -> list[Any]:
    """Return the most frequent values; of equally frequent ones, the first."""
    return [value for value, _ in Counter(values).most_common(count)]
