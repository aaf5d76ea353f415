"""Contents go in and come out, whole or in ranges, once, and without a trace on the disk."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_files import damaged, files_of

from lepton_hub.storage import (
    Blob,
    BlobDamaged,
    BlobMissing,
    BlobStore,
    HashMismatch,
    KeyRing,
    StoredBlob,
    WrongStoreKeys,
)

CHUNK = 16


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class FailsHalfway:
    def __iter__(self):
        yield b"some bytes"
        raise ConnectionError("The line is dead")


@pytest.fixture(params=["folder", "file", "memory"])
def url(request, tmp_path) -> str:
    urls = {
        "folder": tmp_path / "blobs",
        "file": f"file://{tmp_path}/with%20space",
        "memory": f"memory://{tmp_path}",
    }
    return str(urls[request.param])


@pytest.fixture
def store(url) -> BlobStore:
    return BlobStore(url, KeyRing.in_memory(), chunk=CHUNK)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 1000])
def test_what_is_written_is_read(store, size):
    content = os.urandom(size)
    blob = store.write([content[:7], content[7:]])
    assert blob == Blob(sha256(content), size)
    assert b"".join(store.read(blob.sha256)) == content
    assert store.size(blob.sha256) == size
    assert blob.sha256 in store
    store.check(blob.sha256)


def test_every_range_is_what_a_slice_is(tmp_path):
    store = BlobStore(str(tmp_path), KeyRing.in_memory(), chunk=CHUNK)
    contents = {size: os.urandom(size) for size in (0, 5, CHUNK, 3 * CHUNK, 21 * CHUNK + 3)}
    written = {size: store.write([content]).sha256 for size, content in contents.items()}

    @settings(deadline=None, max_examples=80)
    @given(st.sampled_from(sorted(contents)), st.integers(0, 400), st.none() | st.integers(0, 400))
    def ranges(size, start, more):
        stop = None if more is None else start + more
        pieces = list(store.read(written[size], start, stop))
        assert b"".join(pieces) == contents[size][start:stop]
        assert b"" not in pieces

    ranges()


def test_a_range_reads_only_its_chunks(store):
    content = os.urandom(100 * CHUNK)
    blob = store.write([content])
    read = []
    get = store.place.get
    store.place.get = lambda name, *args: read.append(found := get(name, *args)) or found
    assert (
        b"".join(store.read(blob.sha256, 50 * CHUNK + 3, 51 * CHUNK + 3))
        == content[50 * CHUNK + 3 : 51 * CHUNK + 3]
    )
    assert len(read[-1]) == 2 * (CHUNK + 16)


@pytest.mark.parametrize("start, stop", [(-1, 3), (4, 3)])
def test_a_range_that_is_none_is_refused_at_once(store, start, stop):
    blob = store.write([b"content"])
    with pytest.raises(ValueError, match="no range"):
        store.read(blob.sha256, start, stop)


@pytest.mark.parametrize("name", ["0" * 64, "", "../keys-in-use", "A" * 64, "0" * 63 + "\n"])
def test_what_is_not_there_is_missing(store, name):
    for ask in (store.read, store.size, store.delete, store.check):
        with pytest.raises(BlobMissing):
            ask(name)
    assert name not in store


def test_a_content_is_stored_once(store):
    first = store.write([b"the same"])
    before = files_of(store)
    assert store.write([b"the ", b"same"]) == first
    assert sorted(files_of(store)) == sorted(before)
    assert len(before) == 3  # data, envelope, and the mark of the keys


def test_a_content_that_comes_again_counts_as_written_now(tmp_path):
    times = iter(range(100))
    store = BlobStore(str(tmp_path), KeyRing.in_memory(), clock=lambda: next(times))
    blob = store.write([b"the same"])
    [before] = store.blobs()
    store.write([b"the same"])
    [after] = store.blobs()
    assert isinstance(after, StoredBlob)
    assert (after.sha256, after.size) == (blob.sha256, blob.size)
    assert after.written > before.written


def test_what_fails_leaves_nothing(store):
    before = files_of(store)
    with pytest.raises(ConnectionError):
        store.write(FailsHalfway())
    with pytest.raises(HashMismatch) as error:
        store.write([b"content"], sha256="0" * 64)
    assert error.value.found == sha256(b"content")
    assert files_of(store) == before


def test_what_is_deleted_is_gone(store):
    kept = store.write([b"kept"])
    blob = store.write([b"deleted"])
    store.delete(blob.sha256)
    assert blob.sha256 not in store
    assert [one.sha256 for one in store.blobs()] == [kept.sha256]
    assert len(files_of(store)) == 3
    assert store.write([b"deleted"]) == blob
    assert b"".join(store.read(blob.sha256)) == b"deleted"


def test_reading_ends_where_a_blob_is_deleted_meanwhile(store):
    blob = store.write([os.urandom(40 * CHUNK)])
    reading = store.read(blob.sha256)
    next(reading)
    store.delete(blob.sha256)
    with pytest.raises(BlobMissing):
        list(reading)


def test_nothing_of_a_content_is_on_the_disk(tmp_path):
    folder = tmp_path / "blobs"
    store = BlobStore(str(folder), KeyRing.in_memory())
    content = b"a secret that repeats itself " * 100
    digest = store.write([content]).sha256
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    names = "".join(str(path) for path in folder.rglob("*"))
    for known in (digest[:8], digest[-8:]):
        assert known not in names
        assert known.encode() not in everything
    assert content[:8] not in everything
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.rglob("*")])


def test_the_same_content_looks_different_in_two_stores(tmp_path):
    def names(part: str) -> set[str]:
        folder = tmp_path / part
        BlobStore(str(folder), KeyRing.in_memory()).write([b"the same content"])
        return {path.name for path in folder.rglob("*") if path.is_file()} - {
            "keys-in-use",
            ".lock",
        }

    assert not names("one") & names("two")


def test_a_store_of_other_keys_is_not_opened(url):
    keys = KeyRing.in_memory()
    blob = BlobStore(url, keys).write([b"content"])
    with pytest.raises(WrongStoreKeys, match="restore"):
        BlobStore(url, KeyRing.in_memory())
    assert blob.sha256 in BlobStore(url, keys)


def test_damage_is_repaired_by_handing_the_content_in_again(store):
    for kind in ("data", "envelopes"):
        content = kind.encode() * 10
        blob = store.write([content])
        for name in damaged(store, kind):
            with pytest.raises(BlobDamaged):
                list(store.read(blob.sha256)), name
        if kind == "data":  # damage of the same length is found by reading alone
            [name] = store.place.names(kind)
            store.place.put(name, b"cut")
        store.write([content])
        store.check(blob.sha256)
        store.delete(blob.sha256)


def test_a_damaged_blob_can_still_be_deleted_and_its_data_are_swept_up(tmp_path):
    store = BlobStore(str(tmp_path), KeyRing.in_memory())
    blob = store.write([b"content"])
    damaged(store, "envelopes")
    swept = store.sweep(-10)
    assert (swept.removed, swept.spared) == (0, 1)
    assert "1 envelopes" in swept.damaged
    store.delete(blob.sha256)
    assert blob.sha256 not in store
    assert store.sweep(-10).removed == 1
    assert list(files_of(store)) == ["keys-in-use"]


def test_sweeping_removes_only_what_no_blob_needs(tmp_path):
    store = BlobStore(str(tmp_path), KeyRing.in_memory())
    blobs = [store.write([os.urandom(9)]) for _ in range(5)]
    store.place.put(f"data/00/{'0' * 32}-1", b"of a write that was killed")
    partial = Path(tmp_path, "data", "00", "x.0123.part")
    partial.write_bytes(b"another")
    os.utime(partial, (0, 0))
    assert store.sweep().removed == 2
    assert store.sweep(-10).removed == 0
    for blob in blobs:
        store.check(blob.sha256)
