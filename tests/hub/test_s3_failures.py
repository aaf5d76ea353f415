"""S3 that fails, waits, refuses and dies in the middle: said in words, and nothing is lost."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from queue import SimpleQueue

import pytest
from bounded_waits import join_all, killed_after, wait_and_kill
from conftest import CLONE
from s3_bucket import BUCKET, PART
from stored_files import files_of, names_of

from lepton_hub.storage import (
    BlobStore,
    KeyRing,
    StorageUnavailable,
    Uploads,
    bucket_place,
)

pytest_plugins = ["s3_bucket"]

CONTENT = os.urandom(17 * PART)
"""More parts of a large object than are read at once."""
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(bucket) -> str:
    return bucket.new_folder()


@pytest.fixture
def store(url) -> BlobStore:
    return BlobStore(url, KeyRing.in_memory())


def content_of(store: BlobStore, digest: str = DIGEST) -> bytes:
    return b"".join(store.read(digest))


@pytest.mark.parametrize("what", [503, "gone", "cut"])
def test_what_fails_for_a_moment_is_tried_again(bucket, monkeypatch, what):
    monkeypatch.setattr(bucket_place, "RETRY_SECONDS", 30)
    store = BlobStore(bucket.new_folder(), KeyRing.in_memory())
    for path in ("data/", "envelopes/"):
        bucket.fails(what, method="PUT|POST", path=path, times=2)
        assert store.write([CONTENT, path.encode()]).size == len(CONTENT) + len(path)
        assert bucket.hits() == 2
        digest = hashlib.sha256(CONTENT + path.encode()).hexdigest()
        bucket.fails(what, method="GET", path=path, times=2)
        assert content_of(store, digest) == CONTENT + path.encode()
        assert bucket.hits() == 2


def test_what_is_slow_takes_its_time(bucket, store):
    bucket.fails("slow", seconds=0.3)
    store.write([b"content"])
    store.check(hashlib.sha256(b"content").hexdigest())


@pytest.mark.parametrize("what", [500, "gone", "cut", "hold"])
def test_a_write_that_fails_stores_nothing_and_can_be_done_again(bucket, store, monkeypatch, what):
    if what == "hold":
        monkeypatch.setattr(bucket_place, "ANSWER_SECONDS", 0.5)
        store = BlobStore(bucket.new_folder(), KeyRing.in_memory())
    for path in (r"data/.*partNumber=2", r"data/.*uploadId", "envelopes/"):
        bucket.fails(what, method="PUT|POST", path=path)
        with pytest.raises(StorageUnavailable, match=f"The bucket {BUCKET} cannot be reached"):
            store.write([CONTENT])
        bucket.heal()
        if what == "hold":  # a request that nobody waits for any more may still be done
            continue
        assert DIGEST not in store
        assert not names_of(store, "envelopes")
    store.write([CONTENT])
    store.check(DIGEST)
    store.sweep(-10)
    assert len(names_of(store, "data")) == 1


@pytest.mark.parametrize("what", [500, "cut"])
def test_a_read_that_fails_says_so_and_goes_on_from_there(bucket, store, what):
    store.write([CONTENT])
    bucket.fails(what, method="GET", path="data/", skip=1)
    have = b""
    with pytest.raises(StorageUnavailable):
        for piece in store.read(DIGEST):
            have += piece
    assert 0 < len(have) < len(CONTENT)
    bucket.heal()
    assert have + b"".join(store.read(DIGEST, len(have))) == CONTENT
    for path in ("envelopes/", "data/"):
        bucket.fails(what, path=path)
        for ask in (store.check, store.delete):
            with pytest.raises(StorageUnavailable):
                ask(DIGEST)
        bucket.heal()
    assert DIGEST not in store  # its key went first
    store.sweep(-10)
    assert list(files_of(store)) == ["keys-in-use"]


@pytest.mark.parametrize("what", [503, "cut"])
def test_an_upload_goes_on_where_it_was_acknowledged(bucket, store, what):
    uploads = Uploads(store, part=2**18)
    upload = uploads.create()
    bucket.fails(what, method="PUT", path="/parts/", skip=3)
    with pytest.raises(StorageUnavailable):
        uploads.append(upload, 0, [CONTENT])
    bucket.heal()
    reached = uploads.offset(upload)
    assert reached == 3 * PART
    uploads.append(upload, reached, [CONTENT[reached:]])
    bucket.fails(what, method="GET", path="/parts/", skip=4)
    with pytest.raises(StorageUnavailable):
        uploads.finish(upload, DIGEST)
    bucket.heal()
    assert uploads.offset(upload) == len(CONTENT)
    assert uploads.finish(upload, DIGEST).size == len(CONTENT)
    store.check(DIGEST)


def test_a_rotation_that_fails_goes_on(bucket, store):
    digests = [store.write([bytes([number])]).sha256 for number in range(4)]
    keys = store.keys
    keys.add_generation()
    bucket.fails(503, method="PUT", path="envelopes/", skip=2)
    with pytest.raises(StorageUnavailable):
        store.rotate(keys)
    bucket.heal()
    for digest in digests:
        store.check(digest)
    assert store.rotate(keys) == 2
    keys.retire(1)
    assert store.generations() == {2: 4}
    for digest in digests:
        store.check(digest)


def test_memory_does_not_grow_with_a_contents_size(bucket, url):
    """64 MB in and out by a slow network; the script prints its growth in MB for each step."""
    bucket.fails("slow", method="PUT", path="partNumber", seconds=0.5)
    command = [sys.executable, str(CLONE / "tests/support/large_blob.py"), url, "64"]
    environment = {**os.environ, "PYTHONPATH": str(CLONE)}
    ran = subprocess.run(command, check=True, capture_output=True, timeout=400, env=environment)
    growth = [float(line) for line in ran.stdout.split()]
    assert len(growth) == 4
    assert max(growth) < 75, growth


WRITER = """
import sys
from lepton_hub.keys import KeyRing
from lepton_hub.storage import BlobStore, Uploads, bucket_place
bucket_place.PART = 2**18
url, keys, upload, digest = sys.argv[1:]
uploads = Uploads(BlobStore(url, KeyRing.load(keys)), part=2**18)
content = sys.stdin.buffer.read()
uploads.append(upload, uploads.offset(upload), [content[uploads.offset(upload):]])
uploads.finish(upload, digest)
"""


@pytest.mark.parametrize(
    ("method", "path", "skip", "arrived"),
    [
        ("PUT", "/parts/", 4, 4 * PART),
        ("POST", "data/.*uploadId", 0, len(CONTENT)),
        ("PUT", "envelopes/", 0, len(CONTENT)),
    ],
)
def test_a_kill_loses_nothing_that_had_arrived(bucket, url, tmp_path, method, path, skip, arrived):
    keys = KeyRing.load_or_create(tmp_path / "keys.json")
    store = BlobStore(url, keys)
    uploads = Uploads(store)
    upload = uploads.create()
    bucket.fails("hold", method=method, path=path, skip=skip)
    command = [sys.executable, "-c", WRITER, url, str(tmp_path / "keys.json"), upload, DIGEST]
    environment = {**os.environ, "PYTHONPATH": str(CLONE)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as writer:
        with killed_after(writer):
            writer.stdin.write(CONTENT)
            writer.stdin.close()
            bucket.until_hit()
        writer.send_signal(signal.SIGKILL)
        wait_and_kill(writer)
    bucket.heal()
    assert uploads.offset(upload) >= arrived
    if uploads.offset(upload) < len(CONTENT):
        uploads.append(upload, uploads.offset(upload), [CONTENT[uploads.offset(upload) :]])
    assert uploads.finish(upload, DIGEST).size == len(CONTENT)
    store.check(DIGEST)
    store.sweep(-10)
    assert len(names_of(store, "data")) == len(names_of(store, "envelopes")) == 1


def test_processes_of_one_key_file_keep_each_other_out(bucket, url, tmp_path):
    """A rotation with --retire waits for a write that has chosen the older key."""
    keys = tmp_path / "keys.json"
    store = BlobStore(url, KeyRing.load_or_create(keys))
    other = BlobStore(url, KeyRing.load(keys))
    held: SimpleQueue[str] = SimpleQueue()

    def write() -> None:
        held.put(store.write([b"content"]).sha256)

    bucket.fails("hold", method="PUT", path="envelopes/")
    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    bucket.until_hit()
    other.keys.add_generation()
    lock = other.place._lock("contents")
    with pytest.raises(TimeoutError):
        lock.acquire(timeout=0.1)
    bucket.heal()
    join_all([thread])
    other.rotate(other.keys)
    other.keys.retire(1)
    other.check(held.get(timeout=10))
