"""Read IDX files, the format of MNIST and its relatives, strictly.

An IDX file is big-endian: two zero bytes, one byte for the element type, one for the number of
dimensions, one unsigned 32-bit length per dimension, then the elements in C order.
Format: http://yann.lecun.com/exdb/mnist/ (section "FILE FORMATS").
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

TYPES = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
MAX_BYTES = 1 << 30  # refuse more than 1 GiB: no IDX file of this course comes near


class IdxError(ValueError):
    """The bytes are not a complete, valid IDX file."""


def parse_idx(content: bytes) -> np.ndarray:
    """Return the array in an IDX file's bytes, in native byte order and writable.

    Raises IdxError when the header is wrong, elements are missing or bytes are left over.
    """
    if len(content) < 4:
        raise IdxError(f"too short for an IDX header: {len(content)} bytes, at least 4 needed")
    if content[:2] != b"\0\0":
        raise IdxError(f"not an IDX file: it starts with {content[:4]!r} instead of two zero bytes")
    if content[2] not in TYPES:
        known = ", ".join(f"0x{code:02x}" for code in TYPES)
        raise IdxError(f"unknown element type 0x{content[2]:02x} (known: {known})")
    dtype, ndim = TYPES[content[2]], content[3]
    start = 4 + 4 * ndim
    if ndim == 0 or len(content) < start:
        raise IdxError(f"header cut off: {ndim} dimensions announced in {len(content)} bytes")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", count=ndim, offset=4))
    expected = math.prod(shape) * dtype.itemsize
    found = len(content) - start
    if found != expected:
        what = "truncated" if found < expected else "bytes left over"
        raise IdxError(f"{what}: shape {shape} needs {expected} bytes of data, found {found}")
    array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def gunzip(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the decompressed content of a gzip file, at most `max_bytes` long.

    Raises IdxError when the file is not gzip, is truncated, damaged or larger than allowed.
    """
    try:
        with gzip.open(path) as file:
            content = file.read(max_bytes + 1)
    except EOFError:
        raise IdxError(f"{path.name} is truncated: the gzip stream stops early") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise IdxError(f"{path.name} is not a sound gzip file: {error}") from None
    if len(content) > max_bytes:
        raise IdxError(f"{path.name} is larger than the {max_bytes} bytes expected")
    return content


def read_idx(path: Path) -> np.ndarray:
    """Return the array in a gzip-compressed IDX file. Raises IdxError when it is not valid."""
    return parse_idx(gunzip(path))
