"""What was acknowledged survives a process that is killed, whatever it was doing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from audit_logs import DATABASES, database_url, empty_log, open_engine, verdict_of
from bounded_waits import join_all
from conftest import CLONE
from sqlalchemy.orm import Session
from stored_files import names_of

from lepton_hub.audit import entries
from lepton_hub.keys import KeyRing
from lepton_hub.storage import BlobStore, Uploads

SUPPORT = CLONE / "tests" / "support"
KILLS = 10


def run_script(name: str, *arguments: object) -> str:
    """Run a script of tests/support; return what it prints."""
    paths = os.pathsep.join([str(SUPPORT), str(CLONE / "tests"), str(CLONE)])
    return subprocess.run(
        [sys.executable, SUPPORT / name, *map(str, arguments)],
        check=True, stdout=subprocess.PIPE, text=True, timeout=400,
        env={**os.environ, "PYTHONPATH": paths},
    ).stdout  # fmt: skip


@pytest.mark.parametrize("kind", DATABASES)
def test_nothing_acknowledged_is_lost_by_kills(kind, tmp_path: Path):
    keys = tmp_path / "keys.json"
    with database_url(kind, tmp_path) as url:
        engine = open_engine(url)
        empty_log(engine)
        engine.dispose()
        printed = run_script("killed_writer.py", url, tmp_path / "blobs", keys, 7, KILLS)
        acknowledged = [line.split() for line in printed.splitlines()]
        assert len(acknowledged) > KILLS
        with Session(engine) as session:
            logged = {entry.subject for entry in entries(session, limit=100_000)}
        assert verdict_of(engine).whole
        engine.dispose()
    store = BlobStore(str(tmp_path / "blobs"), KeyRing.load_or_create(keys))
    uploads = Uploads(store)
    for sha256, upload in acknowledged:
        store.check(sha256)
        assert sha256 in logged
        if upload != "-":
            assert uploads.finish(upload, sha256).sha256 == sha256
    for blob in store.blobs():
        store.check(blob.sha256)
    store.rotate(store.keys)
    store.sweep(-10)
    assert len(names_of(store, "data")) == len(names_of(store, "envelopes"))
    assert not list(tmp_path.joinpath("blobs").rglob("*.part"))


def test_memory_does_not_grow_with_a_contents_size(tmp_path):
    """256 MB in and out, at once and in parts; the script prints its growth in MB for each."""
    growth = [float(line) for line in run_script("large_blob.py", tmp_path, 256).split()]
    assert len(growth) == 4
    assert max(growth) < 60


def test_threads_that_write_the_same_content_at_once(tmp_path):
    store = BlobStore(str(tmp_path), KeyRing.in_memory())
    contents = [bytes([number]) * 1000 for number in range(3)]
    threads = [
        threading.Thread(target=lambda content=content: store.write([content]))
        for content in contents * 4
    ]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert sorted(b"".join(store.read(blob.sha256)) for blob in store.blobs()) == contents
    store.sweep(-10)
    assert len(names_of(store, "data")) == 3
