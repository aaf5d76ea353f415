"""Comparisons: does what was seen agree with what was expected?

A comparison answers two questions. `difference` says in one sentence how a value differs from
the right one, or None when it is right. `alike` says whether two answers, right or wrong, are
the same answer; the diagnosis rests on it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from lepton_course.exercises.values import Opaque, Plain, is_tensor


@dataclass(frozen=True)
class Comparison:
    """Base of all comparisons; `kind` names it in compiled checks."""

    kind: ClassVar[str] = ""
    registry: ClassVar[dict[str, type[Comparison]]] = {}

    def __init_subclass__(cls) -> None:
        Comparison.registry[cls.kind] = cls

    def difference(self, value: Plain, expected: Plain) -> str | None:
        """How `value` differs from `expected`, or None when it is right."""
        raise NotImplementedError

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        """Whether `value` and `other` are the same answer to a case."""
        return self.difference(value, other) is None


@dataclass(frozen=True)
class Close(Comparison):
    """Equal structure, kinds and shapes; numbers equal within `atol + rtol * |expected|`."""

    rtol: float = 1e-5
    atol: float = 1e-6
    kind: ClassVar[str] = "close"

    def difference(self, value: Plain, expected: Plain) -> str | None:
        return _difference(value, expected, self.rtol, self.atol)

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        if type(expected) is float and type(other) is int:
            other = float(other)  # where a float is asked for, 6 and 6.0 are the same mistake
        return self.difference(value, other) is None


@dataclass(frozen=True)
class Accuracy(Comparison):
    """Predicted labels against hidden ones: the share of equal labels is at least `at_least`.

    Two answers are alike when their shapes and kinds agree and their shares of right labels
    differ by at most `tolerance`.
    """

    at_least: float
    tolerance: float = 0.05
    kind: ClassVar[str] = "accuracy"

    def difference(self, value: Plain, expected: Plain) -> str | None:
        problem = _array_form(value, expected)
        if problem:
            return problem
        share = _share_equal(value, expected)
        if share >= self.at_least:
            return None
        return f"{share:.1%} of the labels are right; at least {self.at_least:.0%} are needed"

    def alike(self, value: Plain, other: Plain, expected: Plain) -> bool:
        form, other_form = _array_form(value, expected), _array_form(other, expected)
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


def describe(value: Plain, limit: int = 70) -> str:
    """A short text for a value: small ones whole, large arrays by shape and dtype."""
    if isinstance(value, Opaque):
        return kind_name(value)
    if is_tensor(value):
        return "tensor " + describe(value.numpy(), limit)
    if isinstance(value, np.ndarray) and value.size > 1000:  # NumPy would leave out most of it
        return f"of shape {value.shape}, {value.dtype}"
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, separator=", ", suppress_small=True)
        text = re.sub(r"(?<=\[) | (?=[,\]])", "", " ".join(text.split()))
        return text if len(text) <= limit else f"of shape {value.shape}, {value.dtype}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        text = "(" + ", ".join(describe(item, limit) for item in value)
        return text + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return "[" + ", ".join(describe(item, limit) for item in value) + "]"
    return repr(value)


def kind_name(value: Plain) -> str:
    """The kind of a value, in a learner's words."""
    if isinstance(value, Opaque):
        in_words = " " in value.kind  # "an array of objects"; else the name of a type
        return value.kind if in_words else f"an object of type {value.kind}"
    if is_tensor(value):
        return "a torch tensor"
    names = {
        np.ndarray: "a NumPy array",
        type(None): "None",
        bool: "a bool",
        int: "a whole number",
        float: "a float",
        str: "a string",
        list: "a list",
        tuple: "a tuple",
        dict: "a dict",
    }
    return names.get(type(value), type(value).__name__)


def comparison_to_tree(comparison: Comparison) -> dict[str, Plain]:
    """The comparison as plain data."""
    return {"kind": comparison.kind, **asdict(comparison)}


def comparison_from_tree(tree: dict[str, Plain]) -> Comparison:
    """The comparison that `comparison_to_tree` described."""
    options = dict(tree)
    return Comparison.registry[options.pop("kind")](**options)


def _difference(value: Plain, expected: Plain, rtol: float, atol: float) -> str | None:
    if isinstance(expected, Opaque):
        same = isinstance(value, Opaque) and value.kind == expected.kind
        return None if same else f"expected {kind_name(expected)}, got {kind_name(value)}"
    if is_tensor(expected) or isinstance(expected, np.ndarray):
        return _array_difference(value, expected, rtol, atol)
    if isinstance(expected, (list, tuple)):
        return _sequence_difference(value, expected, rtol, atol)
    if isinstance(expected, dict):
        return _dict_difference(value, expected, rtol, atol)
    number = type(expected) is float and type(value) in (int, float)
    if type(value) is not type(expected) and not number:
        detail = f" ({describe(value)})" if type(value) in (bool, int, float, str) else ""
        return f"expected {kind_name(expected)}, got {kind_name(value)}{detail}"
    if type(expected) is float:
        right = _close(float(value), expected, rtol, atol)
    else:
        right = value == expected
    return None if right else f"expected {describe(expected)}, got {describe(value)}"


def _array_form(value: Plain, expected: Plain) -> str | None:
    """Differences in kind, dtype kind and shape."""
    if (
        is_tensor(value) != is_tensor(expected)
        or is_tensor(value) + isinstance(value, np.ndarray) != 1
    ):
        return f"expected {kind_name(expected)}, got {kind_name(value)}"
    a, b = _numpy(value), _numpy(expected)
    if a.shape != b.shape:
        return f"expected shape {b.shape}, got shape {a.shape}"
    if _dtype_kind(a) != _dtype_kind(b):
        return f"expected dtype {_dtype_name(b)}, got dtype {_dtype_name(a)}"
    return None


def _array_difference(value: Plain, expected: Plain, rtol: float, atol: float) -> str | None:
    problem = _array_form(value, expected)
    if problem:
        return problem
    a, b = _numpy(value), _numpy(expected)
    right = _close(a, b, rtol, atol)
    if np.all(right):
        return None
    wrong = np.argwhere(~np.atleast_1d(right))
    if a.ndim == 0:
        return f"expected {describe(b.item())}, got {describe(a.item())}"
    index = tuple(int(i) for i in wrong[0])
    return (
        f"at {list(index)}: expected {describe(b[index].item())}, got {describe(a[index].item())}"
        f" ({len(wrong)} of {a.size} values differ{_nearly(a, b)})"
    )


def _sequence_difference(value: Plain, expected: Plain, rtol: float, atol: float) -> str | None:
    if not isinstance(value, (list, tuple)):
        return f"expected {kind_name(expected)}, got {kind_name(value)}"
    if len(value) != len(expected):
        return (
            f"expected {len(expected)} values {describe(expected)}, "
            f"got {len(value)}: {describe(value)}"
        )
    for index, (a, b) in enumerate(zip(value, expected, strict=True)):
        problem = _difference(a, b, rtol, atol)
        if problem:
            simple = isinstance(b, (bool, int, float, str))
            if simple and all(type(item) is type(b) for item in value):
                return f"expected {describe(expected)}, got {describe(value)}"
            return f"value {index}: {problem}"
    return None


def _dict_difference(value: Plain, expected: Plain, rtol: float, atol: float) -> str | None:
    if not isinstance(value, dict):
        return f"expected {kind_name(expected)}, got {kind_name(value)}"
    if set(value) != set(expected):
        return f"expected the keys {sorted(expected)}, got {sorted(value)}"
    for key in expected:
        problem = _difference(value[key], expected[key], rtol, atol)
        if problem:
            return f"{key!r}: {problem}"
    return None


def _nearly(a: np.ndarray, b: np.ndarray) -> str:
    """A remark on numbers that are all right to about one part in a hundred."""
    near = a.dtype.kind == "f" and np.all(np.isclose(a, b, rtol=0.01, atol=0.0, equal_nan=True))
    return ", all by less than 1 %: is something rounded or approximated?" if near else ""


def _numpy(value: Plain) -> np.ndarray:
    return value.numpy() if is_tensor(value) else value


def _dtype_name(array: np.ndarray) -> str:
    """The dtype in a learner's words: texts of any length are "text" (NumPy says <U9)."""
    return "text" if array.dtype.kind == "U" else str(array.dtype)


def _dtype_kind(array: np.ndarray) -> str:
    return {"u": "i"}.get(array.dtype.kind, array.dtype.kind)


def _close(a: Plain, b: Plain, rtol: float, atol: float) -> Plain:
    if np.asarray(a).dtype.kind in "bU" or np.asarray(b).dtype.kind in "bU":
        return np.equal(a, b)
    return np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)


def _share_equal(value: Plain, expected: Plain) -> float:
    a, b = _numpy(value), _numpy(expected)
    return float(np.mean(a == b)) if a.size else 0.0
