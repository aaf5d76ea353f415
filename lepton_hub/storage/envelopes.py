"""Envelopes: small sealed files that hold each blob's key and name its data.

Data have a random name and are never rewritten. An envelope's name is an HMAC of the content's
SHA-256 with the hub's key, so that the folder does not reveal which contents it has. Rotating the
hub's key rewrites only envelopes.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from lepton_hub.keys import KeyRing, SealBroken, UnknownGeneration
from lepton_hub.keys.key_ring import generation_of
from lepton_hub.storage.blob_types import BlobDamaged
from lepton_hub.storage.chunk_cipher import ChunkLayout
from lepton_hub.storage.places import Place

_PURPOSE = "blob envelopes"
_FOLDER = "envelopes"


@dataclass(frozen=True)
class Envelope:
    """A blob's metadata; data: the name of its data file; chunk: bytes of content per chunk."""

    sha256: str
    size: int
    key: bytes
    data: str
    chunk: int
    written: float

    @property
    def layout(self) -> ChunkLayout:
        """The layout of its chunks."""
        return ChunkLayout(self.size, self.chunk)

    def to_bytes(self) -> bytes:
        """Return the envelope as JSON."""
        return json.dumps({**asdict(self), "key": base64.b64encode(self.key).decode()}).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Envelope:
        """Parse an envelope from JSON. Raises ValueError, TypeError, KeyError."""
        fields = json.loads(text)
        return cls(**{**fields, "key": base64.b64decode(fields["key"])})


class Envelopes:
    """The envelopes of a store."""

    def __init__(self, place: Place, keys: KeyRing) -> None:
        self._place, self._keys = place, keys

    def find(self, sha256: str) -> Envelope | None:
        """Return a blob's envelope, or None.

        A rotation writes the new name before it removes the old one. So after checking all
        generations from newest to oldest, the newest is checked once more; and all again, if a
        generation was added meanwhile.
        """
        looked_at: tuple[int, ...] = ()
        while looked_at != (generations := self._keys.generations):
            looked_at = generations
            again = generations[:1] if len(generations) > 1 else ()
            for generation in (*generations, *again):
                try:
                    name = self._name(sha256, generation)
                    sealed = self._place.get(name)
                except (FileNotFoundError, UnknownGeneration):  # the latter: retired meanwhile
                    continue
                return self._opened(name, sealed, sha256)
        return None

    def put(self, envelope: Envelope) -> None:
        """Write an envelope sealed with the newest generation, replacing any existing one."""
        generation = self._keys.current  # once, since another process may add one at any moment
        name = self._name(envelope.sha256, generation)
        sealed = self._keys.seal(_PURPOSE, envelope.to_bytes(), name, generation)
        self._place.put(name, sealed)

    def delete(self, sha256: str) -> None:
        """Remove a blob's envelope, whichever generation sealed it."""
        for generation in reversed(self._keys.generations):
            self._place.delete(self._name(sha256, generation))

    def all(self) -> Iterator[Envelope]:
        """Yield every envelope once, in no particular order. Raises BlobDamaged at the end."""
        for name, _, envelope in self._readable():
            if name == self._newest_name(envelope.sha256, name):
                yield envelope

    def rotate(self) -> int:
        """Seal each envelope with the newest generation; return the number resealed.

        Writers that started with an older generation have finished before the last pass, as far as
        the place can exclude other processes; so older generations may then be retired.

        Raises BlobDamaged at the end.
        """
        with self._place.exclusive():  # waits for writers that have chosen an older generation
            pass
        total = 0
        while count := self._rotated_once():  # a concurrent write may have been later
            total += count
        return total

    def _rotated_once(self) -> int:
        count = 0
        for name, _, envelope in self._readable():
            if name != self._name(envelope.sha256, self._keys.current):
                with self._place.exclusive():
                    self._move(name, envelope)
                count += 1
        return count

    def generations(self) -> Counter[int]:
        """Count the envelopes sealed with each generation. Raises BlobDamaged at the end."""
        return Counter(generation for _, generation, _ in self._readable())

    def _move(self, old: str, envelope: Envelope) -> None:
        new = self._name(envelope.sha256, self._keys.current)
        try:
            # It may exist already, from an interrupted rotation or a new write.
            self._opened(new, self._place.get(new))
        except (FileNotFoundError, BlobDamaged):
            self.put(envelope)
            try:
                self._place.size(old)
            except FileNotFoundError:  # deleted meanwhile: so it stays
                self._place.delete(new)
        self._place.delete(old)

    def _newest_name(self, sha256: str, default: str) -> str:
        """Return the newest name under which a blob has an envelope."""
        generations = self._keys.generations
        if len(generations) == 1:
            return default
        for generation in generations:
            name = self._name(sha256, generation)
            try:
                self._place.size(name)
            except FileNotFoundError:
                continue
            return name
        return default

    def _readable(self) -> Iterator[tuple[str, int, Envelope]]:
        """Yield each envelope's name, generation and content; raise for damaged ones at the end."""
        damaged: list[str] = []
        for folder in self._place.folders(_FOLDER):
            for name in list(self._place.names(f"{_FOLDER}/{folder}")):
                try:
                    sealed = self._place.get(name)
                    envelope = self._opened(name, sealed)
                except FileNotFoundError:
                    continue  # deleted or moved meanwhile
                except BlobDamaged:
                    damaged.append(name)
                    continue
                yield name, generation_of(sealed), envelope
        if damaged:
            raise BlobDamaged(
                f"{len(damaged)} envelopes cannot be decrypted: {', '.join(damaged[:10])}"
            )

    def _name(self, sha256: str, generation: int) -> str:
        digits = self._keys.keyed_name(_PURPOSE, sha256, generation)
        return f"{_FOLDER}/{digits[:2]}/{digits}"

    def _opened(self, name: str, sealed: bytes, sha256: str | None = None) -> Envelope:
        try:
            envelope = Envelope.from_bytes(self._keys.unseal(_PURPOSE, sealed, name))
        except (SealBroken, ValueError, TypeError, KeyError) as error:
            raise BlobDamaged(f"{name}: {error}") from None
        if sha256 not in (None, envelope.sha256):
            raise BlobDamaged(f"{name} is the envelope of another blob")
        return envelope
