"""Resumable uploads, stored as encrypted parts."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lepton_hub.keys import SealBroken
from lepton_hub.keys.key_ring import generation_of
from lepton_hub.storage.blob_store import BlobStore
from lepton_hub.storage.blob_types import (
    Blob,
    BlobDamaged,
    HashMismatch,
    OffsetMismatch,
    UploadMissing,
)
from lepton_hub.storage.chunk_cipher import Piece, in_chunks
from lepton_hub.storage.upload_parts import Part, path_to_end, reached_by

_PURPOSE = "uploads"
_FOLDER = "uploads"
PART = 8 * 1024 * 1024
"""Bytes in a part, the most that must be sent again after a crash."""
_NONCE = 12
_ID = re.compile("[0-9a-f]{32}")
_PART_NAME = re.compile("[0-9a-f]{13,14}-[0-9a-f]{13,14}-[0-9a-f]{1,16}")


@dataclass(frozen=True)
class _Ticket:
    """An upload's metadata; blob: the result, once it is finished.

    since: when it was started, later when it was finished, in Unix seconds.
    """

    key: bytes
    since: float
    blob: Blob | None = None


class Uploads:
    """Contents that arrive in several calls, in a store's place and encrypted like its blobs.

    Parts are written atomically and never changed. Concurrent calls that send the same bytes do no
    harm, since parts may overlap: what has arrived is what a chain of parts covers.
    """

    def __init__(self, store: BlobStore, *, part: int = PART) -> None:
        """Keep uploads beside a store's blobs; part: the most bytes in a part."""
        self._store = store
        self._part = part

    def create(self) -> str:
        """Start an upload; return its unguessable id."""
        upload_id = secrets.token_hex(16)
        self._put(upload_id, _Ticket(secrets.token_bytes(32), self._store.clock()))
        return upload_id

    def offset(self, upload_id: str) -> int:
        """Return the number of bytes that have arrived durably. Raises UploadMissing."""
        return _reached(*self._found(upload_id))

    def append(self, upload_id: str, offset: int, pieces: Iterable[Piece]) -> int:
        """Append bytes at the offset that was reached; return the new offset.

        If `pieces` raises, the bytes before are kept, and the exception propagates. After a crash,
        at most one part is lost: query `offset`.

        Raises OffsetMismatch, which says where to resume, and UploadMissing.
        """
        ticket, parts = self._found(upload_id)
        reached = _reached(ticket, parts)
        if offset != reached:
            raise OffsetMismatch(offset, reached)
        if ticket.blob:
            raise UploadMissing(f"The upload {upload_id} is finished")
        broken: list[BaseException] = []
        for data, _ in in_chunks(_until_broken(pieces, broken), self._part):
            if data:
                self._put_part(upload_id, ticket.key, offset, data)
                offset += len(data)
        if broken:
            raise broken[0]
        return offset

    def finish(self, upload_id: str, sha256: str) -> Blob:
        """Store what has arrived as a blob, if it has this SHA-256; remove the parts.

        Idempotent: may be repeated after a crash or a lost response. Raises HashMismatch, which
        leaves the upload as it is, and UploadMissing.
        """
        ticket, parts = self._found(upload_id)
        if ticket.blob is None:
            try:
                content = self._contents(upload_id, ticket.key, path_to_end(parts))
                blob = self._store.write(content, sha256=sha256)
            except FileNotFoundError:  # another call has finished it, or cancelled it
                ticket = self._ticket(upload_id)
                if ticket.blob is None:
                    raise BlobDamaged(f"Parts of the upload {upload_id} are gone") from None
            else:
                ticket = _Ticket(b"", self._store.clock(), blob)
                self._put(upload_id, ticket)
        assert ticket.blob
        self._remove_parts(upload_id)  # including those left by a call that was killed here
        if ticket.blob.sha256 != sha256:
            raise HashMismatch(sha256, ticket.blob.sha256)
        return ticket.blob

    def cancel(self, upload_id: str) -> None:
        """Delete an upload: its key first, then its parts. Raises UploadMissing.

        If the key is already gone, parts left by a killed call are deleted now.
        """
        try:
            self._ticket(upload_id)
        finally:
            if _is_id(upload_id):
                self._remove(upload_id)

    def expire(self, older_than: float) -> int:
        """Delete uploads, finished or not, with no activity for `older_than` seconds.

        Return the number deleted.
        """
        limit = self._store.clock() - older_than
        count = 0
        for upload_id in self._store.place.folders(_FOLDER):
            latest = self._latest(upload_id)
            if latest is not None and latest < limit:
                self._remove(upload_id)
                count += 1
        return count

    def rotate(self) -> int:
        """Seal each upload's key with the newest generation; return the number resealed."""
        count = 0
        for upload_id in self._store.place.folders(_FOLDER):
            try:
                with self._store.place.exclusive():  # else a ticket written meanwhile is lost
                    sealed = self._store.place.get(_ticket_name(upload_id))
                    if generation_of(sealed) != self._store.keys.current:
                        self._write(upload_id, self._ticket(upload_id))
                        count += 1
            except (FileNotFoundError, SealBroken, UploadMissing, BlobDamaged):
                continue  # removed meanwhile, or damaged: then it expires
        return count

    def _found(self, upload_id: str) -> tuple[_Ticket, list[Part]]:
        """Return an upload's ticket and parts. Raises UploadMissing.

        Parts are removed only after the ticket is marked finished. So the ticket is read last: if
        it is still unfinished, the parts found are all that had arrived.
        """
        parts = self._parts(upload_id) if _is_id(upload_id) else []
        return self._ticket(upload_id), parts

    def _latest(self, upload_id: str) -> float | None:
        """Return the time of an upload's last activity, in Unix seconds.

        None if nothing is stored, as before a new upload's ticket is written.
        """
        times = [float(part.written) for part in self._parts(upload_id)]
        try:
            times.append(self._ticket(upload_id).since)
        except BlobDamaged:
            times.append(0.0)
        except UploadMissing:
            pass
        return max(times, default=None)

    def _ticket(self, upload_id: str) -> _Ticket:
        if not _is_id(upload_id):
            raise UploadMissing(f"There is no upload {upload_id!r}")
        name = _ticket_name(upload_id)
        try:
            fields = json.loads(
                self._store.keys.unseal(_PURPOSE, self._store.place.get(name), name)
            )
        except FileNotFoundError:
            raise UploadMissing(f"There is no upload {upload_id}") from None
        except SealBroken as error:
            raise BlobDamaged(f"{name}: {error}") from None
        blob = fields["blob"] and Blob(**fields["blob"])
        return _Ticket(base64.b64decode(fields["key"]), fields["since"], blob)

    def _put(self, upload_id: str, ticket: _Ticket) -> None:
        with self._store.place.exclusive():  # a rotation waits until it is written
            self._write(upload_id, ticket)

    def _write(self, upload_id: str, ticket: _Ticket) -> None:
        name = _ticket_name(upload_id)
        fields = {**asdict(ticket), "key": base64.b64encode(ticket.key).decode()}
        text = json.dumps(fields).encode()
        self._store.place.put(name, self._store.keys.seal(_PURPOSE, text, name))

    def _parts(self, upload_id: str) -> list[Part]:
        names = self._store.place.names(f"{_FOLDER}/{upload_id}/parts")
        ends = (name.rpartition("/")[2] for name in names)
        return [Part.from_name(name) for name in ends if _PART_NAME.fullmatch(name)]

    def _put_part(self, upload_id: str, key: bytes, start: int, data: bytes) -> None:
        part = Part(start, start + len(data), int(self._store.clock()))
        fresh = secrets.token_bytes(_NONCE)
        sealed = AESGCM(key).encrypt(fresh, data, _context(upload_id, part))
        self._store.place.put(f"{_FOLDER}/{upload_id}/parts/{part.name}", fresh + sealed)

    def _contents(self, upload_id: str, key: bytes, parts: list[Part]) -> Iterator[Piece]:
        """Yield the bytes of a chain of parts."""
        for part in parts:
            sealed = memoryview(self._store.place.get(f"{_FOLDER}/{upload_id}/parts/{part.name}"))
            context = _context(upload_id, part)
            try:
                yield AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
            except (InvalidTag, ValueError):
                raise BlobDamaged(f"A part of the upload {upload_id} was changed") from None

    def _remove(self, upload_id: str) -> None:
        self._store.place.delete(_ticket_name(upload_id))
        self._remove_parts(upload_id)
        self._store.place.remove_folder(f"{_FOLDER}/{upload_id}")

    def _remove_parts(self, upload_id: str) -> None:
        for name in list(self._store.place.names(f"{_FOLDER}/{upload_id}/parts")):
            self._store.place.delete(name)


def _reached(ticket: _Ticket, parts: list[Part]) -> int:
    """Return the number of an upload's bytes that have arrived durably."""
    return ticket.blob.size if ticket.blob else reached_by(parts)


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _ticket_name(upload_id: str) -> str:
    return f"{_FOLDER}/{upload_id}/ticket"


def _context(upload_id: str, part: Part) -> bytes:
    return f"{upload_id} {part.start} {part.stop}".encode()


def _until_broken(pieces: Iterable[Piece], broken: list[BaseException]) -> Iterator[Piece]:
    """Pass pieces through; if they raise, record the exception and stop."""
    try:
        yield from pieces
    except BaseException as error:  # a cancelled call keeps what has arrived, too
        broken.append(error)
