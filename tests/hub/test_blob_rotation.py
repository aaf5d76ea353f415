"""The hub's key is exchanged while the hub runs, and the exchange may be killed anywhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

import pytest
from bounded_waits import join_all
from dying_place import Died, DyingPlace
from stored_files import damaged, names_of

from lepton_hub.storage import BlobDamaged, BlobStore, KeyRing, Uploads, WrongStoreKeys


@pytest.fixture
def url(tmp_path) -> str:
    return f"memory://{tmp_path}"


def filled(url: str, keys: KeyRing, count: int = 6) -> tuple[BlobStore, dict[str, bytes]]:
    store = BlobStore(url, keys)
    contents = [os.urandom(30) for _ in range(count)]
    return store, {store.write([content]).sha256: content for content in contents}


def dying(url: str, keys: KeyRing, work: Callable[[BlobStore], object]) -> Iterator[BlobStore]:
    """Run the work again and again, dying one step later each time, until it comes to its end.

    Yields a store of a process that starts after each death.
    """
    for steps in range(1000):
        store = BlobStore(url, keys)
        store.place = DyingPlace(store.place, steps)
        store._use(keys)
        try:
            work(store)
        except Died:
            yield BlobStore(url, keys)
        else:
            return
    pytest.fail("It never ends")


def test_rotation_seals_every_key_anew_and_leaves_data_alone(url):
    keys = KeyRing.in_memory()
    store, contents = filled(url, keys)
    data, envelopes = names_of(store, "data"), names_of(store, "envelopes")
    keys.add_generation()
    store.write([b"written between"])
    assert store.generations() == {1: 6, 2: 1}
    assert store.rotate(keys) == 6
    assert store.generations() == {2: 7}
    assert store.rotate(keys) == 0
    assert set(data) < set(names_of(store, "data"))
    assert not set(envelopes) & set(names_of(store, "envelopes"))
    keys.retire(1)
    for digest, content in contents.items():
        assert b"".join(store.read(digest)) == content


def test_before_and_during_a_rotation_everything_is_found_stored_once_and_deleted(url):
    keys = KeyRing.in_memory()
    store, contents = filled(url, keys, 3)
    kept, doubled, gone = contents
    keys.add_generation()
    store.write([contents[doubled]])
    store.delete(gone)
    assert kept in store and gone not in store
    assert len(names_of(store, "data")) == 2
    assert sorted(blob.sha256 for blob in store.blobs()) == sorted([kept, doubled])
    store.rotate(keys)
    assert len(names_of(store, "envelopes")) == 2
    store.delete(doubled)
    assert [blob.sha256 for blob in store.blobs()] == [kept]


def test_a_rotation_killed_at_any_step_loses_nothing_and_goes_on(url):
    keys = KeyRing.in_memory()
    _, contents = filled(url, keys)
    keys.add_generation()
    deaths = 0
    for store in dying(url, keys, lambda store: store.rotate(keys)):
        deaths += 1
        for digest, content in contents.items():
            assert b"".join(store.read(digest)) == content
        assert sorted(blob.sha256 for blob in store.blobs()) == sorted(contents)
    assert deaths > 4
    keys.retire(1)
    store = BlobStore(url, keys)
    assert store.generations() == {2: 6}
    assert store.sweep(-10).removed == 0
    for digest in contents:
        store.check(digest)


def test_writes_and_deletions_killed_at_any_step_leave_what_a_sweep_removes(url):
    keys = KeyRing.in_memory()
    _, contents = filled(url, keys, 2)
    kept, deleted = contents
    contents["new"] = b"new"

    def work(store: BlobStore) -> None:
        store.write([contents["new"]])
        if deleted in store:
            store.delete(deleted)

    for store in dying(url, keys, work):
        assert b"".join(store.read(kept)) == contents[kept]
        for blob in store.blobs():
            store.check(blob.sha256)
    store = BlobStore(url, keys)
    store.sweep(-10)
    assert len(names_of(store, "data")) == len(names_of(store, "envelopes")) == 2


def test_one_damaged_envelope_does_not_stop_the_rotation_of_the_others(url):
    keys = KeyRing.in_memory()
    store, contents = filled(url, keys, 1)
    damaged(store, "envelopes")
    others = [store.write([bytes([n])]).sha256 for n in range(5)]
    keys.add_generation()
    with pytest.raises(BlobDamaged, match="1 envelopes"):
        store.rotate(keys)
    keys.retire(1)
    store = BlobStore(url, keys)
    for digest in others:
        store.check(digest)
    [lost] = contents
    assert lost not in store


def test_retiring_a_key_before_the_rotation_is_noticed_at_the_next_start(url):
    keys = KeyRing.in_memory()
    filled(url, keys)
    keys.add_generation()
    keys.retire(1)
    with pytest.raises(WrongStoreKeys):
        BlobStore(url, keys)


def test_a_running_service_follows_a_rotation_by_another_process(url, tmp_path):
    path = tmp_path / "keys.json"
    service, contents = filled(url, KeyRing.load_or_create(path))
    operator_keys = KeyRing.load_or_create(path)
    operator_keys.add_generation()
    BlobStore(url, operator_keys).rotate(operator_keys)
    operator_keys.retire(1)
    for digest in contents:
        service.check(digest)
    service.write([b"new"])
    assert service.generations() == {2: len(contents) + 1}


def test_unfinished_uploads_are_rotated_too(url):
    keys = KeyRing.in_memory()
    store = BlobStore(url, keys)
    uploads = Uploads(store)
    upload = uploads.create()
    uploads.append(upload, 0, [b"first "])
    keys.add_generation()
    store.rotate(keys)
    assert uploads.rotate() == 1
    assert uploads.rotate() == 0
    keys.retire(1)
    uploads.append(upload, 6, [b"second"])
    digest = store.write([b"first second"]).sha256
    assert uploads.finish(upload, digest).size == 12


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_contents_are_written_read_and_deleted_while_keys_are_rotated(tmp_path, scheme):
    keys = KeyRing.load_or_create(tmp_path / "keys.json")
    store, contents = filled(f"{scheme}{tmp_path}/blobs", keys, 20)
    problems: list[BaseException] = []
    over = threading.Event()

    def use(number: int) -> None:
        try:
            while not over.is_set():
                for digest, content in contents.items():
                    assert b"".join(store.read(digest)) == content
                own = store.write([b"of thread %d" % number])
                store.check(own.sha256)
                store.delete(own.sha256)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        operator = KeyRing.load_or_create(tmp_path / "keys.json")
        operator.add_generation()
        BlobStore(f"{scheme}{tmp_path}/blobs", operator).rotate(operator)
    over.set()
    join_all(threads)
    assert problems == []
    assert set(store.generations()) == {5}
    assert sorted(blob.sha256 for blob in store.blobs()) == sorted(contents)
