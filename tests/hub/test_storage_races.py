"""Keys, contents and uploads when something else happens at the same moment, or was damaged."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from stored_files import damaged, names_of

from lepton_hub.keys import key_ring
from lepton_hub.storage import BlobDamaged, BlobStore, KeyRing, UploadMissing, Uploads


@pytest.fixture
def store(tmp_path) -> BlobStore:
    keys = KeyRing.load_or_create(tmp_path / "keys.json")
    return BlobStore(str(tmp_path / "blobs"), keys, chunk=16)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_was_damaged_without_getting_shorter_is_repaired_by_sharing_it_again(store):
    content = bytes(range(256))
    blob = store.write([content])
    damaged(store, "data")
    with pytest.raises(BlobDamaged):
        store.check(blob.sha256)
    store.write([content])
    store.check(blob.sha256)
    assert b"".join(store.read(blob.sha256)) == content


def test_a_key_is_retired_only_after_those_who_write_with_it(store, monkeypatch, tmp_path):
    """The other process of `lepton hub rotate-keys --retire` begins while an envelope is sealed."""
    operator = BlobStore(str(tmp_path / "blobs"), KeyRing.load_or_create(tmp_path / "keys.json"))
    usual = store.place.put

    def rotate() -> None:
        operator.keys.add_generation()
        operator.rotate(operator.keys)
        operator.keys.retire(1)

    rotation = threading.Thread(target=rotate)

    def put(name: str, data: bytes) -> None:
        if name.startswith("envelopes/") and not rotation.ident:
            rotation.start()
            rotation.join(0.3)
        usual(name, data)

    monkeypatch.setattr(store.place, "put", put)
    blob = store.write([b"shared at the wrong moment"])
    rotation.join(20)
    assert operator.keys.generations == (2,)
    store.check(blob.sha256)


def test_a_ring_notices_a_file_that_was_replaced_while_it_was_read(tmp_path, monkeypatch):
    path = tmp_path / "keys.json"
    other = KeyRing.load_or_create(path)
    usual = key_ring.read_key_file

    def read(file: Path) -> dict[int, bytes]:
        found = usual(file)
        monkeypatch.undo()
        other.add_generation()
        return found

    monkeypatch.setattr(key_ring, "read_key_file", read)
    ring = KeyRing.load_or_create(path)
    assert ring.generations == (2, 1)


def test_a_key_is_derived_while_another_thread_notices_new_ones():
    ring = KeyRing.in_memory()

    class Noticed(dict):
        def __setitem__(self, key: object, value: object) -> None:
            super().__setitem__(key, value)
            ring._take(dict(ring._keys))

    ring._derived = Noticed()
    assert ring.derive("a purpose") == ring.derive("a purpose")


def test_files_of_the_file_system_itself_stop_no_housekeeping(store):
    uploads = Uploads(store)
    blob = store.write([b"content"])
    upload = uploads.create()
    uploads.append(upload, 0, [b"first"])
    folder = Path(names_of(store, "data")[0]).parent
    for name in (f"{folder}/.nfs0000001", f"{folder}/.DS_Store", f"uploads/{upload}/parts/.nfs2"):
        store.place.put(name, b"not the hub's")
    assert store.sweep(-10).removed == 0
    assert uploads.offset(upload) == 5
    assert uploads.expire(1000.0) == 0
    store.check(blob.sha256)
    assert len(names_of(store, "data")) == 3


def test_housekeeping_passes_over_folders_that_vanish(store, monkeypatch, tmp_path):
    for number in range(3):
        store.write([os.urandom(9)])
        (tmp_path / "blobs" / "data" / f"z{number}").mkdir()
    usual = os.scandir

    def scandir(path: object = "."):
        if "/z" in str(path):
            raise FileNotFoundError(path)
        return usual(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert store.place.remove_partial(0, 0) == 0


@pytest.mark.parametrize("call", ["offset", "finish", "append"])
def test_an_upload_is_finished_by_another_call_in_the_middle_of_this_one(store, monkeypatch, call):
    uploads = Uploads(store, part=8)
    content = bytes(range(40))
    upload = uploads.create()
    uploads.append(upload, 0, [content])
    usual = uploads._ticket
    other = Uploads(store, part=8)

    def ticket(upload_id: str):
        found = usual(upload_id)
        monkeypatch.undo()
        other.finish(upload_id, sha256(content))
        return found

    monkeypatch.setattr(uploads, "_ticket", ticket)
    if call == "offset":
        assert uploads.offset(upload) == len(content)
    elif call == "finish":
        assert uploads.finish(upload, sha256(content)).size == len(content)
    else:
        reached = uploads.append(upload, len(content), [])
        assert reached == len(content)
    store.check(sha256(content))


def test_an_upload_that_is_just_beginning_does_not_expire(store, monkeypatch):
    uploads = Uploads(store)
    usual = store.place.put
    expired: list[int] = []

    def put(name: str, data: bytes) -> None:
        if name.endswith("/ticket"):
            (store.place._folder / name).parent.mkdir(parents=True)
            monkeypatch.setattr(store.place, "put", usual)
            latest = housekeeping._latest(name.split("/")[1])
            usual(name, data)
            expired.append(0 if latest is None else int(latest < 1000.0))
        else:
            usual(name, data)

    housekeeping = Uploads(store)
    monkeypatch.setattr(store.place, "put", put)
    upload = uploads.create()
    assert expired == [0]
    assert uploads.offset(upload) == 0


def test_a_rotation_does_not_undo_a_ticket_that_is_written_meanwhile(store, monkeypatch):
    uploads = Uploads(store)
    content = b"what arrived"
    upload = uploads.create()
    uploads.append(upload, 0, [content])
    store.keys.add_generation()
    rotating = Uploads(store)
    usual = rotating._ticket
    finishing = threading.Thread(target=uploads.finish, args=(upload, sha256(content)))

    def ticket(upload_id: str):
        found = usual(upload_id)
        monkeypatch.undo()
        finishing.start()
        finishing.join(0.3)
        return found

    monkeypatch.setattr(rotating, "_ticket", ticket)
    rotating.rotate()
    finishing.join(20)
    assert Uploads(store).finish(upload, sha256(content)).size == len(content)


def test_a_folder_without_ticket_and_parts_is_no_upload(store):
    uploads = Uploads(store)
    with pytest.raises(UploadMissing):
        uploads.offset("0" * 32)
    with pytest.raises(UploadMissing):
        uploads.offset("../../keys")
