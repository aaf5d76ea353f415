"""Comparisons: does what was seen agree with what was expected?

A comparison answers two questions. `differences` lists, as data, how a value differs from the
right one; nothing when it is right. `alike` says whether two answers, right or wrong, are the same
answer; the diagnosis rests on it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from lepton_course.exercises.differences import (
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
        """How `value` differs from `expected`; empty when it is right."""
        raise NotImplementedError

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        """Whether `value` and `other` are the same answer to a case."""
        return not self.differences(value, other)


@dataclass(frozen=True)
class Close(Comparison):
    """Equal structure, kinds and shapes; numbers equal within `atol + rtol * |expected|`."""

    rtol: float = 1e-5
    atol: float = 1e-6
    kind: ClassVar[str] = "close"

    def differences(self, value: Plain, expected: Plain) -> Differences:
        return _differences(value, expected, self)

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        if type(expected) is float and type(other) is int:
            other = float(other)  # where a float is asked for, 6 and 6.0 are the same mistake
        return not self.differences(value, other)

    def equal(self, value: Plain, expected: Plain) -> Any:
        """Where numbers, texts or arrays of them are equal; NaN equals NaN."""
        if np.asarray(value).dtype.kind in "bU" or np.asarray(expected).dtype.kind in "bU":
            return np.equal(value, expected)
        return np.isclose(value, expected, rtol=self.rtol, atol=self.atol, equal_nan=True)


@dataclass(frozen=True)
class Accuracy(Comparison):
    """Predicted labels against hidden ones: the share of equal labels is at least `at_least`.

    Two answers are alike when their shapes and kinds agree and their shares of right labels
    differ by at most `tolerance`.
    """

    at_least: float
    tolerance: float = 0.05
    kind: ClassVar[str] = "accuracy"

    def differences(self, value: Plain, expected: Plain) -> Differences:
        form = _form_differences(value, expected)
        if form:
            return form
        share = _share_equal(value, expected)
        return () if share >= self.at_least else (TooFewRight(share, self.at_least),)

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        form, other_form = _form_differences(value, expected), _form_differences(other, expected)
        if form or other_form:
            return form == other_form  # both are wrong in the same form
        return abs(_share_equal(value, expected) - _share_equal(other, expected)) <= self.tolerance


def close(rtol: float = 1e-5, atol: float = 1e-6) -> Close:
    """Numbers equal within `atol + rtol * |expected|`; see `Close`."""
    return Close(rtol, atol)


def exact() -> Close:
    """Numbers equal to the last bit."""
    return Close(0.0, 0.0)


def accuracy(at_least: float, tolerance: float = 0.05) -> Accuracy:
    """A share of right labels of at least `at_least`; see `Accuracy`."""
    return Accuracy(at_least, tolerance)


def comparison_to_tree(comparison: Comparison) -> dict[str, Plain]:
    """The comparison as plain data."""
    return {"kind": comparison.kind, **asdict(comparison)}


def comparison_from_tree(tree: dict[str, Plain]) -> Comparison:
    """The comparison that `comparison_to_tree` described."""
    options = dict(tree)
    return Comparison.registry[options.pop("kind")](**options)


def whole_numbers(value: Plain, expected: Plain) -> Plain:
    """`value` with integral floats read as whole numbers where `expected` has whole numbers."""
    if type(expected) is int and type(value) is float and value.is_integer():
        return int(value)
    several = isinstance(expected, (list, tuple)) and isinstance(value, (list, tuple))
    if several and len(value) == len(expected):
        return type(value)(map(whole_numbers, value, expected))
    return value


def _differences(value: Plain, expected: Plain, close: Close) -> Differences:
    if isinstance(expected, Opaque):
        same = isinstance(value, Opaque) and value.kind == expected.kind
        return () if same else _wrong_kind(value, expected)
    if is_tensor(expected) or isinstance(expected, np.ndarray):
        return _array_differences(value, expected, close)
    if isinstance(expected, (list, tuple)):
        return _sequence_differences(value, expected, close)
    if isinstance(expected, dict):
        return _dict_differences(value, expected, close)
    number = type(expected) is float and type(value) in (int, float)
    if type(value) is not type(expected) and not number:
        return _wrong_kind(value, expected)
    right = close.equal(_as_float(value), expected) if number else value == expected
    return () if right else (WrongValue(expected, value),)


def _as_float(number: int | float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _wrong_kind(value: Plain, expected: Plain) -> Differences:
    scalar = value if type(value) in (bool, int, float, str) else None
    return (WrongKind(kind_of(expected), kind_of(value), scalar),)


def _form_differences(value: Plain, expected: Plain) -> Differences:
    """Differences in kind, shape and dtype kind."""
    if (
        is_tensor(value) != is_tensor(expected)
        or is_tensor(value) + isinstance(value, np.ndarray) != 1
    ):
        return _wrong_kind(value, expected)
    a, b = as_array(value), as_array(expected)
    if a.shape != b.shape:
        return (WrongShape(b.shape, a.shape),)
    if _dtype_kind(a) != _dtype_kind(b):
        return (WrongDtype(_dtype_name(b), _dtype_name(a)),)
    return ()


def _array_differences(value: Plain, expected: Plain, close: Close) -> Differences:
    form = _form_differences(value, expected)
    if form:
        return form
    a, b = as_array(value), as_array(expected)
    right = close.equal(a, b)
    if np.all(right):
        return ()
    if a.ndim == 0:
        return (WrongValue(b.item(), a.item()),)
    index = tuple(int(i) for i in np.argwhere(~right)[0])
    first = b[index].item(), a[index].item()
    return (WrongElements(index, *first, nearly=_nearly(a, b), mask=~right),)


def _sequence_differences(value: Plain, expected: Plain, close: Close) -> Differences:
    if not isinstance(value, (list, tuple)):
        return _wrong_kind(value, expected)
    if len(value) != len(expected):
        return (WrongLength(expected, value),)
    items = [_differences(a, b, close) for a, b in zip(value, expected, strict=True)]
    found = tuple(d.inside(index) for index, item in enumerate(items) for d in item)
    scalars = len({type(b) for b in expected}) == 1 and type(expected[0]) in (bool, int, float, str)
    if found and scalars and all(isinstance(d, WrongValue) for d in found):
        return (WrongItems(expected, value, tuple(map(bool, items))),)
    return found


def _dict_differences(value: Plain, expected: Plain, close: Close) -> Differences:
    if not isinstance(value, dict):
        return _wrong_kind(value, expected)
    if set(value) != set(expected):
        return (WrongKeys(tuple(sorted(expected)), tuple(sorted(value))),)
    return tuple(
        difference.inside(key)
        for key in expected
        for difference in _differences(value[key], expected[key], close)
    )


def _nearly(a: np.ndarray, b: np.ndarray) -> bool:
    near = a.dtype.kind == "f" and np.all(np.isclose(a, b, rtol=0.01, atol=0.0, equal_nan=True))
    return bool(near)


def as_array(value: Plain) -> np.ndarray:
    """An array or tensor as an array."""
    return value.numpy() if is_tensor(value) else value


def _dtype_name(array: np.ndarray) -> str:
    """The dtype's name: texts of any length are "text" (NumPy says <U9)."""
    return "text" if array.dtype.kind == "U" else str(array.dtype)


def _dtype_kind(array: np.ndarray) -> str:
    return {"u": "i"}.get(array.dtype.kind, array.dtype.kind)


def _share_equal(value: Plain, expected: Plain) -> float:
    a, b = as_array(value), as_array(expected)
    return float(np.mean(a == b)) if a.size else 0.0
