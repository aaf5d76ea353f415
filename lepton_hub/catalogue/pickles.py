"""Files that are refused: whoever opens a pickle runs what its maker wrote."""

from __future__ import annotations

ENDINGS = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".dill")
HEAD = 256
"""How many bytes of a file are looked at."""


def is_pickle(path: str, head: bytes) -> bool:
    """Return whether a file is a pickle, by its name or its first bytes.

    That finds what `pickle` and `torch.save` write by default. It is a guard against mistakes: a
    determined person can hide a pickle in a file of another kind, which opens as no pickle then.
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
