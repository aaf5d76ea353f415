"""What an answer may take for granted about an argument, and the change that enforces it.

Which assumptions are asked of an argument depends on its kind, and on what the reference accepts:
sides are asked to differ where it takes unequal ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.proof.exercises.case_arguments import (
    Arguments,
    Axis,
    is_array,
    is_discrete,
    is_finite,
    is_float,
    is_negative,
    is_number,
    is_row,
    kind_of,
    leaves,
    lengths,
    like,
    linked_axes,
    map_leaves,
    on_array,
    resize,
    take,
)

Change = Callable[[Arguments], Arguments]
Works = Callable[[Change], bool]
"""Whether the reference accepts arguments that were changed so, and answers in finite numbers."""


@dataclass(frozen=True)
class Assumption:
    """Something that an answer takes for granted about an argument.

    name: "padding: one value", as `mutants.yml` lists it. said: the assumption in words; remedy:
    what the cases should do. fit: from the arguments of all cases of a seed to the change that
    enforces it. must_matter: it is not enough that a case lies outside of the assumption; its
    result must show it.
    """

    name: str
    said: str
    remedy: str
    fit: Callable[[Sequence[Arguments]], Change]
    must_matter: bool = True

    @property
    def argument(self) -> str:
        """The argument it is about."""
        return self.name.partition(": ")[0]


def assumptions_about(
    rows: Sequence[Arguments], defaults: Mapping[str, Any], works: Works, *, contents: bool = True
) -> list[Assumption]:
    """The assumptions that the cases of an exercise must refute, each once.

    rows: the arguments of cases, with defaults filled in. contents: whether what stands in arrays
    and lists counts, besides their sizes.
    """
    found: list[Assumption] = []
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row[name] for row in rows if row.get(name) is not None]
        if not values:
            continue
        if all(isinstance(value, (bool, int, float, str)) for value in values):
            found += _scalar(name, values, name in defaults, works)
        elif contents:
            found += _contents(name, values)
            found += _ranks(name, values, works, alone=_is_alone(name, rows))
            found += _order(name, values)
        if name in defaults:
            found += _default(name, defaults[name], values)
    found += _lengths(rows, works)
    return list({assumption.name: assumption for assumption in found}.values())


def _about(
    name: str,
    kind: str,
    said: str,
    remedy: str,
    fit: Callable[[list[Any]], Callable[[Any], Any]],
    must_matter: bool = True,
) -> Assumption:
    """An assumption about one argument. fit: from its values to a change of a value."""

    def fit_rows(rows: Sequence[Arguments]) -> Change:
        values = [row[name] for row in rows if row.get(name) is not None]
        change = fit(values) if values else _same
        return lambda row: row if row.get(name) is None else {**row, name: change(row[name])}

    return Assumption(f"{name}: {kind}", f"`{name}` {said}", remedy, fit_rows, must_matter)


def _always(change: Callable[[Any], Any]) -> Callable[[list[Any]], Callable[[Any], Any]]:
    """A fit that does not depend on the other cases' values."""
    return lambda _values: change


def _same(value: Any) -> Any:
    return value


def _usual(values: Sequence[Any], count: int = 1) -> list[Any]:
    """The most frequent values; the first of equally frequent ones."""
    return [value for value, _ in Counter(values).most_common(count)]


# --- Numbers, texts, flags ---------------------------------------------------------------------


def _scalar(name: str, values: list[Any], optional: bool, works: Works) -> Iterator[Assumption]:
    named = isinstance(values[0], (bool, str))
    usual = _usual(values)[0]
    yield _about(
        name, "one value",
        f"is {usual!r}" if len(set(values)) == 1 else "is always the same",
        "use others too" if named else "use three values",
        lambda values: lambda _value: _usual(values)[0],
    )  # fmt: skip
    if named:
        return
    yield _about(
        name, "two values", "takes two values at most", "use three",
        lambda values: lambda value: min(_usual(values, 2), key=lambda v: abs(v - value)),
    )  # fmt: skip
    if any(value < 0 for value in values):
        yield _about(name, "not negative", "is never negative", "use less than 0", _always(abs))
    if any(isinstance(value, float) for value in values):
        yield _about(
            name, "whole", "is a whole number", "use others too",
            _always(lambda value: type(value)(round(value))),
        )  # fmt: skip
    else:
        yield from _whole_number(name, values, optional, works)


def _whole_number(
    name: str, values: list[int], optional: bool, works: Works
) -> Iterator[Assumption]:
    for kind, other, rest in (("even", "odd", 0), ("odd", "even", 1)):
        yield _about(
            name, kind, f"is {kind}", f"use {other} numbers too",
            _always(lambda value, rest=rest: value + (value % 2 != rest)),
        )  # fmt: skip
    for edge in (0, 1):
        # What goes down to nearly 0 counts something, and may be 0 unless the reference objects.
        small = min(values) <= edge + 1
        if edge in values or small and works(lambda row, edge=edge: {**row, name: edge}):
            yield _about(
                name, f"never {edge}", f"is never {edge}", f"use {edge} too",
                _always(lambda value, edge=edge: edge + 1 if value == edge else value),
            )  # fmt: skip


def _default(name: str, default: Any, values: list[Any]) -> Iterator[Assumption]:
    yield Assumption(
        f"{name}: default", f"`{name}` is {default!r}, its default", "give other values too",
        lambda _rows: lambda row: {**row, name: default},
    )  # fmt: skip
    given = [value for value in values if not _equal(value, default)]
    if given:
        yield Assumption(
            f"{name}: given", f"`{name}` is given", "leave it out in one",
            lambda _rows: lambda row: (
                {**row, name: given[0]} if _equal(row.get(name), default) else row
            ),
        )  # fmt: skip


def _equal(value: Any, default: Any) -> bool:
    return type(value) is type(default) and not is_array(value) and value == default


# --- What stands in arrays and lists -----------------------------------------------------------


def _contents(name: str, values: list[Any]) -> Iterator[Assumption]:
    found = [leaf for value in values for leaf in leaves(value)]
    floats = [leaf for leaf in found if is_float(leaf)]
    labels = all(bool(np.isin(np.asarray(leaf), (0, 1)).all()) for leaf in floats)
    if floats and not labels:
        yield _about(
            name, "whole", "holds whole numbers only", "use others too",
            _always(_on_leaves(np.round, is_float)),
        )  # fmt: skip
    if floats and not labels or any(is_negative(leaf) for leaf in found):
        yield _about(
            name, "not negative", "holds no negative number", "use some",
            _always(_on_leaves(np.abs, is_number)),
        )  # fmt: skip
    if not all(is_finite(leaf) for leaf in floats):
        yield _about(
            name, "finite", "holds finite numbers only", "use others too",
            _always(_on_leaves(np.nan_to_num, is_float)), must_matter=False,
        )  # fmt: skip
    if len({kind_of(leaf) for leaf in found if is_array(leaf)}) > 1:
        yield _about(
            name, "one dtype", "has one dtype", "use others too", _one_dtype, must_matter=False
        )


def _on_leaves(change: Callable[[Any], Any], chosen: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def on_leaf(leaf: Any) -> Any:
        if not chosen(leaf):
            return leaf
        return on_array(change)(leaf) if is_array(leaf) else type(leaf)(change(leaf))

    return lambda value: map_leaves(on_leaf, value)


def _one_dtype(values: list[Any]) -> Callable[[Any], Any]:
    arrays = [leaf for value in values for leaf in leaves(value) if is_array(leaf)]
    usual = _usual([leaf.dtype for leaf in arrays])[0]
    model = next(leaf for leaf in arrays if leaf.dtype == usual)
    return _on_leaves_alone(lambda leaf: like(model, np.asarray(leaf)))


def _is_alone(name: str, rows: Sequence[Arguments]) -> bool:
    """Whether no other argument has arrays, to which broadcasting could fit any rank."""
    return not any(
        is_array(leaf)
        for row in rows
        for other in row
        if other != name
        for leaf in leaves(row[other])
    )


def _ranks(name: str, values: list[Any], works: Works, alone: bool) -> Iterator[Assumption]:
    """Asked where the cases have arrays of several ranks, or the reference takes any rank."""
    ranks = _ranks_of(values)
    if not ranks:
        return
    wider = _always_on_arrays(name, lambda array: array[None])
    narrower = _always_on_arrays(name, lambda array: array[0] if len(array) else array)
    listed = not all(is_array(value) for value in values)
    wide = works(wider)
    if len(set(ranks)) > 1 or wide and (listed or alone and works(narrower)):
        yield _about(
            name, "one rank", f"has arrays of rank {_usual(ranks)[0]} only", "vary the rank",
            lambda values: _on_leaves_alone(_to_rank(_usual(_ranks_of(values))[0])),
            must_matter=False,
        )  # fmt: skip
        if wide:
            yield _about(
                name, "at most 2 axes", "has arrays of rank 2 at most", "use higher ranks too",
                _always(_on_leaves_alone(lambda a: _to_rank(2)(a) if a.ndim > 2 else a)),
                must_matter=False,
            )  # fmt: skip


def _ranks_of(values: Sequence[Any]) -> list[int]:
    return [leaf.ndim for value in values for leaf in leaves(value) if is_array(leaf)]


def _on_leaves_alone(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A change of all arrays in a value that have an axis."""
    return lambda value: map_leaves(
        lambda leaf: change(leaf) if is_array(leaf) and leaf.ndim else leaf, value
    )


def _always_on_arrays(name: str, change: Callable[[Any], Any]) -> Change:
    on_value = _on_leaves_alone(change)
    return lambda row: {**row, name: on_value(row[name])} if name in row else row


def _to_rank(rank: int) -> Callable[[Any], Any]:
    """Leading axes merged, or added."""

    def change(array: Any) -> Any:
        extra = array.ndim - rank
        if extra <= 0:
            return array.reshape((1,) * -extra + tuple(array.shape))
        return array.reshape((-1, *array.shape[extra + 1 :]))

    return change


def _order(name: str, values: list[Any]) -> Iterator[Assumption]:
    if not all(is_row(value) for value in values) or all(len(value) < 2 for value in values):
        return
    yield _about(
        name, "sorted", "is sorted", "use other orders too",
        _always(lambda row: on_array(np.sort)(row) if is_array(row) else sorted(row)),
        must_matter=False,
    )  # fmt: skip
    if all(is_discrete(value) for value in values):
        yield _about(
            name, "no repeats", "holds no value twice", "repeat one",
            _always(_distinct), must_matter=False,
        )  # fmt: skip


def _distinct(row: Any) -> Any:
    items = row.tolist() if is_array(row) else row
    return take(row, 0, [i for i, item in enumerate(items) if item not in items[:i]])


# --- Lengths -----------------------------------------------------------------------------------


def _lengths(rows: Sequence[Arguments], works: Works) -> Iterator[Assumption]:
    groups = linked_axes(rows)
    for group in groups:
        yield from _one_length(group, rows, works)
        yield from _equal_sides(group, works)
    for name in dict.fromkeys(name for group in groups for name, axis in group if axis == 0):
        yield _about(
            name, "first item only", "has equal items", "let them differ",
            _always(lambda value: take(value, 0, [0] * len(value))),
        )  # fmt: skip


def _one_length(
    group: Sequence[Axis], rows: Sequence[Arguments], works: Works
) -> Iterator[Assumption]:
    name, axis = group[0]
    found = [lengths(row)[group[0]] for row in rows]
    usual = _usual(found)[0]
    if len(set(found)) > 1 or works(_resized(group, usual + 1)):
        said = f"has length {usual}" if len(set(found)) == 1 else "has one length"
        yield Assumption(
            f"{name}: one length of axis {axis}", f"`{name}` {said} along axis {axis}",
            "use others too",
            lambda rows: _resized(group, _usual([lengths(row)[group[0]] for row in rows])[0]),
        )  # fmt: skip
    batches = [name for name, axis in group if axis == 0]
    if batches and (1 in found or works(_resized(group, 1))):
        yield Assumption(
            f"{batches[0]}: never one item", f"`{batches[0]}` never holds a single item",
            "let it hold one too",
            lambda _rows: lambda row: (
                _resized(group, 2)(row) if lengths(row)[group[0]] == 1 else row
            ),
        )  # fmt: skip


def _equal_sides(group: Sequence[Axis], works: Works) -> Iterator[Assumption]:
    """Axes that are equally long in every case, though the reference does not ask for it."""
    (name, axis), *others = group
    for other, its_axis in others:
        if _is_free((name, axis), works) and _is_free((other, its_axis), works):
            yield Assumption(
                f"{other}: axis {its_axis} as long as axis {axis} of {name}",
                f"`{other}` is as long along axis {its_axis} as `{name}` along axis {axis}",
                "use unequal sides",
                lambda _rows: _same,
            )


def _is_free(axis: Axis, works: Works) -> bool:
    """Whether the reference takes this axis longer and shorter, when all others stay.

    Not from or to length 1, which NumPy's broadcasting fits to any other.
    """
    longer, shorter = _changed_length(axis, 1), _changed_length(axis, -1)
    return works(longer) and works(shorter)


def _changed_length(axis: Axis, by: int) -> Change:
    def change(row: Arguments) -> Arguments:
        length = lengths(row)[axis]
        return _resized([axis], length + by)(row) if min(length, length + by) > 1 else row

    return change


def _resized(group: Sequence[Axis], length: int) -> Change:
    def change(row: Arguments) -> Arguments:
        changed = dict(row)
        for name, axis in group:
            changed[name] = resize(changed[name], axis, length)
        return changed

    return change
