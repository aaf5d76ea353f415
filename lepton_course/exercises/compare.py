"""Compare what was observed with what was expected.

A comparison answers two questions. `differences` lists, as data, how a value differs from the
right one; it is empty when the value is right. `alike` decides whether two answers, right or
wrong, are the same answer; the diagnosis relies on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from lepton_course.exercises.differences import (
    Confusion,
    Difference,
    TooFewRight,
    WrongDtype,
    WrongElements,
    WrongItems,
    WrongKeys,
    WrongKind,
    WrongLength,
    WrongShape,
    WrongValue,
    kind_of,
)
from lepton_course.exercises.values import Opaque, Plain, is_tensor

Differences = tuple[Difference, ...]


@dataclass(frozen=True)
class Comparison:
    """Base of all comparisons; `kind` names it in compiled checks."""

    kind: ClassVar[str] = ""
    registry: ClassVar[dict[str, type[Comparison]]] = {}

    def __init_subclass__(cls) -> None:
        Comparison.registry[cls.kind] = cls

    def differences(self, value: Plain, expected: Plain) -> Differences:
        """Return how `value` differs from `expected`; empty when it is right."""
        raise NotImplementedError

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        """Return whether `value` and `other` are the same answer to a case."""
        return not self.differences(value, other)


@dataclass(frozen=True)
class Close(Comparison):
    """Equal structure, kinds and shapes; numbers equal within `atol + rtol * |expected|`.

    same_dtype: arrays must also have the very dtype that is expected. Without it any width will
    do, and signed and unsigned integers are one kind.
    """

    rtol: float = 1e-5
    atol: float = 1e-6
    same_dtype: bool = False
    kind: ClassVar[str] = "close"

    def differences(self, value: Plain, expected: Plain) -> Differences:
        return tuple(_differences(value, expected, self))

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        if type(expected) is float and type(other) is int:
            other = float(other)  # where a float is asked for, 6 and 6.0 are the same mistake
        return self.agrees(value, other)

    def agrees(self, value: Plain, expected: Plain) -> bool:
        """Return whether nothing differs; stops at the first difference."""
        return _agree(value, expected, self)

    def equal(self, value: Plain, expected: Plain) -> Any:
        """Return where numbers, texts or arrays of them are equal; NaN equals NaN."""
        value, expected = np.asarray(value), np.asarray(expected)
        kinds = {value.dtype.kind, expected.dtype.kind}
        if kinds & {"b", "U"}:
            return np.equal(value, expected)
        if kinds <= {"f", "i", "u"} and np.isfinite(expected).all():  # as isclose does, but faster
            expected = expected.astype(np.result_type(expected, 1.0), copy=False)
            with np.errstate(over="ignore", invalid="ignore"):
                return np.abs(value - expected) <= self.atol + self.rtol * np.abs(expected)
        return np.isclose(value, expected, rtol=self.rtol, atol=self.atol, equal_nan=True)


@dataclass(frozen=True)
class Accuracy(Comparison):
    """Predicted labels against hidden ones: the fraction of right labels is at least `at_least`.

    Two answers are alike when their shapes and kinds agree, their fractions of right labels differ
    by at most `tolerance`, and both or neither give one label to all. Of a single label, right or
    wrong, the fraction tells nothing.
    """

    at_least: float
    tolerance: float = 0.05
    kind: ClassVar[str] = "accuracy"

    def differences(self, value: Plain, expected: Plain) -> Differences:
        form = _form_difference(value, expected)
        if form:
            return (form,)
        share = _share_equal(value, expected)
        if share >= self.at_least:
            return ()
        return (TooFewRight(share, self.at_least, _most_frequent_confusion(value, expected)),)

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        form, other_form = _form_difference(value, expected), _form_difference(other, expected)
        if form or other_form:
            return form == other_form  # both are wrong in the same form
        if as_array(expected).size == 1:
            return True
        if _is_constant(value) != _is_constant(other):
            return False
        return abs(_share_equal(value, expected) - _share_equal(other, expected)) <= self.tolerance

    def errors(self, value: Plain, other: Plain, expected: Plain) -> tuple[int, int] | None:
        """Return the numbers of wrong labels that two answers share, and that either of them has.

        A wrong label is shared where both give it. None when an answer's form is wrong.
        """
        if _form_difference(value, expected) or _form_difference(other, expected):
            return None
        a, b, right = as_array(value), as_array(other), as_array(expected)
        shared = (a == b) & (a != right)
        either = (a != right) | (b != right)
        return int(shared.sum()), int(either.sum())


def close(rtol: float = 1e-5, atol: float = 1e-6) -> Close:
    """Compare numbers within `atol + rtol * |expected|`; see `Close`."""
    return Close(rtol, atol)


def exact(same_dtype: bool = False) -> Close:
    """Compare numbers to the last bit; see `Close`."""
    return Close(0.0, 0.0, same_dtype)


def accuracy(at_least: float, tolerance: float = 0.05) -> Accuracy:
    """Require a fraction of right labels of at least `at_least`; see `Accuracy`."""
    return Accuracy(at_least, tolerance)


def comparison_to_tree(comparison: Comparison) -> dict[str, Plain]:
    """Return the comparison as plain data."""
    return {"kind": comparison.kind, **asdict(comparison)}


def comparison_from_tree(tree: dict[str, Plain]) -> Comparison:
    """Rebuild the comparison that `comparison_to_tree` described."""
    options = dict(tree)
    return Comparison.registry[options.pop("kind")](**options)


def whole_numbers(value: Plain, expected: Plain) -> Plain:
    """Return `value` with integral floats turned into ints where `expected` has ints."""
    if type(expected) is int and type(value) is float and value.is_integer():
        return int(value)
    several = isinstance(expected, (list, tuple)) and isinstance(value, (list, tuple))
    if several and len(value) == len(expected):
        return type(value)(map(whole_numbers, value, expected))
    return value


def _differences(value: Plain, expected: Plain, close: Close) -> Iterator[Difference]:
    if isinstance(expected, Opaque):
        if not isinstance(value, Opaque) or value.kind != expected.kind:
            yield _wrong_kind(value, expected)
    elif is_tensor(expected) or isinstance(expected, np.ndarray):
        yield from _array_differences(value, expected, close)
    elif isinstance(expected, (list, tuple)):
        yield from _sequence_differences(value, expected, close)
    elif isinstance(expected, dict):
        yield from _dict_differences(value, expected, close)
    elif type(expected) is float and type(value) in (int, float):
        if not close.equal(_as_float(value), expected):
            yield WrongValue(expected, value)
    elif type(value) is not type(expected):
        yield _wrong_kind(value, expected)
    elif value != expected:
        yield WrongValue(expected, value)


def _agree(value: Plain, expected: Plain, close: Close) -> bool:
    """Return whether there are no differences, without describing the first one."""
    if is_tensor(expected) or isinstance(expected, np.ndarray):
        form = _form_difference(value, expected, close.same_dtype)
        return form is None and bool(np.all(close.equal(as_array(value), as_array(expected))))
    if isinstance(expected, (list, tuple)):
        if not isinstance(value, (list, tuple)) or len(value) != len(expected):
            return False
        return all(_agree(a, b, close) for a, b in zip(value, expected, strict=True))
    if isinstance(expected, dict):
        if not isinstance(value, dict) or set(value) != set(expected):
            return False
        return all(_agree(value[key], expected[key], close) for key in expected)
    return next(_differences(value, expected, close), None) is None


def _as_float(number: int | float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _wrong_kind(value: Plain, expected: Plain) -> WrongKind:
    scalar = value if type(value) in (bool, int, float, str) else None
    return WrongKind(kind_of(expected), kind_of(value), scalar)


def _form_difference(value: Plain, expected: Plain, same_dtype: bool = False) -> Difference | None:
    """Return a difference in kind, shape or dtype kind (or dtype), if there is one."""
    is_array = is_tensor(value) or isinstance(value, np.ndarray)
    if is_tensor(value) != is_tensor(expected) or not is_array:
        return _wrong_kind(value, expected)
    a, b = as_array(value), as_array(expected)
    if a.shape != b.shape:
        return WrongShape(b.shape, a.shape)
    if _dtype_kind(a) != _dtype_kind(b) or same_dtype and a.dtype != b.dtype:
        return WrongDtype(_dtype_name(b), _dtype_name(a))
    return None


def _array_differences(value: Plain, expected: Plain, close: Close) -> Iterator[Difference]:
    form = _form_difference(value, expected, close.same_dtype)
    if form:
        yield form
        return
    a, b = as_array(value), as_array(expected)
    wrong = ~close.equal(a, b)
    if not wrong.any():
        return
    if a.ndim == 0:
        yield WrongValue(b.item(), a.item())
        return
    index = tuple(int(i) for i in np.unravel_index(np.argmax(wrong), wrong.shape))
    first = b[index].item(), a[index].item()
    yield WrongElements(index, *first, nearly=_nearly(a, b), mask=wrong)


def _sequence_differences(value: Plain, expected: Plain, close: Close) -> Iterator[Difference]:
    if not isinstance(value, (list, tuple)):
        yield _wrong_kind(value, expected)
        return
    if len(value) != len(expected):
        yield WrongLength(expected, value)
        return
    items = (_differences(a, b, close) for a, b in zip(value, expected, strict=True))
    found = (d.inside(index) for index, item in enumerate(items) for d in item)
    kinds = {type(item) for item in expected}
    if len(kinds) != 1 or not kinds <= {bool, int, float, str}:
        yield from found
        return
    listed = list(found)
    if listed and all(isinstance(difference, WrongValue) for difference in listed):
        wrong = {difference.where[0] for difference in listed}
        yield WrongItems(expected, value, tuple(index in wrong for index in range(len(value))))
    else:
        yield from listed


def _dict_differences(value: Plain, expected: Plain, close: Close) -> Iterator[Difference]:
    if not isinstance(value, dict):
        yield _wrong_kind(value, expected)
    elif set(value) != set(expected):
        yield WrongKeys(tuple(sorted(expected)), tuple(sorted(value)))
    else:
        for key in expected:
            for difference in _differences(value[key], expected[key], close):
                yield difference.inside(key)


def _nearly(a: np.ndarray, b: np.ndarray) -> bool:
    near = a.dtype.kind == "f" and np.all(np.isclose(a, b, rtol=0.01, atol=0.0, equal_nan=True))
    return bool(near)


def as_array(value: Plain) -> np.ndarray:
    """Return an array or tensor as an array."""
    return value.numpy() if is_tensor(value) else value


def _dtype_name(array: np.ndarray) -> str:
    """Return the dtype's name; strings of any length are "text" (NumPy says <U9)."""
    return "text" if array.dtype.kind == "U" else str(array.dtype)


def _dtype_kind(array: np.ndarray) -> str:
    return {"u": "i"}.get(array.dtype.kind, array.dtype.kind)


def _is_constant(labels: Plain) -> bool:
    """Whether an array of labels gives the same one to all.

    NumPy's `unique` hashes numbers, and anybody can find numbers of one hash.
    """
    array = as_array(labels)
    if not array.size:
        return False
    first = np.full_like(array, array.flat[0])
    return np.array_equal(array, first, equal_nan=array.dtype.kind in "fc")


def _most_frequent_confusion(value: Plain, expected: Plain) -> Confusion | None:
    """Return the most frequent pair of a wrong label and the right one, if it occurs repeatedly."""
    a, b = as_array(value), as_array(expected)
    if not {a.dtype.kind, b.dtype.kind} <= set("biu"):
        return None
    wrong = np.stack([b[a != b], a[a != b]]).astype(np.int64)
    pairs, counts = np.unique(wrong, axis=1, return_counts=True)
    if counts.max(initial=0) < 2:
        return None
    right, predicted = pairs[:, counts.argmax()].tolist()
    return Confusion(right, predicted, int(counts.max()), int((b == right).sum()))


def _share_equal(value: Plain, expected: Plain) -> float:
    a, b = as_array(value), as_array(expected)
    return float(np.mean(a == b)) if a.size else 0.0
