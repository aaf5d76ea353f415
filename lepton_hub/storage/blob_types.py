"""What the storage returns and raises."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Blob:
    """A content that is stored: its SHA-256 in hexadecimal digits, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class StoredBlob(Blob):
    """A blob as the store lists it; written: when it was last handed in, in Unix seconds."""

    written: float


@dataclass(frozen=True)
class Sweeping:
    """What a sweep did.

    removed: how many files. spared: how many data files no envelope that opens names, but one that
        is damaged may. damaged: what is to be said of those, or "".
    """

    removed: int
    spared: int = 0
    damaged: str = ""


class StorageError(Exception):
    """The storage cannot do what was asked."""


class StorageUnavailable(StorageError):
    """The place of the contents cannot be reached, refuses, or fails; it may be better soon.

    Whether what was asked has been done is not known: asked again, it is done once.
    """


class WrongStoreKeys(StorageError):
    """The store was written with keys that this key ring does not have."""


class BlobMissing(StorageError):
    """No blob has this SHA-256."""


class BlobDamaged(StorageError):
    """What is stored was changed, cut, or exchanged: it cannot be what was written."""


class HashMismatch(StorageError):
    """The content has another SHA-256 than was announced."""

    def __init__(self, announced: str, found: str) -> None:
        super().__init__(f"The content's SHA-256 is {found}, not {announced} as announced")
        self.announced = announced
        self.found = found


class OffsetMismatch(StorageError):
    """An upload goes on at another offset than was given; `reached` is where."""

    def __init__(self, given: int, reached: int) -> None:
        super().__init__(f"The upload resumes at byte {reached}, not at byte {given}")
        self.given = given
        self.reached = reached


class UploadMissing(StorageError):
    """No upload has this id: it never began, was cancelled, or has expired."""
