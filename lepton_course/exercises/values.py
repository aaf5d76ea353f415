"""Turn values into plain data, and plain data into bytes.

Everything that passes between an answer and its judge is a tree of None, bool, int, float, str,
list, tuple, dict with string keys, NumPy arrays and torch tensors. `plain` turns whatever an
answer returned into such a tree; anything else in it becomes `Opaque`, a type's name.
`dumps` and `loads` write the tree as one npz file: arrays as they are, the rest as JSON. It holds
no pickle, and `loads` refuses whatever is too large or does not follow the schema. Last, two
comparisons of values: `same`, and `shared_arguments` for memory in common.
"""

from __future__ import annotations

import io
import json
import math
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from lepton_course.untrusted.bounded_json import bounded_json

Plain = Any
"""None, bool, int, float, str, list, tuple, dict, ndarray, torch.Tensor or Opaque."""

MAX_BYTES = 64 * 2**20
MAX_TREE_BYTES = 8 * 2**20
"""Limit on the JSON, since a tree takes much more memory than its text."""
MAX_ARRAYS = 10_000
MAX_NODES = 100_000
MAX_JSON_VALUES = 4 * MAX_NODES
"""A value such as a tuple is written as two."""
MAX_DEPTH = 32
_ARRAY_KINDS = "biufcU"
_MEMBER = b"PK\x01\x02"
"""Start of each entry in a zip file's directory, counted before the directory is read."""


class InvalidValue(ValueError):
    """Bytes that are not a tree of plain values, or are larger than allowed."""


@dataclass(frozen=True)
class Opaque:
    """Stands for an object that is not plain data; `kind` is the name of its type."""

    kind: str


def is_tensor(value: object) -> bool:
    """Return whether `value` is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def plain(value: object, depth: int = 0) -> Plain:
    """Return `value` as a tree of plain values; arrays and tensors are copied to the CPU."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if depth > MAX_DEPTH:
        return Opaque("a structure nested too deeply")
    if kind is list:
        return [plain(item, depth + 1) for item in value]
    if kind is tuple or kind.__name__ == "Size" and isinstance(value, tuple):
        return tuple(plain(item, depth + 1) for item in value)
    if kind is dict and all(type(key) is str for key in value):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (np.floating, Fraction, Decimal)):
        return _plain_number(value)
    if isinstance(value, np.generic):
        return plain(value.item(), depth + 1)
    if kind is np.ndarray:
        return value.copy() if value.dtype.kind in _ARRAY_KINDS else Opaque("an array of objects")
    if is_tensor(value):
        return _plain_tensor(value)
    return Opaque(kind.__name__)


def _plain_number(value: np.floating | Fraction | Decimal) -> Plain:
    """Return a number of another type as a float."""
    try:
        return float(value)
    except (ValueError, OverflowError):  # a signalling NaN; a fraction beyond all floats
        return Opaque(type(value).__name__)


def _plain_tensor(value: Any) -> Plain:
    torch = sys.modules["torch"]
    if type(value) not in (torch.Tensor, torch.nn.Parameter):
        return Opaque(type(value).__name__)
    if value.layout is not torch.strided or value.is_quantized:
        return Opaque("a sparse or quantised tensor")
    copy = value.detach().cpu().clone()
    return copy.float() if copy.dtype is torch.bfloat16 else copy


def opaque_values(value: Plain) -> list[Opaque]:
    """Return all stand-ins for objects that are not plain data, anywhere in the tree."""
    if isinstance(value, Opaque):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [found for item in value for found in opaque_values(item)]
    return []


def dumps(value: Plain) -> bytes:
    """Return the tree as the bytes of an npz file."""
    arrays: list[np.ndarray] = []
    text = json.dumps(_encode(value, arrays), allow_nan=False, separators=(",", ":"))
    members = {f"a{i}": array for i, array in enumerate(arrays)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, tree=np.frombuffer(text.encode(), dtype=np.uint8), **members)
    return buffer.getvalue()


def loads(data: bytes, max_bytes: int = MAX_BYTES, with_arrays: bool = True) -> Plain:
    """Return the tree that `dumps` wrote; without arrays, each is an Opaque and none is unpacked.

    Raises InvalidValue when the data is damaged, does not follow the schema, holds pickled
    objects, or takes more than `max_bytes` when unpacked.
    """
    if len(data) > max_bytes:
        raise InvalidValue(f"{len(data)} bytes, but at most {max_bytes} are allowed")
    if data.count(_MEMBER) > MAX_ARRAYS:
        raise InvalidValue(f"more than {MAX_ARRAYS} arrays")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > max_bytes:
                raise InvalidValue(f"{size} bytes unpacked, but at most {max_bytes} are allowed")
        with np.load(io.BytesIO(data), allow_pickle=False) as members:
            text = members["tree"]
            names = [name for name in members.files if name != "tree"]
            arrays = {name: members[name] for name in names} if with_arrays else None
        if text.nbytes > MAX_TREE_BYTES:
            raise InvalidValue(f"{text.nbytes} bytes of structure; {MAX_TREE_BYTES} are allowed")
        tree = bounded_json(text.tobytes(), MAX_JSON_VALUES)
        return _Decoder(arrays).decode(tree)
    except InvalidValue:
        raise
    except Exception as error:
        raise InvalidValue(f"not a file of plain values: {error}") from error


def _encode(value: Plain, arrays: list[np.ndarray]) -> Any:
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return value if abs(value) < 2**53 else {"int": str(value)}
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if type(value) is list:
        return [_encode(item, arrays) for item in value]
    if type(value) is tuple:
        return {"tuple": [_encode(item, arrays) for item in value]}
    if type(value) is dict:
        return {"dict": [[key, _encode(item, arrays)] for key, item in value.items()]}
    if type(value) is Opaque:
        return {"opaque": value.kind}
    if type(value) is np.ndarray and value.dtype.kind in _ARRAY_KINDS:
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if is_tensor(value):
        arrays.append(value.detach().cpu().numpy())
        return {"tensor": len(arrays) - 1}
    raise InvalidValue(f"a {type(value).__name__} is not plain data")


class _Decoder:
    def __init__(self, arrays: dict[str, np.ndarray] | None) -> None:
        self.arrays = arrays
        self.nodes = 0

    def decode(self, tree: Any, depth: int = 0) -> Plain:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise InvalidValue("too many values, or nested too deeply")
        if tree is None or type(tree) in (bool, int, float, str):
            return tree
        if type(tree) is list:
            return [self.decode(item, depth + 1) for item in tree]
        ((tag, body),) = tree.items()
        if tag == "int":
            return int(body) if len(body) < 100 else Opaque("a very large int")
        if tag == "float":
            return float(body)
        if tag == "tuple":
            return tuple(self.decode(item, depth + 1) for item in body)
        if tag == "dict":
            return {str(key): self.decode(item, depth + 1) for key, item in body}
        if tag == "opaque":
            return Opaque(str(body)[:200])
        if self.arrays is None and tag in ("array", "tensor"):
            return Opaque("an array that was not read")
        if tag == "array":
            return self._array(body)
        if tag == "tensor":
            import torch

            # Not a copy: a tree may name one array any number of times.
            return torch.from_numpy(self._array(body))
        raise InvalidValue(f"unknown kind of value {tag!r}")

    def _array(self, index: Any) -> np.ndarray:
        array = self.arrays[f"a{int(index)}"]
        if array.dtype.kind not in _ARRAY_KINDS:
            raise InvalidValue(f"an array of dtype {array.dtype} is not allowed")
        return array


def shared_arguments(
    result: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[int | str]:
    """Return positions and names of the arguments that `result` holds or shares memory with.

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
    """Yield every list, dict, array and tensor in a tree."""
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
    """Return an array over the value's own memory; None for a list or dict."""
    if not is_tensor(value):
        return value if isinstance(value, np.ndarray) else None
    import torch

    if value.layout is not torch.strided or value.device.type != "cpu" or value.is_quantized:
        return None
    flat = value.detach().untyped_storage()
    return torch.tensor([], dtype=torch.uint8).set_(flat).numpy()


def same(a: Plain, b: Plain) -> bool:
    """Return whether two plain trees are identical, bit for bit (NaN equals NaN)."""
    if type(a) is not type(b):
        return False
    if is_tensor(a):
        a, b = a.numpy(), b.numpy()
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return bool(a == b or a != a and b != b)
