"""The same on S3: moto's, or the one that is given.

LEPTON_TEST_S3=s3://BUCKET/FOLDER and its AWS_ variables name another one.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from unittest import mock

import pytest
from s3_bucket import BUCKET, s3_bucket
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

CONTENT = os.urandom(10_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def folder() -> Iterator[str]:
    given = os.environ.get("LEPTON_TEST_S3")
    if given is not None:
        yield given
        return
    with s3_bucket() as bucket, mock.patch.dict(os.environ, bucket.environment):
        yield f"s3://{BUCKET}"


@pytest.fixture
def url(folder) -> str:
    return f"{folder}/{secrets.token_hex(4)}"


def test_contents_and_ranges(url):
    store = BlobStore(url, KeyRing.in_memory())
    assert store.write([CONTENT[:7], CONTENT[7:]]) == Blob(DIGEST, len(CONTENT))
    store.write([CONTENT])
    assert len(names_of(store, "data")) == 1
    store.check(DIGEST)
    for start, stop in ((0, 1), (262_143, 262_145), (9_999_999, None), (5, 9_000_000)):
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


def test_names_are_told_apart_by_whole_folders(url):
    keys = KeyRing.in_memory()
    store = BlobStore(f"{url}/a.folder/of-ü", keys)
    beside = BlobStore(f"{url}/a.folder/of-üs", KeyRing.in_memory())
    digest = store.write([b"content"]).sha256
    assert digest not in beside
    assert digest in BlobStore(f"{url}/a.folder/of-ü/", keys)
    place = BlobStore(url, KeyRing.in_memory()).place
    assert list(place.folders("a.folder")) == ["of-ü", "of-üs"]
    [data] = names_of(store, "data")
    assert f"a.folder/of-ü/{data}" in list(place.names("a.folder/of-ü"))
    assert list(place.names("a.folder/of")) == list(place.names("nothing")) == []
    assert place.folders("nothing") == []
    place.delete("nothing/at/all")
    with pytest.raises(FileNotFoundError):
        place.get("nothing")
    with pytest.raises(FileNotFoundError):
        place.size("a.folder/of-ü")


def test_a_range_after_the_end_is_empty(url):
    place = BlobStore(url, KeyRing.in_memory()).place
    place.put("short", b"12345")
    ranges = [(0, 9), (4, 9), (5, 9), (900, 1000), (1, None)]
    assert [place.get("short", *one) for one in ranges] == [b"12345", b"5", b"", b"", b"2345"]
    with pytest.raises(FileNotFoundError):
        place.get("gone", 0, 9)


def test_a_folder_is_moved_into_a_bucket(url, tmp_path):
    keys = KeyRing.in_memory()
    before = BlobStore(str(tmp_path), keys)
    digest = before.write([b"content"]).sha256
    upload = Uploads(before).create()
    Uploads(before).append(upload, 0, [CONTENT[:9_000_000]])
    place = BlobStore(f"{url}/other", KeyRing.in_memory()).place
    for name, data in files_of(before).items():
        place.put(name, data)
    after = BlobStore(f"{url}/other", keys)
    after.check(digest)
    assert Uploads(after).offset(upload) == 9_000_000
    Uploads(after).append(upload, 9_000_000, [CONTENT[9_000_000:]])
    Uploads(after).finish(upload, DIGEST)
    after.check(DIGEST)
