"""Whoever can write to the storage, but has no key, can destroy contents and nothing else."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_files import flip, names_of

from lepton_hub.storage import BlobDamaged, BlobMissing, BlobStore, KeyRing, Uploads
from lepton_hub.storage.chunk_cipher import TAG

CHUNK = 16
WIDTH = CHUNK + TAG


@pytest.fixture
def store(tmp_path) -> BlobStore:
    return BlobStore(str(tmp_path), KeyRing.in_memory(), chunk=CHUNK)


def written(store: BlobStore, size: int = 5 * CHUNK - 3) -> tuple[str, str, str]:
    """A new blob's SHA-256, the name of its data and that of its envelope."""
    data, envelopes = names_of(store, "data"), names_of(store, "envelopes")
    blob = store.write([os.urandom(size)])
    [new_data] = set(names_of(store, "data")) - set(data)
    [new_envelope] = set(names_of(store, "envelopes")) - set(envelopes)
    return blob.sha256, new_data, new_envelope


def test_every_bit_of_data_and_envelope_counts(store):
    digest, data, envelope = written(store)

    @settings(deadline=None, max_examples=60)
    @given(st.sampled_from([data, envelope]), st.integers(0, 10_000))
    def flipped(name, place):
        place %= store.place.size(name)
        flip(store, name, place)
        with pytest.raises(BlobDamaged):
            list(store.read(digest))
        flip(store, name, place)
        store.check(digest)

    flipped()


CHANGES = {
    "two chunks exchanged": lambda d: d[WIDTH : 2 * WIDTH] + d[:WIDTH] + d[2 * WIDTH :],
    "a chunk repeated": lambda d: d[:WIDTH] + d[:WIDTH] + d[2 * WIDTH :],
    "a chunk left out": lambda d: d[:WIDTH] + d[2 * WIDTH :],
    "a chunk put in": lambda d: d[:WIDTH] + d,
    "the last chunk cut off": lambda d: d[: 4 * WIDTH],
    "a byte cut off": lambda d: d[:-1],
    "a byte added": lambda d: d + b"\0",
    "the last chunk added again": lambda d: d + d[4 * WIDTH :],
    "nothing left": lambda d: b"",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_chunks_cannot_be_moved_and_the_end_cannot_be_cut(store, change):
    digest, data, _ = written(store)
    store.place.put(data, change(store.place.get(data)))
    with pytest.raises(BlobDamaged):
        list(store.read(digest))


def test_the_end_is_known_even_if_only_the_end_is_read(store):
    digest, data, _ = written(store)
    store.place.put(data, store.place.get(data) + b"more")
    with pytest.raises(BlobDamaged):
        list(store.read(digest, 4 * CHUNK))
    assert len(b"".join(store.read(digest, 0, CHUNK))) == CHUNK


def test_a_shorter_content_cannot_pass_for_the_beginning_of_a_longer_one(store):
    whole, data, _ = written(store, 4 * CHUNK)
    shorter, other, _ = written(store, 2 * CHUNK)
    store.place.put(other, store.place.get(data, 0, 2 * WIDTH))
    with pytest.raises(BlobDamaged):
        list(store.read(shorter))


def test_two_blobs_cannot_be_exchanged(store):
    one, data_of_one, envelope_of_one = written(store)
    other, data_of_other, envelope_of_other = written(store)
    store.place.put(data_of_one, store.place.get(data_of_other))
    with pytest.raises(BlobDamaged):
        list(store.read(one))
    store.place.put(envelope_of_one, store.place.get(envelope_of_other))
    with pytest.raises(BlobDamaged):
        store.size(one)
    store.check(other)


def test_no_piece_of_damaged_data_is_handed_out(store):
    digest, data, _ = written(store, 3 * CHUNK)
    whole = b"".join(store.read(digest))
    flip(store, data, WIDTH + 1)
    pieces = []
    with pytest.raises(BlobDamaged):
        pieces.extend(store.read(digest))
    reading = store.read(digest)
    assert next(reading) == whole[:CHUNK]
    with pytest.raises(BlobDamaged):
        next(reading)


def test_data_that_are_gone_are_damage_and_an_envelope_that_is_gone_is_a_missing_blob(store):
    digest, data, envelope = written(store)
    store.place.delete(data)
    with pytest.raises(BlobDamaged):
        list(store.read(digest))
    store.place.delete(envelope)
    with pytest.raises(BlobMissing):
        store.read(digest)


def test_every_bit_of_an_upload_counts(store):
    uploads = Uploads(store, part=10)
    upload = uploads.create()
    uploads.append(upload, 0, [b"twenty-five bytes of text"])
    digest = store.write([b"twenty-five bytes of text"]).sha256
    names = names_of(store, "uploads")
    assert len(names) == 4

    @settings(deadline=None, max_examples=40)
    @given(st.sampled_from(names), st.integers(0, 10_000))
    def flipped(name, place):
        place %= store.place.size(name)
        flip(store, name, place)
        with pytest.raises(BlobDamaged):
            uploads.finish(upload, digest)
        flip(store, name, place)

    flipped()
    assert uploads.finish(upload, digest).size == 25


def test_an_uploads_parts_cannot_be_exchanged(store):
    uploads = Uploads(store, part=4)
    upload = uploads.create()
    uploads.append(upload, 0, [b"abcdefgh"])
    digest = store.write([b"efghabcd"]).sha256
    first, second, _ = names_of(store, "uploads")
    one = store.place.get(first)
    store.place.put(first, store.place.get(second))
    store.place.put(second, one)
    with pytest.raises(BlobDamaged):
        uploads.finish(upload, digest)
