"""Write files readable only by their owner, atomically."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from lepton_hub.folder_sync import sync_folder


def make_once(path: Path, content: bytes) -> None:
    """Create a file unless it exists. Safe if two processes try at once, or one is killed."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = _write_beside(path, content)
    try:
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink()
    sync_folder(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file atomically and durably."""
    os.replace(_write_beside(path, content), path)
    sync_folder(path.parent)


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
