"""A key ring with several generations: the newest seals, each unseals what it sealed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from filelock import FileLock

from lepton_hub.keys.key_file import (
    KEY_BYTES,
    KeyFileError,
    create_key_file,
    read_key_file,
    replace_key_file,
)

__all__ = ["KeyFileError", "KeyRing", "SealBroken", "UnknownGeneration"]

_MAGIC = b"LHK1"
_HEADER = len(_MAGIC) + 4
_NONCE = 12


class SealBroken(Exception):
    """Sealed data was altered, truncated, moved to another context, or sealed with other keys."""


class UnknownGeneration(SealBroken):
    """Sealed data needs a key that this ring does not have, or no longer has."""


class KeyRing:
    """The hub's keys by generation, counted from 1.

    Keys are never shared between purposes: a subkey is derived for each (HKDF-SHA256). A ring
    follows its file, so that a running service uses a new generation as soon as it is added. The
    ring's repr shows no keys, and it cannot be pickled.
    """

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._path: Path | None = None
        self._seen: tuple[int, ...] = ()
        self._take(keys)

    @classmethod
    def load_or_create(cls, path: Path | str) -> KeyRing:
        """Return the ring of a file, created with mode 0600 at the first start.

        Raises KeyFileError, OSError.
        """
        if not Path(path).exists():
            create_key_file(Path(path))
        return cls.load(path)

    @classmethod
    def load(cls, path: Path | str) -> KeyRing:
        """Return the ring of an existing file. Raises KeyFileError, OSError."""
        path = Path(path)
        seen = _signature(path)  # before reading: a file replaced meanwhile is read again
        ring = cls(read_key_file(path))
        ring._path = path
        ring._seen = seen
        return ring

    @classmethod
    def in_memory(cls) -> KeyRing:
        """Return a ring with one new key that is not stored."""
        return cls({1: secrets.token_bytes(KEY_BYTES)})

    @property
    def locks(self) -> str | None:
        """The prefix of lock files beside the key file; None for a ring without a file."""
        return None if self._path is None else str(self._path)

    @property
    def generations(self) -> tuple[int, ...]:
        """All generations, newest first."""
        self._follow_file()
        return tuple(sorted(self._keys, reverse=True))

    @property
    def current(self) -> int:
        """The generation that seals."""
        return self.generations[0]

    def add_generation(self) -> int:
        """Add a new key, which seals from now on; return its number."""
        with self._locked():
            number = self.current + 1
            self._put({**self._keys, number: secrets.token_bytes(KEY_BYTES)})
        return number

    def retire(self, generation: int) -> None:
        """Destroy a key. Anything still sealed with it is lost: rotate everything first.

        Raises ValueError for the newest one.
        """
        with self._locked():
            if generation == self.current:
                raise ValueError("The newest key cannot be retired: add a generation first")
            self._put({n: key for n, key in self._keys.items() if n != generation})

    def derive(self, purpose: str, generation: int | None = None) -> bytes:
        """Return a 32-byte subkey for a purpose, by default of the newest generation."""
        number = self.current if generation is None else generation
        derived = self._derived  # use this one throughout: another thread may add a generation
        found = derived.get((number, purpose))
        if found is None:
            if number not in self._keys:
                self._follow_file()
            key = self._keys.get(number)
            if key is None:
                raise UnknownGeneration(f"The hub's key ring has no key of generation {number}")
            info = b"lepton hub: " + purpose.encode()
            derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info)
            found = derivation.derive(key)
            derived[number, purpose] = found
        return found

    def keyed_name(self, purpose: str, value: str, generation: int) -> str:
        """Return the HMAC of a value as 64 hexadecimal digits."""
        key = self.derive(f"{purpose} names", generation)
        return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()

    def seal(
        self, purpose: str, plaintext: bytes, context: str, generation: int | None = None
    ) -> bytes:
        """Encrypt with a generation, by default the newest; the inverse of `unseal`.

        It can be unsealed only with the same purpose and context. Nonces are random, so one
        generation may seal at most 2**32 times.
        """
        generation = self.current if generation is None else generation
        header = _MAGIC + generation.to_bytes(4, "big")
        nonce = secrets.token_bytes(_NONCE)
        cipher = AESGCM(self.derive(purpose, generation))
        return header + nonce + cipher.encrypt(nonce, plaintext, header + context.encode())

    def unseal(self, purpose: str, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made.

        Raises SealBroken, and UnknownGeneration where its key is not in the ring.
        """
        cipher = AESGCM(self.derive(purpose, generation_of(sealed)))
        header = sealed[:_HEADER]
        nonce = sealed[_HEADER : _HEADER + _NONCE]
        try:
            return cipher.decrypt(nonce, sealed[_HEADER + _NONCE :], header + context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(f"{context} was changed, or sealed with other keys") from None

    def __repr__(self) -> str:
        return f"<KeyRing of generations {', '.join(map(str, self._keys))}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key ring is not pickled")

    def _take(self, keys: dict[int, bytes]) -> None:
        self._keys = dict(sorted(keys.items()))
        self._derived: dict[tuple[int, str], bytes] = {}

    def _follow_file(self) -> None:
        if self._path is None:
            return
        seen = _signature(self._path)
        if seen not in ((), self._seen):  # if the file is lost, this process has the last copy
            self._take(read_key_file(self._path))
            self._seen = seen

    def _put(self, keys: dict[int, bytes]) -> None:
        if self._path is not None:
            replace_key_file(self._path, keys)
            self._seen = _signature(self._path)
        self._take(keys)

    def _locked(self) -> AbstractContextManager[object]:
        return nullcontext() if self._path is None else FileLock(f"{self._path}.lock", mode=0o600)


def generation_of(sealed: bytes) -> int:
    """Return the generation that sealed the data. Raises SealBroken if none did."""
    if len(sealed) < _HEADER + _NONCE or not sealed.startswith(_MAGIC):
        raise SealBroken("This was not sealed by the hub")
    return int.from_bytes(sealed[len(_MAGIC) : _HEADER], "big")


def _signature(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    return status.st_mtime_ns, status.st_ino, status.st_size
