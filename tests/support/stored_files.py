"""What a blob store keeps, and how to damage it."""

from __future__ import annotations

from lepton_hub.storage import BlobStore


def names_of(store: BlobStore, kind: str) -> list[str]:
    return sorted(store.place.names(kind))


def files_of(store: BlobStore) -> dict[str, bytes]:
    """All files by name: data, envelopes, uploads, and the mark of the keys."""
    names = [name for kind in ("data", "envelopes", "uploads") for name in names_of(store, kind)]
    return {name: store.place.get(name) for name in [*names, "keys-in-use"]}


def flip(store: BlobStore, name: str, place: int) -> None:
    """Flip a bit."""
    stored = bytearray(store.place.get(name))
    stored[place] ^= 1
    store.place.put(name, bytes(stored))


def damaged(store: BlobStore, kind: str) -> list[str]:
    """Flip a bit in the middle of each file of a kind; return the files' names."""
    names = names_of(store, kind)
    for name in names:
        flip(store, name, len(store.place.get(name)) // 2)
    return names
