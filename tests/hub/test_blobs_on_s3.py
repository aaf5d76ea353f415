"""The same on S3, where one is given: LEPTON_TEST_S3=s3://BUCKET/FOLDER and its AWS_ variables."""

from __future__ import annotations

import hashlib
import os
import secrets

import pytest
from stored_files import damaged, files_of, names_of

from lepton_hub.storage import (
    Blob,
    BlobDamaged,
    BlobMissing,
    BlobStore,
    KeyRing,
    OffsetMismatch,
    Uploads,
    WrongStoreKeys,
)

CONTENT = os.urandom(20_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url() -> str:
    given = os.environ.get("LEPTON_TEST_S3")
    if given is None:
        pytest.skip("LEPTON_TEST_S3 names no bucket")
    pytest.importorskip("obstore")
    return f"{given}/{secrets.token_hex(4)}"


def test_contents_and_ranges(url):
    store = BlobStore(url, KeyRing.in_memory())
    assert store.write([CONTENT[:7], CONTENT[7:]]) == Blob(DIGEST, len(CONTENT))
    store.write([CONTENT])
    assert len(names_of(store, "data")) == 1
    store.check(DIGEST)
    for start, stop in ((0, 1), (262_143, 262_145), (19_999_999, None), (5, 9_000_000)):
        assert b"".join(store.read(DIGEST, start, stop)) == CONTENT[start:stop]
    empty = store.write([])
    assert b"".join(store.read(empty.sha256)) == b""
    store.delete(DIGEST)
    with pytest.raises(BlobMissing):
        store.read(DIGEST)
    assert [blob.sha256 for blob in store.blobs()] == [empty.sha256]


def test_a_write_that_fails_leaves_nothing(url):
    def fails():
        yield CONTENT
        raise ConnectionError("The line is dead")

    store = BlobStore(url, KeyRing.in_memory())
    with pytest.raises(ConnectionError):
        store.write(fails())
    assert list(files_of(store)) == ["keys-in-use"]
    assert store.sweep(-10).removed == 0


def test_keys_are_rotated_and_damage_is_found(url):
    keys = KeyRing.in_memory()
    store = BlobStore(url, keys)
    digest = store.write([b"content"]).sha256
    keys.add_generation()
    assert store.rotate(keys) == 1
    keys.retire(1)
    BlobStore(url, keys).check(digest)
    with pytest.raises(WrongStoreKeys):
        BlobStore(url, KeyRing.in_memory())
    damaged(store, "data")
    with pytest.raises(BlobDamaged):
        store.check(digest)


def test_an_upload_goes_on(url):
    store = BlobStore(url, KeyRing.in_memory())
    uploads = Uploads(store)
    upload = uploads.create()
    assert uploads.append(upload, 0, [CONTENT[:9_000_000]]) == 9_000_000
    with pytest.raises(OffsetMismatch):
        uploads.append(upload, 8_000_000, [CONTENT])
    uploads.append(upload, 9_000_000, [CONTENT[9_000_000:]])
    assert uploads.finish(upload, DIGEST) == uploads.finish(upload, DIGEST)
    store.check(DIGEST)
    assert uploads.expire(-10) == 1
    assert names_of(store, "uploads") == []
