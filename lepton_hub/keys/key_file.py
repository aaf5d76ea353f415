"""The file that holds the hub's keys: made once, readable by its owner alone, replaced whole."""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from pathlib import Path

KEY_BYTES = 32
_NOTE = "Whoever has this file can read every blob of the hub; without it nobody can. Back it up."


class KeyFileError(Exception):
    """The key file cannot be used as it is."""


def read_key_file(path: Path) -> dict[int, bytes]:
    """Return the keys, by generation.

    Raises KeyFileError when others may read the file, or when it holds no valid keys. The
    message never quotes the file.
    """
    descriptor = os.open(path, os.O_RDONLY)
    with open(descriptor, encoding="ascii", errors="replace") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise KeyFileError(f"{path} is open to others. Run: chmod 600 {path}")
        text = file.read()
    try:
        encoded = json.loads(text)["keys"]
        keys = {
            int(number): base64.b64decode(key, validate=True) for number, key in encoded.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise KeyFileError(f"{path} is not a key file of the hub, or is damaged") from None
    if not keys or min(keys) < 1 or {len(key) for key in keys.values()} != {KEY_BYTES}:
        raise KeyFileError(f"{path} holds no key, or one of the wrong length")
    return keys


def create_key_file(path: Path) -> None:
    """Make the file with one new key, unless it is there. Two processes may try at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = _write_beside(path, {1: secrets.token_bytes(KEY_BYTES)})
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()
    _sync_folder(path.parent)


def replace_key_file(path: Path, keys: dict[int, bytes]) -> None:
    """Replace the file's keys in one step, durably."""
    os.replace(_write_beside(path, keys), path)
    _sync_folder(path.parent)


def _write_beside(path: Path, keys: dict[int, bytes]) -> Path:
    encoded = {str(number): base64.b64encode(key).decode() for number, key in keys.items()}
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        json.dump({"note": _NOTE, "keys": encoded}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return partial


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
