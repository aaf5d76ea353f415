"""Chunked authenticated encryption, with random access to chunks.

This is the construction STREAM of Hoang, Reyhanitabar, Rogaway and Vizár ("Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015). A chunk's nonce holds its
index and whether it is the last one. So altered, reordered, duplicated or dropped chunks do not
decrypt, and neither does the end of a truncated file. The nonces count from 0, hence a key must
encrypt one content only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Piece = bytes | bytearray | memoryview
CHUNK = 256 * 1024
"""Bytes of content in a chunk."""
TAG = 16
"""Bytes of a chunk's authentication tag."""


def nonce(index: int, last: bool) -> bytes:
    """Return the 12 bytes of nonce of a chunk."""
    return index.to_bytes(11, "big") + bytes([last])


def in_chunks(pieces: Iterable[Piece], size: int) -> Iterator[tuple[bytes, bool]]:
    """Split a stream into chunks of `size` bytes; yield each, and whether it is the last one.

    The last one may be shorter. An empty stream has one chunk, which is empty.
    """
    buffer = bytearray()
    for piece in pieces:
        view = memoryview(piece).cast("B")
        while view:
            if len(buffer) == size:
                yield bytes(buffer), False
                buffer.clear()
            taken = size - len(buffer)
            buffer += view[:taken]
            view = view[taken:]
    yield bytes(buffer), True


def encrypted_chunks(key: bytes, pieces: Iterable[Piece], size: int = CHUNK) -> Iterator[bytes]:
    """Encrypt a stream; yield its chunks."""
    cipher = AESGCM(key)
    for index, (chunk, last) in enumerate(in_chunks(pieces, size)):
        yield cipher.encrypt(nonce(index, last), chunk, None)


@dataclass(frozen=True)
class ChunkLayout:
    """The layout of a content of `size` bytes; chunk: bytes of content in each chunk."""

    size: int
    chunk: int = CHUNK

    @property
    def count(self) -> int:
        """The number of chunks, 1 for an empty content."""
        return max(1, -(-self.size // self.chunk))

    @property
    def stored_size(self) -> int:
        """The total size of all encrypted chunks."""
        return self.size + self.count * TAG

    def stored_range(self, first: int, end: int) -> tuple[int, int]:
        """Return the byte range of the encrypted chunks first, …, end - 1."""
        width = self.chunk + TAG
        return first * width, min(end * width, self.stored_size)

    def is_last(self, index: int) -> bool:
        """Return whether a chunk is the last one."""
        return index == self.count - 1
