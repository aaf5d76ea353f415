"""Make files in the IDX format."""

import numpy as np


def idx_bytes(array: np.ndarray) -> bytes:
    """Return `array` (uint8) in the IDX format."""
    sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 0x08, array.ndim]) + sizes + array.tobytes()
