"""The assumptions about arguments that an exercise's cases must refute.

They depend on an argument's kind and on what the reference accepts: sides must differ only if it
takes unequal ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.proof.mutants.assumption import (
    ONE_VALUE,
    Assumption,
    about,
    always,
    most_frequent,
)
from autograder.proof.mutants.case_arguments import (
    Arguments,
    Change,
    is_array,
    is_discrete,
    is_finite,
    is_float,
    is_negative,
    is_number,
    is_row,
    kind_of,
    leaves,
    like,
    map_leaves,
    on_array,
    take,
)
from autograder.proof.mutants.length_assumptions import length_assumptions
from autograder.proof.mutants.reference_trials import ReferenceTrials


def assumptions_about(
    rows: Sequence[Arguments],
    defaults: Mapping[str, Any],
    trials: ReferenceTrials,
    *,
    contents: bool = True,
) -> list[Assumption]:
    """Return the assumptions that the cases of an exercise must refute, each once.

    rows: the arguments of cases, with defaults filled in. contents: whether the contents of arrays
    and lists count, besides their sizes.
    """
    found: list[Assumption] = []
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row[name] for row in rows if row.get(name) is not None]
        if not values:
            continue
        if all(isinstance(value, (bool, int, float, str)) for value in values):
            found += _scalar(name, values, name in defaults, trials)
        elif contents:
            found += _contents(name, values)
            found += _ranks(name, values, trials, alone=_is_alone(name, rows))
            found += _order(name, values)
        if name in defaults:
            found += _default(name, defaults[name], values)
    found += length_assumptions(rows, trials)
    return list({assumption.name: assumption for assumption in found}.values())


# --- Numbers, texts, flags ---------------------------------------------------------------------


def _scalar(
    name: str, values: list[Any], optional: bool, trials: ReferenceTrials
) -> Iterator[Assumption]:
    named = isinstance(values[0], (bool, str))
    usual = most_frequent(values)[0]
    yield about(
        name, ONE_VALUE,
        f"is {usual!r} in every case" if len(set(values)) == 1 else "is the same in every case",
        "use others too" if named else "use three values",
        lambda values: lambda _value: most_frequent(values)[0],
    )  # fmt: skip
    if named:
        return
    yield about(
        name, "two values", "takes two values at most", "use three",
        lambda values: lambda value: min(most_frequent(values, 2), key=lambda v: abs(v - value)),
    )  # fmt: skip
    if any(value < 0 for value in values):
        yield about(name, "not negative", "is never negative", "use less than 0", always(abs))
    if any(isinstance(value, float) for value in values):
        yield about(
            name, "whole", "is a whole number in every case", "use others too",
            always(lambda value: type(value)(round(value))),
        )  # fmt: skip
    else:
        yield from _whole_number(name, values, optional, trials)


def _whole_number(
    name: str, values: list[int], optional: bool, trials: ReferenceTrials
) -> Iterator[Assumption]:
    for kind, other, rest in (("even", "odd", 0), ("odd", "even", 1)):
        yield about(
            name, kind, f"is {kind} in every case", f"use {other} numbers too",
            always(lambda value, rest=rest: value + (value % 2 != rest)),
        )  # fmt: skip
    for edge in (0, 1):
        # A number that goes down to nearly 0 is a count, and may be 0 unless the reference objects.
        small = min(values) <= edge + 1
        if edge in values or small and trials.works(lambda row, edge=edge: {**row, name: edge}):
            yield about(
                name, f"never {edge}", f"is never {edge}", f"use {edge} too",
                always(lambda value, edge=edge: edge + 1 if value == edge else value),
            )  # fmt: skip


def _default(name: str, default: Any, values: list[Any]) -> Iterator[Assumption]:
    yield Assumption(
        name,
        "default",
        f"`{name}` is {default!r}, its default, in every case",
        "give other values too",
        lambda _rows: lambda row: {**row, name: default},
    )  # fmt: skip
    given = [value for value in values if not _equal(value, default)]
    if given:
        yield Assumption(
            name, "given", f"`{name}` is given in every case", "leave it out in one",
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
        yield about(
            name, "whole", "holds whole numbers only", "use others too",
            always(_on_leaves(np.round, is_float)),
        )  # fmt: skip
    if floats and not labels or any(is_negative(leaf) for leaf in found):
        yield about(
            name, "not negative", "holds no negative number", "use some",
            always(_on_leaves(np.abs, is_number)),
        )  # fmt: skip
    if not all(is_finite(leaf) for leaf in floats):
        yield about(
            name, "finite", "holds finite numbers only", "use others too",
            always(_on_leaves(np.nan_to_num, is_float)), must_matter=False,
        )  # fmt: skip
    if len({kind_of(leaf) for leaf in found if is_array(leaf)}) > 1:
        yield about(
            name,
            "one dtype",
            "has one dtype in every case",
            "use others too",
            _one_dtype,
            must_matter=False,
        )


def _on_leaves(change: Callable[[Any], Any], chosen: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def on_leaf(leaf: Any) -> Any:
        if not chosen(leaf):
            return leaf
        return on_array(change)(leaf) if is_array(leaf) else type(leaf)(change(leaf))

    return lambda value: map_leaves(on_leaf, value)


def _one_dtype(values: list[Any]) -> Callable[[Any], Any]:
    arrays = [leaf for value in values for leaf in leaves(value) if is_array(leaf)]
    usual = most_frequent([leaf.dtype for leaf in arrays])[0]
    model = next(leaf for leaf in arrays if leaf.dtype == usual)
    return _on_leaves_alone(lambda leaf: like(model, np.asarray(leaf)))


def _is_alone(name: str, rows: Sequence[Arguments]) -> bool:
    """Return whether no other argument has arrays, to which broadcasting could fit any rank."""
    others = [row[other] for row in rows for other in row if other != name]
    return not any(is_array(leaf) for value in others for leaf in leaves(value))


def _ranks(
    name: str, values: list[Any], trials: ReferenceTrials, alone: bool
) -> Iterator[Assumption]:
    """Yield assumptions about rank, if cases vary the rank or the reference takes any."""
    ranks = _ranks_of(values)
    if not ranks:
        return
    wider = _always_on_arrays(name, lambda array: array[None])
    listed = not all(is_array(value) for value in values)
    any_rank = (listed or alone) and trials.ignores_rank(wider)
    if any_rank or len(set(ranks)) > 1:
        yield about(
            name, "one rank", f"has arrays of rank {most_frequent(ranks)[0]} only", "vary the rank",
            lambda values: _on_leaves_alone(_to_rank(most_frequent(_ranks_of(values))[0])),
            must_matter=False,
        )  # fmt: skip
    if any_rank:
        yield about(
            name, "at most 2 axes", "has arrays of rank 2 at most", "use higher ranks too",
            always(_on_leaves_alone(lambda a: _to_rank(2)(a) if a.ndim > 2 else a)),
            must_matter=False,
        )  # fmt: skip


def _ranks_of(values: Sequence[Any]) -> list[int]:
    return [leaf.ndim for value in values for leaf in leaves(value) if is_array(leaf)]


def _on_leaves_alone(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a change of all arrays in a value that have an axis."""
    return lambda value: map_leaves(
        lambda leaf: change(leaf) if is_array(leaf) and leaf.ndim else leaf, value
    )


def _always_on_arrays(name: str, change: Callable[[Any], Any]) -> Change:
    on_value = _on_leaves_alone(change)
    return lambda row: {**row, name: on_value(row[name])} if name in row else row


def _to_rank(rank: int) -> Callable[[Any], Any]:
    """Return a change of an array to a rank, by merging or adding leading axes."""

    def change(array: Any) -> Any:
        extra = array.ndim - rank
        if extra <= 0:
            return array.reshape((1,) * -extra + tuple(array.shape))
        return array.reshape((-1, *array.shape[extra + 1 :]))

    return change


def _order(name: str, values: list[Any]) -> Iterator[Assumption]:
    if not all(is_row(value) for value in values) or all(len(value) < 2 for value in values):
        return
    yield about(
        name, "sorted", "is sorted in every case", "use other orders too",
        always(lambda row: on_array(np.sort)(row) if is_array(row) else sorted(row)),
        must_matter=False,
    )  # fmt: skip
    if all(is_discrete(value) for value in values):
        yield about(
            name, "no repeats", "holds no value twice", "repeat one",
            always(_distinct), must_matter=False,
        )  # fmt: skip


def _distinct(row: Any) -> Any:
    items = row.tolist() if is_array(row) else row
    return take(row, 0, [i for i, item in enumerate(items) if item not in items[:i]])
