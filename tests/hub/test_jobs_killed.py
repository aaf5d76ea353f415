"""Workers that die: each job ends once, in one version; what was theirs is taken back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from audit_logs import DATABASES, database_url
from bounded_waits import until
from conftest import CLONE
from pool_hub import RESULT, PoolHub, pool_hub
from small_hub import small_hub

from lepton_hub.audit import verify
from lepton_hub.catalogue.contents import SeenContents
from lepton_hub.database.moments import now
from lepton_hub.jobs.job_queue import LeaseLost, claim_job
from lepton_hub.jobs.running.job_folder import remove_left_behind
from lepton_hub.jobs.running.job_results import succeed
from lepton_hub.jobs.running.local_room import capacity_here
from lepton_hub.jobs.running.program_process import ProgramNotStarted
from lepton_hub.storage import StorageError

KILLS = {"sqlite": 20, "postgresql": 10}
JOBS = {"sqlite": 12, "postgresql": 6}
PROGRAM = """\
import json, os, time
own = json.load(open(os.environ["LEPTON_JOB_PARAMETERS"]))["n"]
print("begun", own, flush=True)
time.sleep(0.5)
open("results/own.txt", "w").write(str(own))
"""


@pytest.mark.parametrize("kind", DATABASES)
def test_each_job_ends_once_however_many_workers_die(kind, tmp_path: Path):
    with database_url(kind, tmp_path) as url:
        place = {"database": url, "blobs": str(tmp_path / "blobs")}
        with small_hub(tmp_path, **place) as hub:
            pool = PoolHub(hub)
            program = pool.program({"a.py": PROGRAM})
            ids = [pool.ask(program, parameters={"n": n}).json()["id"] for n in range(JOBS[kind])]
            paths = [str(CLONE / "tests" / "support"), str(CLONE / "tests"), str(CLONE)]
            command = [sys.executable, paths[0] + "/killed_pool.py", tmp_path, url, "3"]
            killed = subprocess.run(
                [*map(str, command), str(KILLS[kind])],
                check=True, stdout=subprocess.PIPE, timeout=400,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            ).stdout  # fmt: skip
            assert int(killed) == KILLS[kind]
            told = [pool.told(id_) for id_ in ids]
            assert [job["state"] for job in told] == ["succeeded"] * JOBS[kind]
            assert sum(job["attempts"] for job in told) > JOBS[kind]
            versions = hub.get("ada", f"/items/{RESULT}/versions").json()["versions"]
            made = Counter(version["made_with"] for version in versions)
            assert made == Counter({f"job {id_}": 1 for id_ in ids})
            contents = {pool.results(job)["own.txt"] for job in told}
            assert contents == {str(n).encode() for n in range(JOBS[kind])}
            ends = Counter(entry.subject for entry in hub.log(action="job.end", limit=1000))
            assert ends == Counter(ids)
            with hub.state.sessions.begin() as session:
                assert verify(session).whole
    time.sleep(0.2)
    remove_left_behind(tmp_path / "jobs")
    assert list((tmp_path / "jobs").iterdir()) == []


@pytest.fixture
def pool(tmp_path):
    with pool_hub(tmp_path, attempts=2) as pool:
        yield pool


def test_a_worker_that_was_thought_dead_changes_nothing(pool):
    """It comes back after its job was given to another one: its results are not kept."""
    id_ = pool.ask(pool.program({"a.py": "open('results/a', 'w').write('second')"})).json()["id"]
    sessions, settings, worker = pool.hub.state.sessions, pool.settings, pool.worker
    capacity = capacity_here()
    long_ago = now() - timedelta(seconds=60)
    with sessions.begin() as session:
        lease = claim_job(session, "late", capacity, settings, now() + timedelta(days=1))
    assert lease is not None
    with sessions.begin() as session:
        session.connection().exec_driver_sql("UPDATE job_attempts SET lease_until = '2000-01-01'")
    until(worker.run_next, "it runs again: it is taken back, and waits a moment")
    person = pool.hub.known.people["ada"]
    with pytest.raises(LeaseLost), sessions.begin() as session:
        succeed(session, SeenContents([], 0), lease, person, long_ago)
    job = pool.told(id_)
    assert (job["state"], job["attempts"]) == ("succeeded", 2)
    assert pool.results(job) == {"a": b"second"}


def test_a_full_disk_loses_no_job(pool, monkeypatch):
    """Results are stored a moment later; a worker that cannot begin gives the job back."""
    write = pool.hub.state.store.write
    full = [OSError(28, "No space left on device"), StorageError("no space")]

    def writes(pieces, **more):
        if full:
            raise full.pop()
        return write(pieces, **more)

    asked = pool.ask(pool.program({"a.py": "open('results/a', 'w').write('x')"}))
    monkeypatch.setattr(pool.hub.state.store, "write", writes)
    assert pool.worker.run_next()
    job = pool.told(asked.json()["id"])
    assert (job["state"], job["attempts"], full) == ("succeeded", 1, [])
    id_ = pool.ask("engines/code@1").json()["id"]
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**6))
    for _ in range(4):  # more often than workers may die
        assert pool.worker.run_next()
        job = pool.told(id_)
        time.sleep(0.3)
        assert job["state"] == "queued"
    said = "The worker could not run it: No space left on device on the worker's machine."
    assert job["detail"] == f"{said} It will be retried soon."
    monkeypatch.undo()
    assert pool.worker.run_next()
    assert pool.told(id_)["state"] == "succeeded"


def test_a_program_of_which_workers_die_is_given_up(pool, monkeypatch):
    def dies(_):
        raise ProgramNotStarted("the process that watches the program has gone")

    monkeypatch.setattr("lepton_hub.jobs.running.local_room.RunningProgram", dies)
    id_ = pool.ask(pool.program({"a.py": ""})).json()["id"]
    for state in ("queued", "gave up"):
        assert pool.worker.run_next()
        assert pool.told(id_)["state"] == state
        time.sleep(0.1)
    said = "Given up after 2 attempts: The worker could not run it: the sandbox did not start."
    assert pool.told(id_)["detail"] == said
    assert not pool.worker.run_next()


def test_a_worker_that_is_asked_to_end_gives_its_job_back(pool):
    id_ = pool.ask(pool.program({"a.py": "import time\ntime.sleep(60)"})).json()["id"]
    pool.worker.stop.set()
    assert pool.worker.run_next()
    job = pool.told(id_)
    assert (job["state"], job["detail"]) == ("queued", "It is waiting for its turn.")
    assert list(pool.settings.folder.iterdir()) == []
