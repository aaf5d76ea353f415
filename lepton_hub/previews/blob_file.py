"""A stored content as a seekable file with a budget of bytes to read."""

from __future__ import annotations

import io

from lepton_hub.storage import BlobStore


class BudgetSpent(Exception):
    """A preview tried to read more of a content than its budget allows."""


class BlobFile(io.RawIOBase):
    """Reads a stored content. Raises BudgetSpent once `budget` bytes have been read."""

    def __init__(self, store: BlobStore, sha256: str, budget: int) -> None:
        self._store, self._sha256, self._left = store, sha256, budget
        self._size = store.size(sha256)
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(0, self._size - self._place))
        if wanted > self._left:
            raise BudgetSpent
        content = b"".join(self._store.read(self._sha256, self._place, self._place + wanted))
        buffer[: len(content)] = content
        self._place += len(content)
        self._left -= len(content)
        return len(content)
