"""Detect pickles, which are refused because opening one runs its author's code."""

from __future__ import annotations

ENDINGS = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".dill")
HEAD = 256
"""The number of leading bytes to examine."""


def is_pickle(path: str, head: bytes) -> bool:
    """Return whether a file is a pickle, judging by its name or first bytes.

    This detects what `pickle` and `torch.save` write by default. It guards against mistakes: a
    determined person can hide a pickle in another kind of file, but it then does not open as a
    pickle.
    """
    return (
        path.lower().endswith(ENDINGS)
        or (
            len(head) > 2
            and head[:1] == b"\x80"
            and head[1:2] in b"\x02\x03\x04\x05"
            and head[2:3] in b"}](c\x95"
        )
        or (head.startswith(b"PK\x03\x04") and b"data.pkl" in head)
        or (head.startswith(b"\x93NUMPY") and b"'|O" in head)
    )
