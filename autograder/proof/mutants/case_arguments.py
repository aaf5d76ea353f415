"""A case's arguments by name, and ways to change them: items, lengths, leaves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lepton_course.exercises.case import Case
from lepton_course.exercises.model import Exercise
from lepton_course.exercises.values import is_tensor, plain, same

Arguments = Mapping[str, Any]
"""Name of a parameter of the reference -> its value in a case."""

Change = Callable[[Arguments], Arguments]

Axis = tuple[str, int]
"""An argument and one of its axes; a list or tuple has only axis 0."""

NETWORK_INPUT = "network input"
"""Name under which the input of a `Model` case's network is listed."""


def arguments_of(exercise: Exercise, case: Case) -> Arguments:
    """Return the arguments of a case by name, with defaults filled in."""
    given = defaults_of(exercise) | _bind(exercise, case).arguments
    return given if case.x is None else {**given, NETWORK_INPUT: case.x}


def with_arguments(exercise: Exercise, case: Case, arguments: Arguments) -> Case:
    """Return the case with other arguments."""
    bound = _bind(exercise, case)
    bound.arguments = {name: arguments[name] for name in arguments if name != NETWORK_INPUT}
    x = arguments.get(NETWORK_INPUT)
    return replace(case, args=bound.args, kwargs=bound.kwargs, x=x)


def defaults_of(exercise: Exercise) -> dict[str, Any]:
    """Return the optional parameters of the reference and their defaults."""
    parameters = inspect.signature(exercise.reference).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def unchanged(before: Arguments, after: Arguments) -> bool:
    """Return whether two sets of arguments are the same, bit for bit."""
    return set(before) == set(after) and all(
        before[name] is after[name] or same(plain(before[name]), plain(after[name]))
        for name in before
    )


def is_array(value: object) -> bool:
    """Return whether a value is a NumPy array or a torch tensor."""
    return isinstance(value, np.ndarray) or is_tensor(value)


def kind_of(array: Any) -> str:
    """Return NumPy's letter for the kind of an array's or tensor's numbers, such as "f" or "i"."""
    return (array.numpy() if is_tensor(array) else array).dtype.kind


def is_float(leaf: object) -> bool:
    """Return whether a leaf is a float or an array of floats."""
    return isinstance(leaf, float) or is_array(leaf) and kind_of(leaf) == "f"


def is_number(leaf: object) -> bool:
    """Return whether a leaf is a number, but not a bool, or an array of numbers."""
    if is_array(leaf):
        return kind_of(leaf) in "fiu"
    return isinstance(leaf, (int, float)) and not isinstance(leaf, bool)


def is_negative(leaf: Any) -> bool:
    """Return whether some number of a leaf is below 0."""
    return is_number(leaf) and bool(np.any(np.asarray(leaf) < 0))


def is_finite(leaf: Any) -> bool:
    """Return whether a leaf has no NaN and no infinity."""
    return not is_float(leaf) or bool(np.all(np.isfinite(np.asarray(leaf))))


def is_row(value: Any) -> bool:
    """Return whether a value is a vector of numbers, or a list of numbers or of texts."""
    if is_array(value):
        return value.ndim == 1 and kind_of(value) in "fiu"
    if not isinstance(value, list):
        return False
    numbers = all(isinstance(item, (int, float)) for item in value)
    return numbers or all(isinstance(item, str) for item in value)


def is_discrete(row: Any) -> bool:
    """Return whether a row holds whole numbers or texts, among which repeats are likely."""
    if is_array(row):
        return kind_of(row) in "iu"
    return all(isinstance(item, (int, str)) for item in row)


def like(array: Any, values: np.ndarray) -> Any:
    """Convert NumPy values to an array or tensor of the same library and dtype as `array`."""
    if is_tensor(array):
        import torch

        return torch.from_numpy(np.array(values)).to(array.dtype)
    return np.asarray(values, dtype=array.dtype)


def on_array(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Any], Any]:
    """Turn a change of NumPy arrays into one of arrays and tensors alike."""
    return lambda array: like(array, change(array.numpy() if is_tensor(array) else array))


def leaves(value: Any) -> Iterator[Any]:
    """Yield the arrays, numbers and texts in a value, opening lists and dicts."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def map_leaves(change: Callable[[Any], Any], value: Any) -> Any:
    """Return the same structure with every leaf changed."""
    if isinstance(value, Mapping):
        return {key: map_leaves(change, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map_leaves(change, item) for item in value)
    return change(value)


def lengths(arguments: Arguments) -> dict[Axis, int]:
    """Return the length of every axis of every argument that has axes."""
    found: dict[Axis, int] = {}
    for name, value in arguments.items():
        shape = np.shape(value) if is_array(value) else ()
        if isinstance(value, (list, tuple)):
            shape = (len(value),)
        found |= {(name, axis): length for axis, length in enumerate(shape)}
    return found


def linked_axes(rows: Sequence[Arguments]) -> list[tuple[Axis, ...]]:
    """Group the axes that have equal lengths in every row, such as the batch of `x` and of `y`.

    An argument whose rank varies, or that is not always given, is left out.
    """
    ranks: dict[str, set[int]] = {}
    for row in rows:
        found = lengths(row)
        for name in {name for found_row in rows for name in found_row}:
            ranks.setdefault(name, set()).add(sum(axis[0] == name for axis in found))
    groups: dict[tuple[int, ...], list[Axis]] = {}
    measured = [lengths(row) for row in rows]
    for axis in measured[0] if measured else ():
        if len(ranks[axis[0]]) == 1:
            groups.setdefault(tuple(found[axis] for found in measured), []).append(axis)
    return [tuple(group) for group in groups.values()]


def resize(value: Any, axis: int, length: int) -> Any:
    """Cut an array, list or tuple to a length, or fill it up by repeating it from the start."""
    size = len(value) if isinstance(value, (list, tuple)) else value.shape[axis]
    return take(value, axis, [index % size for index in range(length)] if size else [])


def take(value: Any, axis: int, indices: Sequence[int]) -> Any:
    """Return the items of an array, list or tuple at these positions of one axis."""
    if isinstance(value, (list, tuple)):
        return type(value)(value[index] for index in indices)
    return on_array(lambda array: np.take(array, np.asarray(indices, dtype=int), axis=axis))(value)


def _bind(exercise: Exercise, case: Case) -> inspect.BoundArguments:
    return inspect.signature(exercise.reference).bind(*case.args, **case.kwargs)
