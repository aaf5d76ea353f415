"""Messages between a worker of the hub and its courier: a line of JSON, then bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping

HEADER_LIMIT = 16 << 20
DATA_LIMIT = 16 << 20


def packed(told: Mapping[str, object], data: bytes, **more: object) -> bytes:
    """Return a message."""
    header = {**more, "told": told, "bytes": len(data)}
    return json.dumps(header).encode() + b"\n" + data
