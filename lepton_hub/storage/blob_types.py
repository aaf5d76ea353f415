"""Types that the storage returns and raises."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Blob:
    """A stored content: its SHA-256 in hexadecimal, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class StoredBlob(Blob):
    """A blob in a listing of the store; written: when it was last written, in Unix seconds."""

    written: float


@dataclass(frozen=True)
class Sweeping:
    """The result of a sweep.

    removed: the number of files removed. spared: the number of data files that no intact envelope
    names, but a damaged one may. damaged: a message about those envelopes, or "".
    """

    removed: int
    spared: int = 0
    damaged: str = ""


class StorageError(Exception):
    """The storage cannot do what was asked."""


class StorageUnavailable(StorageError):
    """The blob store's location is unreachable, refuses access, or fails, perhaps temporarily.

    Whether the operation took effect is unknown; retrying is safe.
    """


class WrongStoreKeys(StorageError):
    """The store was written with keys that this key ring lacks."""


class BlobMissing(StorageError):
    """There is no blob with this SHA-256."""


class BlobDamaged(StorageError):
    """Stored data was altered, truncated or swapped, and fails authentication."""


class HashMismatch(StorageError):
    """The content's SHA-256 is not the one announced."""

    def __init__(self, announced: str, found: str) -> None:
        super().__init__(f"The content's SHA-256 is {found}, not {announced} as announced")
        self.announced = announced
        self.found = found


class OffsetMismatch(StorageError):
    """An upload resumes at a different offset than the one given; `reached` is that offset."""

    def __init__(self, given: int, reached: int) -> None:
        super().__init__(f"The upload resumes at byte {reached}, not at byte {given}")
        self.given = given
        self.reached = reached


class UploadMissing(StorageError):
    """There is no upload with this id: it never existed, was cancelled, or has expired."""
