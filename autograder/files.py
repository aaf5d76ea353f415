"""Reading and copying files that a submission, or its process, may have tampered with."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

MAX_FILES_BYTES = 100 * 2**20
"""Of all files that are copied beside a notebook."""


def copy_files(folders: Iterable[Path], target: Path, max_bytes: int = MAX_FILES_BYTES) -> None:
    """Copies ordinary files other than notebooks; where two folders clash, the first one counts.

    Links, what cannot be read and what is beyond `max_bytes` stay behind.
    """
    left = max_bytes
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            copy = target / path.relative_to(folder)
            if path.is_symlink() or not path.is_file() or path.suffix == ".ipynb" or copy.exists():
                continue
            left -= path.stat().st_size
            if left < 0:
                return
            with contextlib.suppress(OSError):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)


def read_file(path: Path, max_bytes: int) -> bytes:
    """The bytes of a file that the learner's process wrote. Raises ValueError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ValueError("no answer came back") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("the answer is not an ordinary file")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"the answer has more than {max_bytes / 2**20:.0f} MiB")
    return data
