"""Files that are made once, whole or not at all, and that only their owner can read."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def make_secret_file(path: Path, content: bytes) -> None:
    """Make a file, unless it is there. Two processes may try at once, and one may be killed.

    A file that were opened first and written then would stay empty after a kill or on a full disk,
    and an empty secret is one that everybody knows. Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = _write_beside(path, content)
    try:
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink()
    _sync_folder(path.parent)


def replace_secret_file(path: Path, content: bytes) -> None:
    """Replace a file in one step, durably. Raises OSError."""
    os.replace(_write_beside(path, content), path)
    _sync_folder(path.parent)


def _write_beside(path: Path, content: bytes) -> Path:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink()
        raise
    return partial


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
