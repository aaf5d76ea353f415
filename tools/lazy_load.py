"""Read an object from the data folder of an installed R package, without R.

pip install rdata
"""

from __future__ import annotations

import lzma
import zlib
from pathlib import Path

import rdata


def read_lazy(package: Path, name: str):
    """Return the object `name` of an R package's lazy-load database, as `rdata` converts it.

    The .rdx file gives the object's offset and length in the .rdb file. There it follows four bytes
    of length and, unless it is plain zlib, a letter for its compression (Z: xz without a header).
    """
    index = rdata.read_rds(package / "data" / "Rdata.rdx")
    start, length = (int(number) for number in index["variables"][name])
    entry = (package / "data" / "Rdata.rdb").read_bytes()[start : start + length]
    return rdata.conversion.convert(rdata.parser.parse_data(_decompress(entry)))


def _decompress(entry: bytes) -> bytes:
    if entry[4:5] == b"Z":
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
        return lzma.decompress(entry[5:], format=lzma.FORMAT_RAW, filters=filters)
    return zlib.decompress(entry[4:])
