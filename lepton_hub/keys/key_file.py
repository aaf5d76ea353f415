"""The hub's key file: created once, readable only by its owner, replaced atomically."""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from pathlib import Path

from lepton_hub.keys.private_files import make_once, replace_file

KEY_BYTES = 32
_NOTE = (
    "Anybody who has this file can read every blob of the hub; without it, nobody can. Back it up."
)


class KeyFileError(Exception):
    """The key file cannot be used as it is."""


def read_key_file(path: Path) -> dict[int, bytes]:
    """Return the keys, by generation.

    Raises KeyFileError if others may read the file, or if it holds no valid keys. The message never
    quotes the file.
    """
    descriptor = os.open(path, os.O_RDONLY)
    with open(descriptor, encoding="ascii", errors="replace") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise KeyFileError(f"{path} is readable by others. Run: chmod 600 {path}")
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
    """Create the file with one new key unless it exists. Safe if two processes try at once."""
    make_once(path, _written({1: secrets.token_bytes(KEY_BYTES)}))


def replace_key_file(path: Path, keys: dict[int, bytes]) -> None:
    """Replace the file's keys atomically and durably."""
    replace_file(path, _written(keys))


def _written(keys: dict[int, bytes]) -> bytes:
    encoded = {str(number): base64.b64encode(key).decode() for number, key in keys.items()}
    return json.dumps({"note": _NOTE, "keys": encoded}, indent=1).encode("ascii")
