"""Provide wrong forms of a right result that any answer may have: a list for an array, off by one.

Each function returns a form for `exercise(…, forms=[…])`; the misconception's implementation is
made from the reference. All take these arguments:

    sentence: what the learner is told, in place of the general sentence.
    of: the name of one value, where the exercise returns several (its `returns`). Without it the
        whole result has the form.
    read: where to read on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_course.exercises.model import Misconception
from lepton_course.exercises.values import is_tensor

Change = Callable[[Any], Any]


@dataclass(frozen=True)
class WrongForm:
    """A change to a right result, and the sentence about it; `{what}` is the value's name."""

    name: str
    sentence: str
    change: Change
    of: str = ""
    read: str = ""

    def misconception(self, reference: Any, returns: Sequence[str] = ()) -> Misconception:
        """Return the mistake of giving the reference's result in this form.

        Raises ValueError when `of` is not among `returns`.
        """
        if self.of and self.of not in returns:
            raise ValueError(f"{self.name}: no value {self.of!r} among {list(returns)}")
        name = f"{self.name} ({self.of})" if self.of else self.name
        sentence = self.sentence.replace("{what}", self.of or "result")
        index = list(returns).index(self.of) if self.of else None
        return Misconception(name, _changed(reference, self.change, index), sentence, self.read)


def _changed(reference: Any, change: Change, index: int | None) -> Any:
    if not callable(reference):
        return change(reference)

    def mistaken(*args: Any, **kwargs: Any) -> Any:
        result = reference(*args, **kwargs)
        if index is None:
            return change(result)
        return (*result[:index], change(result[index]), *result[index + 1 :])

    return mistaken


def _form(name: str, general: str, change: Change) -> Callable[..., WrongForm]:
    def form(sentence: str = "", *, of: str = "", read: str = "") -> WrongForm:
        return WrongForm(name, sentence or general, change, of, read)

    return form


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or is_tensor(value)


def _each(change: Change) -> Change:
    """Apply a change to each value of a tuple, list or dict, at any depth."""

    def deep(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(deep(item) for item in value)
        if isinstance(value, dict):
            return {key: deep(item) for key, item in value.items()}
        return change(value)

    return deep


def _cast(kind: type) -> Change:
    def cast(value: Any) -> Any:
        if is_tensor(value):
            value = value.numpy()
        if not isinstance(value, np.ndarray | np.generic):
            return kind(value)
        with np.errstate(invalid="ignore", over="ignore"):  # NaN has no int, 1e300 no float32
            return value.astype(kind)

    return _each(cast)


def _to_lists(value: Any) -> Any:
    if isinstance(value, tuple) and not any(map(_is_array, value)):
        return list(value)
    return _each(lambda item: item.tolist() if _is_array(item) else item)(value)


def _to_tensors(value: Any) -> Any:
    import torch

    return _each(torch.tensor)(value)


# --- containers ---------------------------------------------------------------------------------

as_list = _form(
    "list",
    "The numbers in your {what} are right, but they are in a list: end with np.array(…), or "
    "tuple(…) where a tuple is asked for.",
    _to_lists,
)
as_array = _form(
    "array",
    "The numbers in your {what} are right, but they are in a NumPy array: end with .tolist(), "
    "or .item() for a single number.",
    np.asarray,
)
as_tensor = _form(
    "tensor",
    "The numbers in your {what} are right, but in a torch tensor: end with .numpy(), or .item() "
    "for a single number.",
    _to_tensors,
)
as_text = _form(
    "in quotes", "Your {what} is right, but the quotes make it a string: leave them out.", str
)

in_array = _form(
    "array of one",
    "Your {what} is right, but wrapped in an array of shape (1,): a single number is asked for.",
    _each(lambda value: np.array([value])),
)

# --- number types -------------------------------------------------------------------------------

as_int = _form(
    "whole numbers",
    "The numbers in your {what} are truncated to whole numbers: keep them as floats, and look for "
    "astype(int), int(…), // or an array made of ints.",
    _cast(int),
)
as_float = _form(
    "floats",
    "The numbers in your {what} are right, but floats: whole numbers are asked for, so use // or "
    "end with int(…), or astype(int) for an array.",
    _cast(float),
)
as_float32 = _form(
    "float32",
    "The numbers in your {what} are right, but in float32: keep the 64 bits that NumPy gives.",
    _cast(np.float32),
)
as_bool = _form(
    "true and false",
    "Your {what} is True and False where numbers are asked for: end with int(…), or astype(int) "
    "for an array.",
    _cast(bool),
)


def rounded(digits: int = 0, sentence: str = "", *, of: str = "", read: str = "") -> WrongForm:
    """Round each number to `digits` decimals."""
    general = "The numbers in your {what} are rounded: return all digits."
    change = _each(
        lambda value: np.round(value, digits) if _is_array(value) else round(value, digits)
    )
    return WrongForm(f"rounded to {digits}", sentence or general, change, of, read)


# --- order and axes -----------------------------------------------------------------------------

transposed = _form(
    "transposed",
    "The numbers in your {what} are right, but its rows and columns are exchanged: end with .T.",
    lambda value: value.T,
)
reversed_order = _form(
    "other way round",
    "The numbers in your {what} are right, but in reverse order: begin at the other end.",
    lambda value: value[::-1],
)
as_column = _form(
    "column",
    "The numbers in your {what} are right, but they form a column of shape (N, 1): return "
    "shape (N,), without the last axis.",
    lambda value: value[:, None],
)
flattened = _form(
    "flattened",
    "The numbers in your {what} are right, but flattened into one row: keep its axes.",
    lambda value: value.ravel(),
)
first_missing = _form(
    "first missing",
    "The first entry of your {what} is missing: look at where the loop begins.",
    lambda value: value[1:],
)
last_missing = _form(
    "last missing",
    "The last entry of your {what} is missing: look at where the loop ends.",
    lambda value: value[:-1],
)


def columns_exchanged(
    i: int, j: int, sentence: str = "", *, of: str = "", read: str = ""
) -> WrongForm:
    """Swap two columns (positions along the last axis, counted from 0)."""

    def change(value: Any) -> Any:
        order = list(range(value.shape[-1]))
        order[i], order[j] = j, i
        return value[..., order]

    general = f"The columns {i} and {j} of your {{what}} (counted from 0) are swapped."
    return WrongForm(f"columns {i} and {j} exchanged", sentence or general, change, of, read)


def tuple_order(order: Sequence[int], sentence: str = "", *, read: str = "") -> WrongForm:
    """Reorder the values of the result: `tuple_order((1, 0))` returns the second first."""
    general = "Your values are right, but in the wrong order: return them as the statement says."
    return WrongForm(
        "values in the order " + ", ".join(map(str, order)),
        sentence or general,
        lambda value: tuple(value[index] for index in order),
        read=read,
    )


def only_value(index: int, sentence: str = "", *, of: str = "", read: str = "") -> WrongForm:
    """Keep one value, or one entry of a list, where several are asked for."""
    general = "Your {what} is one of several values that are asked for: return all of them."
    return WrongForm(
        f"value {index} only", sentence or general, lambda value: value[index], of, read
    )


# --- values -------------------------------------------------------------------------------------

one_too_many = _form(
    "one too many",
    "Each number of your {what} is one too large: look at where the counting begins and ends.",
    _each(lambda value: value + 1),
)
one_too_few = _form(
    "one too few",
    "Each number of your {what} is one too small: look at where the counting begins and ends.",
    _each(lambda value: value - 1),
)
negated = _form(
    "wrong sign",
    "Your {what} is right but for its sign: look at the order of a difference.",
    _each(lambda value: -value),
)
complement = _form(
    "complement",
    "Your {what} is the complement: the answer is 1 minus it.",
    _each(lambda value: 1 - value),
)
in_percent = _form(
    "percent",
    "Your {what} is in percent: give it as a number from 0 to 1.",
    _each(lambda value: 100 * value),
)
