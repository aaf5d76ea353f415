"""The encrypted blob store, which stores each content once."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lepton_hub.keys import KeyRing, SealBroken
from lepton_hub.storage.blob_types import (
    Blob,
    BlobDamaged,
    BlobMissing,
    HashMismatch,
    StoredBlob,
    Sweeping,
    WrongStoreKeys,
)
from lepton_hub.storage.chunk_cipher import CHUNK, TAG, Piece, encrypted_chunks, nonce
from lepton_hub.storage.envelopes import Envelope, Envelopes
from lepton_hub.storage.place_of_url import place_at

_DATA = "data"
_NAME = re.compile(r"/[0-9a-f]{32}-[0-9a-f]{1,16}$")
"""The suffix of data files; any other files are not the hub's."""
_MARKER = "keys-in-use"
"""The file that identifies the keys a store was written with."""
_FETCHED = 16
"""Chunks to read at a time."""
_DAY = 86_400.0


class BlobStore:
    """Contents of any size, encrypted with the hub's keys, in a folder or any fsspec file system.

    Each content's chunks are encrypted with its own random key (`chunk_cipher`), which is sealed
    with the hub's key (`envelopes`). Memory does not grow with a content's size. A store is safe to
    use from several threads and processes at once.
    """

    def __init__(
        self, url: str, keys: KeyRing, *, clock: Callable[[], float] = time.time, chunk: int = CHUNK
    ) -> None:
        """Open a store.

        url: a folder, `file://…`, or a URL of fsspec's. `s3://BUCKET/FOLDER` takes its account from
        the usual variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT).
        chunk: bytes of content in a chunk of new blobs.

        Raises WrongStoreKeys if the store was written with other keys, as when the key file was
        lost and a new one created. Like all methods, raises StorageUnavailable if the store does
        not answer.
        """
        self.place = place_at(url, keys.locks)
        self.clock = clock
        self._chunk = chunk
        self._use(keys)
        self._check_keys()

    def write(self, pieces: Iterable[Piece], *, sha256: str | None = None) -> Blob:
        """Store a content durably, unless it is stored already.

        An existing copy is verified by decrypting it, and rewritten if damaged.

        sha256: the content's expected digest.

        Raises HashMismatch, and whatever `pieces` raises; then nothing is stored.
        """
        digits = secrets.token_hex(16)
        name = f"{_DATA}/{digits[:2]}/{digits}-{int(self.clock()):x}"
        key = secrets.token_bytes(32)
        content = _Measured(pieces)
        with self.place.writing(name) as write:
            for chunk in encrypted_chunks(key, content, self._chunk):
                write(chunk)
            if sha256 not in (None, content.sha256):
                raise HashMismatch(str(sha256), content.sha256)
        blob = Blob(content.sha256, content.size)
        damaged = self._damaged_data(blob.sha256)
        with self.place.exclusive():
            known = self._whole(blob.sha256)
            if known is None or known.data == damaged:
                known = Envelope(blob.sha256, blob.size, key, name, self._chunk, self.clock())
            self._envelopes.put(replace(known, written=self.clock()))
        if known.data != name:
            self.place.delete(name)
        return blob

    def read(self, sha256: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the content's bytes start, …, stop - 1, decrypting only their chunks.

        `stop` may exceed the size. Raises BlobMissing and ValueError at once, and BlobDamaged at
        the first damaged chunk.
        """
        if start < 0 or (stop is not None and stop < start):
            raise ValueError(f"There is no range from {start} to {stop}")
        envelope = self._envelope(sha256)
        return self._read(
            envelope, start, min(envelope.size, envelope.size if stop is None else stop)
        )

    def size(self, sha256: str) -> int:
        """Return the content's size in bytes. Raises BlobMissing."""
        return self._envelope(sha256).size

    def __contains__(self, sha256: object) -> bool:
        return _is_sha256(sha256) and self._envelopes.find(str(sha256)) is not None

    def delete(self, sha256: str) -> None:
        """Destroy a content's key, then its data. Raises BlobMissing.

        A concurrent write of the same content takes effect entirely before or after: what a later
        `write` returns exists.
        """
        with self.place.exclusive():
            try:
                data = self._envelope(sha256).data
            except BlobDamaged:  # its data's name is lost; without a key they are swept up
                data = None
            self._envelopes.delete(sha256)
            if data:
                self.place.delete(data)

    def blobs(self) -> Iterator[StoredBlob]:
        """Yield all stored blobs, in no particular order.

        Damaged envelopes are skipped, and BlobDamaged names them at the end. While `rotate` runs,
        some blobs may be skipped, too.
        """
        for one in self._envelopes.all():
            yield StoredBlob(one.sha256, one.size, one.written)

    def check(self, sha256: str) -> None:
        """Verify a content by reading all of it. Raises BlobDamaged, BlobMissing."""
        found, _ = _measured(self.read(sha256))
        if found != sha256:
            raise BlobDamaged(f"The content stored as {sha256} has the SHA-256 {found}")

    def rotate(self, keys: KeyRing) -> int:
        """Seal each blob's key with the newest generation; return the number resealed.

        Data are not touched, and may be read and written meanwhile. If interrupted, call it again
        to resume. Afterwards no blob needs older generations. Damaged envelopes are skipped, and
        BlobDamaged names them at the end.
        """
        self._use(keys)
        self._mark()
        return self._envelopes.rotate()

    def generations(self) -> Counter[int]:
        """Return the number of blobs sealed with each generation of the hub's key."""
        return self._envelopes.generations()

    def sweep(self, older_than: float = 2 * _DAY) -> Sweeping:
        """Remove what writes killed more than `older_than` seconds ago left behind.

        No write may take that long. A damaged envelope does not name its data, and may be restored
        from a backup: while there is one, unreferenced data are spared.
        """
        now = self.clock()
        left = {
            name
            for folder in self.place.folders(_DATA)
            for name in self.place.names(f"{_DATA}/{folder}")
            if _NAME.search(name) and _begun(name) < now - older_than
        }
        damaged = ""
        try:
            for _ in range(2):  # a rotation may move an envelope out of sight, but only once
                for envelope in self._envelopes.all():
                    left.discard(envelope.data)
        except BlobDamaged as error:
            damaged = str(error)
        removed = self.place.remove_partial(older_than, now)
        if damaged:
            return Sweeping(removed, len(left), damaged)
        for name in left:
            self.place.delete(name)
        return Sweeping(removed + len(left))

    def _use(self, keys: KeyRing) -> None:
        self.keys = keys
        self._envelopes = Envelopes(self.place, keys)

    def _check_keys(self) -> None:
        try:
            self.keys.unseal(_MARKER, self.place.get(_MARKER), _MARKER)
        except FileNotFoundError:
            self._mark()
        except SealBroken:
            raise WrongStoreKeys(
                "The contents were encrypted with other keys: restore their key file"
            ) from None

    def _mark(self) -> None:
        self.place.put(_MARKER, self.keys.seal(_MARKER, b"", _MARKER))

    def _whole(self, sha256: str) -> Envelope | None:
        """Return the envelope of a blob whose data exist, or None."""
        try:
            envelope = self._envelopes.find(sha256)
            whole = envelope and self.place.size(envelope.data) == envelope.layout.stored_size
        except (BlobDamaged, FileNotFoundError):
            return None
        return envelope if whole else None

    def _damaged_data(self, sha256: str) -> str | None:
        """Return the name of a blob's data if they do not decrypt; None if they do or are missing.

        It takes as long as reading the blob, so it runs without a lock.
        """
        envelope = self._whole(sha256)
        if envelope is not None:
            try:
                for _ in self._read(envelope, 0, envelope.size):
                    pass
            except BlobDamaged:
                return envelope.data
            except BlobMissing:
                return None  # deleted meanwhile
        return None

    def _envelope(self, sha256: str) -> Envelope:
        envelope = self._envelopes.find(sha256) if _is_sha256(sha256) else None
        if envelope is None:
            raise BlobMissing(f"There is no blob {sha256}")
        return envelope

    def _read(self, envelope: Envelope, start: int, stop: int) -> Iterator[bytes]:
        if start >= stop and envelope.size:
            return
        first, end = start // envelope.chunk, max(1, -(-stop // envelope.chunk))
        for index in range(first, end, _FETCHED):
            for number, chunk in self._decrypted(envelope, index, min(index + _FETCHED, end)):
                begin = number * envelope.chunk
                piece = chunk[max(0, start - begin) : stop - begin]
                if piece:
                    yield piece

    def _decrypted(self, envelope: Envelope, first: int, end: int) -> Iterator[tuple[int, bytes]]:
        layout, cipher = envelope.layout, AESGCM(envelope.key)
        begin, stop = layout.stored_range(first, end)
        beyond = end == layout.count  # one byte more than expected
        try:
            stored = memoryview(self.place.get(envelope.data, begin, stop + beyond))
        except FileNotFoundError:
            if self._envelopes.find(envelope.sha256) is None:
                raise BlobMissing(f"The blob {envelope.sha256} was deleted") from None
            raise BlobDamaged(f"The data of {envelope.sha256} are gone") from None
        if len(stored) != stop - begin:
            raise BlobDamaged(
                f"The data of {envelope.sha256} were truncated, or extend past their end"
            )
        width = layout.chunk + TAG
        for number in range(first, end):
            sealed = stored[(number - first) * width : (number - first + 1) * width]
            try:
                yield number, cipher.decrypt(nonce(number, layout.is_last(number)), sealed, None)
            except InvalidTag:
                raise BlobDamaged(f"Chunk {number} of {envelope.sha256} was changed") from None


class _Measured:
    """Passes a stream through, computing its SHA-256 and size."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces, self._hash, self.size = pieces, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[Piece]:
        for piece in self._pieces:
            self._hash.update(piece)
            self.size += memoryview(piece).nbytes
            yield piece

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def _measured(pieces: Iterable[Piece]) -> tuple[str, int]:
    content = _Measured(pieces)
    for _ in content:
        pass
    return content.sha256, content.size


def _is_sha256(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text) is not None


def _begun(name: str) -> float:
    """Return when a data file was begun, in Unix seconds."""
    return float(int(name.rpartition("-")[2], 16))
