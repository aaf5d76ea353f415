"""Specialised mutants: the right answer to a narrower exercise than the one that is asked.

Each is the reference, called with an argument that was forced into what its author took for
granted: padding is always 1, images are square, numbers are whole. A case outside of the
assumption must notice it. Where no case lies outside, the cases hold something still, and
wrong answers get full marks for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.proof.case_arguments import (
    Arguments,
    Axis,
    arguments_of,
    defaults_of,
    is_array,
    kind_of,
    leaves,
    lengths,
    like,
    linked_axes,
    map_leaves,
    on_array,
    resize,
    take,
    unchanged,
    with_arguments,
)
from lepton_course.exercises.compare import Accuracy
from lepton_course.exercises.judge import Question, difference
from lepton_course.exercises.model import Exercise
from lepton_course.exercises.values import is_tensor

Change = Callable[[Arguments], Arguments]
Works = Callable[[Change], bool]
"""Whether the reference accepts arguments that were changed so, and answers in finite numbers."""

SMALL = 4
"""An argument that goes down to this number is taken for a count, which may be 0 or 1 too."""


@dataclass(frozen=True)
class Restriction:
    """An assumption about an argument.

    name: "padding: one value", as `mutants.yml` lists it. advice: what the cases should do.
    fit: from the arguments of all cases of a seed to the change that enforces the assumption.
    """

    name: str
    advice: str
    fit: Callable[[Sequence[Arguments]], Change]

    @property
    def argument(self) -> str:
        """What it is about."""
        return self.name.partition(":")[0]


@dataclass(frozen=True)
class Survivor:
    """A specialised mutant with full marks. indifferent: some case lies outside of the assumption,
    and its result is the same nevertheless."""

    restriction: Restriction
    indifferent: bool

    def __str__(self) -> str:
        aside = " (where that is so, the result is the same)" if self.indifferent else ""
        return f"{self.restriction.advice}{aside}"


def restrictions_of(exercise: Exercise, questions: Sequence[Question]) -> list[Restriction]:
    """The assumptions about an exercise's arguments that its cases must refute.

    Which are asked depends on the kinds of the arguments, and on what the reference accepts:
    sides are asked to differ where it takes unequal ones.
    """
    if not callable(exercise.reference):
        return []
    rows = [[arguments_of(exercise, case) for case in q.cases] for q in questions]
    works = _works_on(exercise, questions[0], rows[0])
    every = [row for some in rows for row in some]
    found: dict[str, Restriction] = {}
    for restriction in _all(exercise, rows[0], every, works):
        found.setdefault(restriction.name, restriction)
    return list(found.values())


def find_survivors(
    exercise: Exercise, restrictions: Sequence[Restriction], questions: Sequence[Question]
) -> list[Survivor]:
    """The specialised mutants that get full marks on at least one question.

    One that is told apart by nothing makes those about the same argument that follow from it
    superfluous: an argument that has one value has no three.
    """
    first_tried = dict.fromkeys((r.name for r in restrictions), 0)
    found: dict[str, Survivor] = {}
    for question in questions:
        rows = [arguments_of(exercise, case) for case in question.cases]
        for restriction in restrictions:
            if restriction.name in found:
                continue
            change = restriction.fit(rows)
            noticed, indifferent = _noticed(
                exercise, change, question, rows, first_tried[restriction.name]
            )
            if noticed is None:
                found[restriction.name] = Survivor(restriction, indifferent)
            else:
                first_tried[restriction.name] = noticed
    still = {s.restriction.argument for n, s in found.items() if n.endswith(": one value")}
    implied = tuple(f"{name}: " for name in still)
    return [
        survivor
        for restriction in restrictions
        if (survivor := found.get(restriction.name))
        and (restriction.name.endswith(": one value") or not restriction.name.startswith(implied))
    ]


def _noticed(
    exercise: Exercise,
    change: Change,
    question: Question,
    rows: Sequence[Arguments],
    first: int,
) -> tuple[int | None, bool]:
    """Number of a case that notices, and whether any other was changed without a difference.

    Cases that the change leaves as they are need no run. first: the case to try first.
    """
    indifferent = False
    for index in sorted(range(len(rows)), key=lambda i: i != first):
        changed = change(rows[index])
        if unchanged(rows[index], changed):
            continue
        case = with_arguments(exercise, question.cases[index], changed)
        observed = exercise.probe.observe(exercise.reference, case)
        if difference(question.compare, observed, question.expected[index]):
            return index, indifferent
        indifferent = True
    return None, indifferent


def _works_on(exercise: Exercise, question: Question, rows: Sequence[Arguments]) -> Works:
    def works(change: Change) -> bool:
        for index, row in enumerate(rows):
            changed = change(row)
            if unchanged(row, changed):
                continue
            case = with_arguments(exercise, question.cases[index], changed)
            observed = exercise.probe.observe(exercise.reference, case)
            if observed.raised is None and _finite(observed.seen):
                return True
        return False

    return works


def _finite(seen: Any) -> bool:
    return all(
        bool(np.all(np.isfinite(leaf.numpy() if is_tensor(leaf) else leaf)))
        for leaf in leaves(seen)
        if isinstance(leaf, float) or is_array(leaf) and kind_of(leaf) == "f"
    )


# --- Which assumptions are asked of which arguments --------------------------------------------


def _all(
    exercise: Exercise, rows: Sequence[Arguments], every: Sequence[Arguments], works: Works
) -> Iterator[Restriction]:
    banded = isinstance(exercise.compare, Accuracy)  # many answers are right: contents are free
    for name in dict.fromkeys(name for row in every for name in row):
        values = [row[name] for row in every if name in row and row[name] is not None]
        if not values:
            continue
        if all(isinstance(value, (bool, int, float, str)) for value in values):
            yield from _about_scalar(name, values, works)
        elif not banded:
            yield from _about_contents(name, values)
            yield from _about_ranks(name, values, works)
            yield from _about_order(name, values)
    yield from _about_defaults(exercise, every)
    yield from _about_lengths(every, works)


def _about(
    name: str, kind: str, advice: str, fit: Callable[[list[Any]], Callable[[Any], Any]]
) -> Restriction:
    """An assumption about one argument. fit: from its values to a change of a value."""

    def fit_rows(rows: Sequence[Arguments]) -> Change:
        values = [row[name] for row in rows if row.get(name) is not None]
        change = fit(values) if values else _same
        return lambda row: (
            row if row.get(name) is None else {**row, name: change(row[name])}
        )

    return Restriction(f"{name}: {kind}", f"`{name}` {advice}", fit_rows)


def _always(name: str, kind: str, advice: str, change: Callable[[Any], Any]) -> Restriction:
    return _about(name, kind, advice, lambda _values: change)


def _same(value: Any) -> Any:
    return value


def _usual(values: Sequence[Any], count: int = 1) -> list[Any]:
    """The most frequent values; the first of equally frequent ones."""
    return [value for value, _ in Counter(values).most_common(count)]


def _set(name: str, value: Any) -> Change:
    return lambda row: {**row, name: value} if name in row else row


def _about_scalar(name: str, values: list[Any], works: Works) -> Iterator[Restriction]:
    usual = _usual(values)[0]
    asked = "use three values" if not isinstance(usual, (bool, str)) else "use others too"
    yield _about(
        name, "one value", f"is {usual!r} in every case: {asked}",
        lambda values: lambda _value: _usual(values)[0],
    )  # fmt: skip
    if any(isinstance(value, (bool, str)) for value in values):
        return
    yield _about(
        name, "two values", "takes two values at most: use three",
        lambda values: lambda value: min(_usual(values, 2), key=lambda v: abs(v - value)),
    )  # fmt: skip
    if any(value < 0 for value in values):
        yield _always(name, "not negative", "is never negative: use negative numbers too", abs)
    if any(isinstance(value, float) for value in values):
        yield _always(
            name, "whole", "is a whole number in every case: use others too",
            lambda value: type(value)(round(value)),
        )  # fmt: skip
        return
    yield _always(
        name, "even", "is even in every case: use odd numbers too", lambda v: v + v % 2
    )
    yield _always(
        name, "odd", "is odd in every case: use even numbers too", lambda v: v + 1 - v % 2
    )
    for edge in (0, 1):
        if edge in values or min(values) <= SMALL and works(_set(name, edge)):
            yield _always(
                name, f"never {edge}", f"is never {edge}: add a case where it is",
                lambda value, edge=edge: edge + 1 if value == edge else value,
            )  # fmt: skip


def _about_contents(name: str, values: list[Any]) -> Iterator[Restriction]:
    found = [leaf for value in values for leaf in leaves(value)]
    floats = [leaf for leaf in found if _is_float(leaf)]
    if floats:
        yield _always(
            name, "whole", "holds whole numbers only: use others too", _on_floats(np.round)
        )
        yield _always(
            name, "not negative", "holds no negative number: use some", _on_floats(np.abs)
        )
    elif any(_is_negative(leaf) for leaf in found):
        yield _always(
            name, "not negative", "holds no negative number: use some", _on_numbers(np.abs)
        )
    if not all(_finite(leaf) for leaf in floats):
        yield _always(
            name, "finite", "holds finite numbers only: use others too",
            _on_floats(np.nan_to_num),
        )  # fmt: skip
    kinds = {kind_of(leaf) for leaf in found if is_array(leaf)}
    if len(kinds) > 1:
        yield _about(name, "one dtype", "has one dtype in every case: use others too", _one_dtype)


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, float) or is_array(leaf) and kind_of(leaf) == "f"


def _is_number(leaf: Any) -> bool:
    plain_number = isinstance(leaf, (int, float)) and not isinstance(leaf, bool)
    return plain_number or is_array(leaf) and kind_of(leaf) in "fiu"


def _is_negative(leaf: Any) -> bool:
    return _is_number(leaf) and bool(np.any((leaf.numpy() if is_tensor(leaf) else leaf) < 0))


def _on_floats(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: map_leaves(lambda leaf: _apply(change, leaf, _is_float(leaf)), value)


def _on_numbers(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: map_leaves(lambda leaf: _apply(change, leaf, _is_number(leaf)), value)


def _apply(change: Callable[[Any], Any], leaf: Any, when: bool) -> Any:
    if not when:
        return leaf
    return on_array(change)(leaf) if is_array(leaf) else type(leaf)(change(leaf))


def _one_dtype(values: list[Any]) -> Callable[[Any], Any]:
    arrays = [leaf for value in values for leaf in leaves(value) if is_array(leaf)]
    usual = _usual([leaf.dtype for leaf in arrays])[0]
    model = next(leaf for leaf in arrays if leaf.dtype == usual)
    return lambda value: map_leaves(
        lambda leaf: like(model, np.asarray(leaf)) if is_array(leaf) else leaf, value
    )


def _about_ranks(name: str, values: list[Any], works: Works) -> Iterator[Restriction]:
    ranks = _ranks(values)
    if not ranks:
        return
    listed = not all(is_array(value) for value in values)
    wider = _always(name, "", "", lambda value: _on_arrays(_one_axis_more, value)).fit([])
    narrower = _always(name, "", "", lambda value: _on_arrays(lambda a: a[0], value)).fit([])
    any_rank = len(set(ranks)) > 1 or works(wider) and (listed or works(narrower))
    if not any_rank:
        return
    yield _about(
        name, "one rank", f"has arrays of {_usual(ranks)[0]} axes only: vary their number",
        lambda values: lambda value: _on_arrays(_to_rank(_usual(_ranks(values))[0]), value),
    )  # fmt: skip
    if works(wider):
        yield _always(
            name, "at most 2 axes", "has arrays of two axes at most: use more axes too",
            lambda value: _on_arrays(lambda a: _to_rank(2)(a) if a.ndim > 2 else a, value),
        )  # fmt: skip


def _ranks(values: Sequence[Any]) -> list[int]:
    return [leaf.ndim for value in values for leaf in leaves(value) if is_array(leaf)]


def _on_arrays(change: Callable[[Any], Any], value: Any) -> Any:
    return map_leaves(lambda leaf: change(leaf) if is_array(leaf) and leaf.ndim else leaf, value)


def _one_axis_more(array: Any) -> Any:
    return array[None]


def _to_rank(rank: int) -> Callable[[Any], Any]:
    """Leading axes merged, or added."""

    def change(array: Any) -> Any:
        extra = array.ndim - rank
        if extra <= 0:
            return array.reshape((1,) * -extra + tuple(array.shape))
        return array.reshape((-1, *array.shape[extra + 1 :]))

    return change


def _about_order(name: str, values: list[Any]) -> Iterator[Restriction]:
    rows = [value for value in values if _is_row(value)]
    if len(rows) < len(values) or all(len(row) < 2 for row in rows):
        return
    yield _always(name, "sorted", "is sorted in every case: use other orders too", _sorted)
    if all(_is_discrete(row) for row in rows):
        yield _always(
            name, "no repeats", "holds no value twice: repeat one", lambda row: _distinct(row)
        )


def _is_row(value: Any) -> bool:
    """Whether a value is a vector, or a list of numbers or of texts."""
    if is_array(value):
        return value.ndim == 1 and kind_of(value) != "b"
    numbers = all(_is_number(item) and not is_array(item) for item in value)
    return isinstance(value, list) and (numbers or all(isinstance(item, str) for item in value))


def _is_discrete(row: Any) -> bool:
    if is_array(row):
        return kind_of(row) in "iuU"
    return all(isinstance(item, (int, str)) for item in row)


def _sorted(row: Any) -> Any:
    return on_array(np.sort)(row) if is_array(row) else sorted(row)


def _distinct(row: Any) -> Any:
    items = row.tolist() if is_array(row) else row
    return take(row, 0, [i for i, item in enumerate(items) if item not in items[:i]])


def _about_defaults(exercise: Exercise, every: Sequence[Arguments]) -> Iterator[Restriction]:
    for name, default in defaults_of(exercise).items():
        yield Restriction(
            f"{name}: default",
            f"`{name}` is {default!r}, its default, in every case: give other values too",
            lambda _rows, name=name: lambda row: {k: v for k, v in row.items() if k != name},
        )
        given = [row[name] for row in every if name in row and row[name] != default]
        if given:
            yield Restriction(
                f"{name}: given",
                f"`{name}` is given in every case: leave it out in one",
                lambda _rows, name=name, value=given[0]: lambda row: {name: value, **row},
            )


def _about_lengths(every: Sequence[Arguments], works: Works) -> Iterator[Restriction]:
    groups = linked_axes(every)
    for group in groups:
        (name, axis), found = group[0], [lengths(row)[group[0]] for row in every]
        usual = _usual(found)[0]
        place = f"axis {axis}"
        if len(set(found)) > 1 or works(_resized(group, usual + 1)):
            yield Restriction(
                f"{name}: one length of {place}",
                f"`{name}` has length {usual} along {place} in every case: use others too",
                lambda rows, group=group: _resized(
                    group, _usual([lengths(row)[group[0]] for row in rows])[0]
                ),
            )
        first = [member for member in group if member[1] == 0]
        if first and (1 in found or works(_resized(group, 1))):
            name = first[0][0]
            yield Restriction(
                f"{name}: never one item",
                f"`{name}` never holds a single item: add a case where it does",
                lambda _rows, group=group: _two_for_one(group),
            )
        yield from _about_equal_sides(group, works)
    for name in dict.fromkeys(name for group in groups for name, axis in group if axis == 0):
        yield _always(
            name, "first item only", "has equal items in every case: let them differ",
            lambda value: take(value, 0, [0] * len(value)),
        )  # fmt: skip


def _about_equal_sides(group: Sequence[Axis], works: Works) -> Iterator[Restriction]:
    """Axes that are equally long in every case, though the reference does not ask for it."""
    (name, axis), *others = group
    for other, its_axis in others:
        if works(_shortened(group[0])) and works(_shortened((other, its_axis))):
            yield Restriction(
                f"{other}: axis {its_axis} = {name} axis {axis}",
                f"`{other}` is as long along axis {its_axis} as `{name}` along axis {axis} in "
                "every case: use unequal sides",
                lambda _rows: _same,
            )


def _resized(group: Sequence[Axis], length: int) -> Change:
    def change(row: Arguments) -> Arguments:
        changed = dict(row)
        for name, axis in group:
            changed[name] = resize(changed[name], axis, length)
        return changed

    return change


def _two_for_one(group: Sequence[Axis]) -> Change:
    return lambda row: _resized(group, 2)(row) if lengths(row)[group[0]] == 1 else row


def _shortened(axis: Axis) -> Change:
    def change(row: Arguments) -> Arguments:
        length = lengths(row)[axis]
        return _resized([axis], length - 1)(row) if length > 1 else row

    return change
