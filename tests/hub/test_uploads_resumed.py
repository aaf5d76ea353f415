"""Uploads arrive in pieces, are cut off, doubled, wrong, forgotten; nothing that came is lost."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import pytest
from dying_place import Died, DyingPlace
from hypothesis import given
from hypothesis import strategies as st
from stored_files import files_of, names_of

from lepton_hub.storage import (
    Blob,
    BlobStore,
    HashMismatch,
    KeyRing,
    OffsetMismatch,
    UploadMissing,
    Uploads,
)
from lepton_hub.storage.upload_parts import Part, path_to_end, reached_by

CONTENT = bytes(range(256))
DIGEST = hashlib.sha256(CONTENT).hexdigest()
DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path, clock) -> BlobStore:
    scheme = "memory://" if request.param == "memory" else ""
    return BlobStore(f"{scheme}{tmp_path}", KeyRing.in_memory(), clock=clock)


@pytest.fixture
def uploads(store) -> Uploads:
    return Uploads(store, part=40)


def cut_off_after(count: int) -> Iterator[bytes]:
    yield CONTENT[:count]
    raise ConnectionError("The line is dead")


def test_a_content_in_three_calls(uploads, store):
    upload = uploads.create()
    assert uploads.offset(upload) == 0
    assert uploads.append(upload, 0, [CONTENT[:100]]) == 100
    assert uploads.append(upload, 100, [CONTENT[100:101], CONTENT[101:200]]) == 200
    assert uploads.offset(upload) == 200
    assert uploads.append(upload, 200, [CONTENT[200:]]) == 256
    assert uploads.finish(upload, DIGEST) == Blob(DIGEST, 256)
    assert b"".join(store.read(DIGEST)) == CONTENT
    assert [name for name in names_of(store, "uploads") if "parts" in name] == []


def test_an_empty_content(uploads):
    upload = uploads.create()
    assert uploads.append(upload, 0, []) == 0
    assert uploads.finish(upload, hashlib.sha256(b"").hexdigest()).size == 0


def test_what_came_before_the_line_was_cut_is_kept(uploads):
    upload = uploads.create()
    with pytest.raises(ConnectionError):
        uploads.append(upload, 0, cut_off_after(97))
    assert uploads.offset(upload) == 97
    uploads.append(upload, 97, [CONTENT[97:]])
    assert uploads.finish(upload, DIGEST).size == 256


@pytest.mark.parametrize("offset", [0, 99, 101, 1000, -1])
def test_another_offset_is_refused_with_the_right_one(uploads, offset):
    upload = uploads.create()
    uploads.append(upload, 0, [CONTENT[:100]])
    with pytest.raises(OffsetMismatch) as error:
        uploads.append(upload, offset, [CONTENT])
    assert error.value.reached == 100
    assert uploads.offset(upload) == 100


def test_two_calls_that_send_the_same_bytes_at_once_do_no_harm(uploads, store):
    upload = uploads.create()

    def interrupted() -> Iterator[bytes]:
        yield CONTENT[:50]
        assert uploads.append(upload, uploads.offset(upload), [CONTENT[40:130]]) == 130
        yield CONTENT[50:]

    assert uploads.append(upload, 0, interrupted()) == 256
    assert uploads.offset(upload) == 256
    assert uploads.finish(upload, DIGEST).size == 256


def test_a_wrong_hash_stores_nothing_and_keeps_the_upload(uploads, store):
    upload = uploads.create()
    uploads.append(upload, 0, [CONTENT])
    before = files_of(store)
    with pytest.raises(HashMismatch) as error:
        uploads.finish(upload, "0" * 64)
    assert error.value.found == DIGEST
    assert files_of(store) == before
    assert uploads.finish(upload, DIGEST).size == 256


def test_an_upload_that_is_not_complete_has_another_hash(uploads):
    upload = uploads.create()
    uploads.append(upload, 0, [CONTENT[:255]])
    with pytest.raises(HashMismatch):
        uploads.finish(upload, DIGEST)
    uploads.append(upload, 255, [CONTENT[255:]])
    uploads.finish(upload, DIGEST)


def test_finishing_twice_gives_the_same_answer(uploads):
    upload = uploads.create()
    uploads.append(upload, 0, [CONTENT])
    assert uploads.finish(upload, DIGEST) == uploads.finish(upload, DIGEST)
    assert uploads.offset(upload) == 256
    with pytest.raises(HashMismatch):
        uploads.finish(upload, "0" * 64)
    with pytest.raises(UploadMissing, match="finished"):
        uploads.append(upload, 256, [b"more"])


def test_knowing_a_hash_is_not_having_the_content(uploads, store):
    store.write([CONTENT])
    upload = uploads.create()
    with pytest.raises(HashMismatch):
        uploads.finish(upload, DIGEST)


def test_a_content_that_is_there_already_is_stored_once(uploads, store):
    store.write([CONTENT])
    upload = uploads.create()
    uploads.append(upload, 0, [CONTENT])
    uploads.finish(upload, DIGEST)
    assert len(names_of(store, "data")) == len(names_of(store, "envelopes")) == 1


def test_a_cancelled_upload_leaves_nothing(uploads, store):
    before = files_of(store)
    upload = uploads.create()
    uploads.append(upload, 0, [CONTENT])
    uploads.cancel(upload)
    assert files_of(store) == before
    assert store.place.folders("uploads") == []
    for call in (uploads.offset, uploads.cancel, lambda u: uploads.append(u, 0, [b""])):
        with pytest.raises(UploadMissing):
            call(upload)
    with pytest.raises(UploadMissing):
        uploads.finish(upload, DIGEST)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("steps", range(1, 9))
def test_what_a_kill_left_goes_with_the_next_call(uploads, store, steps, whole):
    """whole: the upload is finished when the hub is killed, otherwise it is being cancelled."""
    upload = uploads.create()
    uploads.append(upload, 0, [CONTENT])
    last = (lambda: uploads.finish(upload, DIGEST)) if whole else (lambda: uploads.cancel(upload))
    place, store.place = store.place, DyingPlace(store.place, steps)
    with pytest.raises(Died):
        last()
    store.place = place
    try:
        last()
    except UploadMissing:
        assert not whole
    left = [name for name in names_of(store, "uploads") if not name.endswith(".part")]
    assert left == ([f"uploads/{upload}/ticket"] if whole else [])


@pytest.mark.parametrize(
    "name", ["", "../data", "0" * 32, "0" * 31 + "/", "x" * 32, "0" * 32 + "\n"]
)
def test_an_id_that_is_none_is_missing(uploads, name):
    for call in (uploads.offset, uploads.cancel):
        with pytest.raises(UploadMissing):
            call(name)


def test_uploads_expire_by_the_last_that_came(uploads, store, clock):
    old, alive, finished = uploads.create(), uploads.create(), uploads.create()
    uploads.append(old, 0, [CONTENT])
    uploads.append(finished, 0, [CONTENT])
    clock.time += 2 * DAY
    uploads.append(alive, 0, [CONTENT])
    uploads.finish(finished, DIGEST)
    assert uploads.expire(DAY) == 1
    assert uploads.offset(alive) == uploads.offset(finished) == 256
    with pytest.raises(UploadMissing):
        uploads.offset(old)
    clock.time += 2 * DAY
    assert uploads.expire(DAY) == 2
    assert store.place.folders("uploads") == []
    store.check(DIGEST)


def test_parts_without_a_ticket_expire(uploads, store, clock):
    upload = uploads.create()
    uploads.append(upload, 0, [CONTENT])
    store.place.delete(f"uploads/{upload}/ticket")
    assert uploads.expire(DAY) == 0
    clock.time += 2 * DAY
    assert uploads.expire(DAY) == 1
    assert store.place.folders("uploads") == []


def test_an_upload_killed_at_any_step_goes_on_where_it_was(tmp_path):
    keys = KeyRing.in_memory()
    url = f"memory://{tmp_path}"
    upload = Uploads(BlobStore(url, keys)).create()
    acknowledged = 0
    for steps in range(100):
        store = BlobStore(url, keys)
        store.place = DyingPlace(store.place, steps)
        store._use(keys)
        uploads = Uploads(store, part=10)
        try:
            reached = uploads.offset(upload)
            assert reached >= acknowledged
            while reached < len(CONTENT):
                acknowledged = reached
                reached = uploads.append(upload, reached, [CONTENT[reached : reached + 20]])
            blob = uploads.finish(upload, DIGEST)
        except Died:
            continue
        assert blob == Blob(DIGEST, 256)
        break
    assert steps > 5
    store = BlobStore(url, keys)
    assert b"".join(store.read(DIGEST)) == CONTENT
    Uploads(store).cancel(upload)
    store.sweep(-10)
    assert len(files_of(store)) == 3


def test_the_store_holds_nothing_of_an_upload_in_the_clear(tmp_path):
    uploads = Uploads(BlobStore(str(tmp_path), KeyRing.in_memory()))
    upload = uploads.create()
    uploads.append(upload, 0, [b"a secret that repeats itself " * 10])
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"a secret" not in stored


parts = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5)), max_size=12).map(
    lambda pairs: [Part(start, start + length, 0) for start, length in pairs]
)


@given(parts)
def test_parts_reach_as_far_as_any_chain_of_them(parts):
    reachable = {0}
    for _ in parts:
        reachable |= {part.stop for part in parts if part.start in reachable}
    assert reached_by(parts) == max(reachable)
    place = 0
    for part in path_to_end(parts):
        assert part.start == place
        place = part.stop
    assert place == max(reachable)


@given(parts, parts)
def test_more_parts_never_reach_less_far(parts, more):
    assert reached_by(parts + more) >= reached_by(parts)


def test_part_names_sort_as_parts_do():
    made = [Part(2**k, 2**k + os.urandom(1)[0] + 1, 7) for k in range(43)]
    assert sorted(part.name for part in made) == [part.name for part in sorted(made)]
    assert [Part.from_name(part.name) for part in made] == made
