"""What is deleted is erased, and each erasure has its entry, wherever the hub was killed."""

from __future__ import annotations

import errno
import hashlib
import os
import time

import pytest
from small_hub import SmallHub, small_hub

from lepton_hub.api.routes import upload_routes
from lepton_hub.catalogue import erasure
from lepton_hub.identity.made_up import SECRET_BYTES, secret_in
from lepton_hub.settings import SettingsError, settings_of
from lepton_hub.storage import StorageError

pytest_plugins = ["waiting_while_writing"]
pytestmark = pytest.mark.usefixtures("nobody_waits")

RIDES = "/items/engines/rides"


def on_disk(folder):
    place = {"database": f"sqlite:///{folder}/hub.sqlite", "blobs": str(folder / "blobs")}
    return small_hub(folder, tidies=True, **place)


@pytest.fixture
def hub(tmp_path):
    with on_disk(tmp_path) as hub:
        hub.make("ada", "engines/rides")
        hub.add("ada", "engines/rides", {"a.csv": b"first", "b.csv": b"second"})
        yield hub


def erased(hub: SmallHub) -> list[tuple[str | None, str | None]]:
    return sorted((one.actor, one.subject) for one in hub.log(action="content.erase"))


FIRST, SECOND = (hashlib.sha256(content).hexdigest() for content in (b"first", b"second"))
BOTH = sorted([("ada", FIRST), ("ada", SECOND)])


def test_a_kill_between_the_erasure_and_its_entry(hub, monkeypatch):
    def dies(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(erasure, "append", dies)
    assert hub.ask("ada", "DELETE", RIDES).status_code == 200
    assert not {FIRST, SECOND} & {blob.sha256 for blob in hub.state.store.blobs()}
    assert erased(hub) == []
    monkeypatch.undo()
    hub.state.erase()
    assert erased(hub) == BOTH
    hub.state.erase()
    assert erased(hub) == BOTH


def test_a_kill_between_the_deletion_and_the_erasure(hub, monkeypatch, tmp_path):
    """The next start erases; whose deletion it was is not forgotten."""
    monkeypatch.setattr(type(hub.state), "erase", lambda _: None)
    assert hub.ask("ada", "DELETE", RIDES).status_code == 200
    assert FIRST in hub.state.store
    monkeypatch.undo()
    with on_disk(tmp_path) as again:
        for _ in range(200):
            if len(erased(again)) == 2:
                break
            time.sleep(0.05)
        assert erased(again) == BOTH
        assert FIRST not in again.state.store


def test_what_is_shared_again_meanwhile_stays(hub, monkeypatch):
    monkeypatch.setattr(type(hub.state), "erase", lambda _: None)
    hub.ask("ada", "DELETE", RIDES)
    monkeypatch.undo()
    hub.make("bose", "~bose/copy")
    hub.add("bose", "~bose/copy", {"a.csv": b"first"})
    hub.state.erase()
    assert erased(hub) == [("ada", SECOND)]
    assert hub.get("bose", "/items/~bose/copy/versions/1/files/a.csv").content == b"first"
    assert hub.ask("bose", "DELETE", "/items/~bose/copy").status_code == 200
    assert erased(hub) == sorted([("ada", SECOND), ("bose", FIRST)])


def test_one_that_cannot_be_erased_stops_no_other(hub, monkeypatch):
    delete, bad = hub.state.store.delete, min(FIRST, SECOND)

    def fails(sha256):
        if sha256 == bad:
            raise StorageError("away")
        delete(sha256)

    monkeypatch.setattr(hub.state.store, "delete", fails)
    hub.ask("ada", "DELETE", RIDES)
    assert erased(hub) == [("ada", max(FIRST, SECOND))]
    with pytest.raises(StorageError):
        hub.state.erase()
    monkeypatch.undo()
    hub.state.tidy()
    assert erased(hub) == BOTH


def test_an_upload_that_was_being_cancelled_can_be_cancelled_again(hub, monkeypatch):
    def dies(*_, **__):
        raise RuntimeError

    id_ = hub.upload("ada", b"third")
    monkeypatch.setattr(upload_routes, "note", dies)
    assert hub.ask("ada", "DELETE", f"/uploads/{id_}").status_code == 500
    monkeypatch.undo()
    assert hub.state.store.place.folders("uploads").count(id_) == 0
    assert hub.ask("ada", "DELETE", f"/uploads/{id_}").status_code == 204
    assert hub.ask("ada", "DELETE", f"/uploads/{id_}").status_code == 404
    assert [entry.subject for entry in hub.log(action="upload.cancel")] == [id_]


def test_a_secret_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    database, sign_in = tmp_path / "key", tmp_path / "sign-in"
    settings = settings_of(tmp_path, {"LEPTON_HUB_DATABASE_KEY_FILE": str(database)})
    monkeypatch.setattr(os, "fsync", full)
    for make in (settings.database_key, lambda: secret_in(sign_in)):
        with pytest.raises(OSError, match="space"):
            make()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert settings.database_key() == settings.database_key()
    sign_in.touch()  # as an earlier release could leave it: everybody knows the empty secret
    assert len(secret_in(sign_in)) == SECRET_BYTES
    assert secret_in(sign_in) == secret_in(sign_in)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    database.write_text(" \n")
    with pytest.raises(SettingsError, match="is empty"):
        settings.database_key()
