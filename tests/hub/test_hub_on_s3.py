"""The hub with its contents in a bucket of S3: what it answers, and what its commands say."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from s3_bucket import BUCKET, MISSING, PART
from small_hub import SmallHub, small_hub
from stored_files import names_of
from typer.testing import CliRunner

from lepton_hub.commands import hub_app
from lepton_hub.storage import BlobStore, KeyRing, StorageUnavailable

pytest_plugins = ["s3_bucket"]

CONTENT = os.urandom(17 * PART)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
RIDES = "/items/engines/rides"


@pytest.fixture
def url(bucket) -> str:
    return bucket.new_folder()


@pytest.fixture(scope="module")
def folder_of_a_hub(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    with small_hub(folder, database=f"sqlite:///{folder}/hub.sqlite"):
        pass
    return folder


@pytest.mark.parametrize(
    ("variables", "place", "words"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, f"s3://{BUCKET}/a", "refuses this account"),
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, f"s3://{BUCKET}/a", "refuses this account"),
        ({}, f"s3://{MISSING}/a", f"There is no bucket {MISSING}"),
        ({"AWS_ENDPOINT": "http://127.0.0.1:9"}, f"s3://{BUCKET}/a", "cannot be reached"),
        ({"AWS_ALLOW_HTTP": "false"}, f"s3://{BUCKET}/a", "set AWS_ALLOW_HTTP=true"),
    ],
)
def test_a_mistake_is_said_in_words(bucket, monkeypatch, folder_of_a_hub, variables, place, words):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageUnavailable, match=words):
        BlobStore(place, KeyRing.in_memory())
    folder = str(folder_of_a_hub)
    monkeypatch.setenv("LEPTON_HUB_BLOBS", place)
    for command in (["verify", folder, "--contents"], ["rotate-keys", folder]):
        said = CliRunner().invoke(hub_app, command)
        assert said.exit_code == 1
        assert words in said.output
        assert "Traceback" not in said.output
        assert bucket.secret not in said.output


@pytest.fixture
def hub(url, tmp_path) -> Iterator[SmallHub]:
    database = f"sqlite:///{tmp_path}/hub.sqlite"
    with small_hub(tmp_path, database=database, blobs=url) as hub:
        hub.make("ada", "engines/rides")
        yield hub


def test_the_hub_says_that_it_cannot_reach_its_files_and_goes_on(hub, bucket):
    upload = hub.upload("ada", CONTENT)
    told = {"files": [{"path": "a.csv", "upload": upload}]}
    ways = {
        "begin": lambda: hub.post("ada", "/uploads", {"size": 1, "sha256": DIGEST}),
        "offset": lambda: hub.get("ada", f"/uploads/{upload}"),
        "add": lambda: hub.post("ada", f"{RIDES}/versions", told),
    }
    bucket.fails(503)
    for way, ask in ways.items():
        answer = ask()
        assert answer.status_code == 503, way
        assert answer.headers["retry-after"]
        assert "cannot reach its stored files" in answer.json()["detail"]
    bucket.heal()
    assert ways["offset"]().json()["offset"] == len(CONTENT)
    assert ways["add"]().status_code == 201
    file = f"{RIDES}/versions/1/files/a.csv"
    bucket.fails("gone")
    assert hub.get("ada", file).status_code == 503
    assert hub.get("ada", RIDES).status_code == 200
    bucket.heal()
    assert hub.get("ada", file).content == CONTENT
    part = hub.get("ada", file, headers={"Range": "bytes=262100-262200"})
    assert part.content == CONTENT[262100:262201]


def test_what_could_not_be_erased_is_erased_later(hub, bucket):
    hub.add("ada", "engines/rides", {"a.csv": b"content"})
    digest = hashlib.sha256(b"content").hexdigest()
    bucket.fails(503, method="POST|DELETE")
    hub.ask("ada", "DELETE", RIDES)
    assert hub.log(action="content.erase") == []
    bucket.heal()
    hub.state.erase()
    assert [entry.subject for entry in hub.log(action="content.erase")] == [digest]
    assert digest not in hub.state.store


def test_verify_reads_contents_in_a_bucket(hub, url, monkeypatch, tmp_path):
    hub.add("ada", "engines/rides", {"a.csv": b"content"})
    monkeypatch.setenv("LEPTON_HUB_BLOBS", url)
    verify = ["verify", str(tmp_path), "--contents"]
    assert "Damaged contents: 0" in CliRunner().invoke(hub_app, verify).output
    [data] = names_of(hub.state.store, "data")
    hub.state.store.place.put(data, b"other bytes")
    assert "Damaged contents: 1" in CliRunner().invoke(hub_app, verify).output
    assert "Key 2 is in use" in CliRunner().invoke(hub_app, ["rotate-keys", str(tmp_path)]).output
