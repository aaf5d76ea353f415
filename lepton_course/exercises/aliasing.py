"""Whether a result is one of the call's own arguments, or shares memory with one.

Runs where the answer lives; what it finds is plain data for the judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lepton_course.exercises.values import MAX_DEPTH, is_tensor


def shared_arguments(
    result: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[int | str]:
    """Positions and names of the arguments that `result` holds or shares memory with.

    Looks inside lists, tuples and dicts on both sides. Numbers, strings and other immutable
    values are never shared.
    """
    mine = list(_mutable(result))
    named: dict[int | str, Any] = {**dict(enumerate(args)), **kwargs}
    return [
        name
        for name, argument in named.items()
        if any(_shared(a, b) for a in mine for b in _mutable(argument))
    ]


def _mutable(value: Any, depth: int = 0) -> Iterator[Any]:
    """Every list, dict, array and tensor in a tree."""
    kind = type(value)
    if kind in (list, dict) or isinstance(value, np.ndarray) or is_tensor(value):
        yield value
    if depth < MAX_DEPTH and kind in (list, tuple, dict):
        for item in value.values() if kind is dict else value:
            yield from _mutable(item, depth + 1)


def _shared(a: Any, b: Any) -> bool:
    if a is b:
        return True
    a, b = _as_array(a), _as_array(b)
    return a is not None and b is not None and bool(np.may_share_memory(a, b))


def _as_array(value: Any) -> np.ndarray | None:
    """An array that lies where the value lies; None for a list or dict."""
    if not is_tensor(value):
        return value if isinstance(value, np.ndarray) else None
    import torch

    if value.layout is not torch.strided or value.device.type != "cpu" or value.is_quantized:
        return None
    flat = value.detach().untyped_storage()
    return torch.tensor([], dtype=torch.uint8).set_(flat).numpy()
