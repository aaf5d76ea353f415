"""Jobs whose programs run on a Dask cluster: as here. Machines get lost, and some are hostile."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable

import pytest
from cluster_attacks import IN_THE_COURIER, LOOK_AROUND, TRAITOR
from dask_programs import TLS, certificates_in_environment, eventually, make_keys
from job_cluster import JobCluster, job_cluster
from pool_hub import RESULT

from autograder.sandbox import linux
from lepton_hub.audit import verify
from lepton_hub.jobs.cluster.cluster_machines import ClusterMachines
from lepton_hub.jobs.job_settings import JobSettings

MIB = 2**20


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with job_cluster(tmp_path_factory.mktemp("c"), attempts=2) as cluster:
        yield cluster


PROGRAM = """\
import json, os
from pathlib import Path
import helper
data = Path("inputs/engines/rides@1/rides.bin").read_bytes()
print(len(data), data[:3], data[-3:], helper.NAME)
print(json.loads(Path(os.environ["LEPTON_JOB_PARAMETERS"]).read_text()))
Path("results/deep").mkdir()
Path("results/deep/model.bin").write_bytes(data[::-1])
Path("results/empty.txt").touch()
Path("results/bad.pkl").write_bytes(b"x")
Path("results/link").symlink_to("/etc/passwd")
Path("events.out.tfevents.1.host").write_bytes(b"board")
with open("metrics.jsonl", "w") as file:
    for step in range(3):
        file.write(json.dumps({"step": step, "loss": 1 / (step + 1)}) + "\\n")
"""


def test_a_job_runs_there_as_it_would_here(cluster):
    pool = cluster.pool
    content = b"abc" + os.urandom(9 * MIB) + b"xyz"  # travels in three pieces
    pool.hub.make("ada", "engines/rides")
    pool.hub.add("ada", "engines/rides", {"rides.bin": content})
    program = pool.program({"main.py": PROGRAM, "helper.py": "NAME = 'beside'"})
    asked = pool.ask(program, path="main.py", inputs=["engines/rides@1"], parameters={"epochs": 3})
    cluster.run_next()
    job = pool.told(asked.json()["id"])
    assert (job["state"], job["result"], job["attempts"]) == ("succeeded", f"{RESULT}@1", 1), job
    lines = job["log"].splitlines()
    assert lines[:2] == [f"{len(content)} b'abc' b'xyz' beside", "{'epochs': 3}"]
    assert "Left out: link: it is not a regular file" in lines
    assert "Left out: bad.pkl: a pickle, which can run code when opened" in lines
    assert pool.results(job) == {
        "deep/model.bin": content[::-1],
        "empty.txt": b"",
        "tensorboard/events.out.tfevents.1.host": b"board",
    }
    version = pool.hub.get("ada", f"/items/{RESULT}/versions/1").json()
    assert version["made_from"] == [program, "engines/rides@1"]
    told = pool.hub.get("ada", f"/jobs/{job['id']}/metrics").json()
    assert told["series"][0]["values"] == [1.0, 0.5, pytest.approx(1 / 3)]
    assert 0 < told["processor_seconds"] < 20
    [begun] = pool.hub.log(action="job.start", subject=job["id"])
    assert "anvil (tls://127.0.0.1:" in str(begun.detail)
    assert cluster.jobs_of("anvil") == []
    assert not (cluster.folder / "hub/jobs").exists() or not [
        *(cluster.folder / "hub/jobs").iterdir()
    ]
    with pool.hub.state.sessions.begin() as session:
        assert verify(session).whole


def test_limits_hold_there(cluster):
    slow = cluster.pool.ran("import time\ntime.sleep(60)", limits={"seconds": 1})
    assert (slow["state"], slow["detail"]) == ("failed", "It was stopped: it ran longer than 1 s.")
    source = "x = []\nwhile True: x.append(bytes(2**24))"
    large = cluster.pool.ran(source, limits={"memory": 128 * MIB})
    assert large["state"] == "failed"
    assert "MemoryError" in large["log"]
    assert cluster.jobs_of("anvil") == []


def test_cancelling_reaches_it(cluster):
    id_, thread = cluster.begun("import time\nprint('up', flush=True)\ntime.sleep(60)")
    assert len(cluster.jobs_of("anvil")) == 1
    cluster.pool.hub.ask("ada", "DELETE", f"/jobs/{id_}")
    thread.join(30)
    assert not thread.is_alive()
    job = cluster.pool.told(id_)
    assert (job["state"], job["detail"], job["log"]) == ("cancelled", "Cancelled by ada.", "up\n")
    assert cluster.jobs_of("anvil") == []


LASTING = """\
import time
print("begun", flush=True)
time.sleep(3)
open("results/a.txt", "w").write("done")
"""


def interrupted(cluster: JobCluster, interrupt: Callable[[], None]) -> str:
    """Run a job that is interrupted once; check that it ends once, in one version.

    Return what is told of the interruption.
    """
    versions = f"/items/{RESULT}/versions"
    before = len(cluster.pool.hub.get("ada", versions).json()["versions"])
    id_, thread = cluster.begun(LASTING)
    interrupt()
    thread.join(60)
    assert not thread.is_alive()
    assert cluster.pool.told(id_)["state"] == "queued"
    cluster.run_next()
    job = cluster.pool.told(id_)
    assert (job["state"], job["attempts"]) == ("succeeded", 2), job
    assert cluster.pool.results(job) == {"a.txt": b"done"}
    assert len(cluster.pool.hub.get("ada", versions).json()["versions"]) == before + 1
    assert len(cluster.pool.hub.log(action="job.end", subject=id_)) == 1
    [again] = cluster.pool.hub.log(action="job.again", subject=id_)
    return str(again.detail)


def test_a_worker_that_is_killed_gives_its_job_to_another_one(cluster):
    """Meanwhile the other one hangs, and nobody waits for it."""
    anvil, bellows = cluster.workers["anvil"], cluster.add_worker("bellows", 1)

    def kill() -> None:
        os.killpg(bellows.pid, signal.SIGKILL)
        os.killpg(anvil.pid, signal.SIGCONT)

    os.killpg(anvil.pid, signal.SIGSTOP)
    try:
        told = interrupted(cluster, kill)
    finally:
        os.killpg(anvil.pid, signal.SIGCONT)
    assert "the machine running it no longer answers" in told


def _named_next(cluster: JobCluster) -> str:
    """Return the name of the worker that has the most room."""
    with cluster.machines.room() as room:
        return room.name if room else ""


def test_a_way_to_the_cluster_that_is_lost_counts_as_no_death_and_the_program_ends(cluster):
    """The machine hears nothing any more of a job, which may have begun elsewhere: it ends it."""
    courier = cluster.machines._courier
    assert courier is not None
    told = interrupted(cluster, lambda: os.kill(courier._process.pid, signal.SIGKILL))
    assert "The worker could not run it: " in told
    assert eventually(lambda: cluster.jobs_of("anvil") == [], 20)
    with cluster.pool.hub.state.sessions.begin() as session:
        assert verify(session).whole


def test_a_hub_that_stops_gives_its_job_back_and_ends_the_program(cluster):
    id_, thread = cluster.begun("import time\nprint('up', flush=True)\ntime.sleep(60)")
    cluster.pool.worker.stop.set()
    try:
        thread.join(30)
        assert not thread.is_alive()
    finally:
        cluster.pool.worker.stop.clear()
    assert cluster.jobs_of("anvil") == []
    assert cluster.pool.told(id_)["state"] == "queued"
    cluster.pool.hub.ask("ada", "DELETE", f"/jobs/{id_}")


def test_a_hostile_program_finds_nothing_of_the_cluster(cluster):
    assert eventually(lambda: _named_next(cluster))
    other = cluster.folder / "anvil/dask-scratch-space/lepton-jobs/job-other"
    (other / "given").mkdir(parents=True)
    (other / "given/secret.txt").write_text("CANARY")
    with cluster.machines.room() as room:
        assert room is not None
        worker = int(room.name.rstrip(")").rpartition(":")[2])
    facts = {
        "keys": str(cluster.keys),
        "scheduler": int(cluster.address.rpartition(":")[2]),
        "worker": worker,
        "address": cluster.address,
        "other": str(other),
        "hub": str(cluster.folder / "hub"),
    }
    job = cluster.pool.ran(LOOK_AROUND.format(**facts))
    (other / "given/secret.txt").unlink()
    (other / "given").rmdir()
    other.rmdir()
    assert job["state"] == "succeeded", job
    found = [line for line in job["log"].splitlines() if not line.endswith(" nothing")]
    assert found == ["The job left no files."]
    assert job["log"].count("nothing") == 14
    for port in (facts["scheduler"], facts["worker"]):  # they are there
        socket.create_connection(("127.0.0.1", port), 5).close()


def test_a_hostile_worker_gets_nothing_of_the_hub(cluster, tmp_path, monkeypatch):
    """Its answer is a pickle that runs where it is opened: in the process that is for that."""
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    cluster.machines.close()  # the process to come has this in reach, if anything
    hub = cluster.folder / "hub"
    unix = str(tmp_path / "database.sock")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        (hub / "keys.json").exists() or (hub / "keys.json").write_text("{}")
        local.bind(unix)
        local.listen()
        code = IN_THE_COURIER.format(hub=str(hub), unix=unix, port=server.getsockname()[1])
        (tmp_path / "traitor.py").write_text(TRAITOR.format(code=code))
        traitor = cluster.add_worker("traitor", 1, "--preload", str(tmp_path / "traitor.py"))
        server.settimeout(0.1)
        said = ""
        for _ in range(300):
            with cluster.machines.room():
                pass
            try:
                with server.accept()[0] as told:
                    told.settimeout(30)  # it does not have that of the server
                    said = told.makefile().read()
            except TimeoutError:
                continue
            break
    os.killpg(traitor.pid, signal.SIGKILL)
    found = [line for line in said.splitlines() if not line.endswith(" nothing")]
    open_anyway = ["signal FOUND"] if linux.landlock_version() < 6 else []
    assert (len(said.splitlines()), found) == (10, open_anyway), said
    assert cluster.pool.ran("print(1)")["state"] == "succeeded"


def test_nobody_without_the_right_certificate_gets_in(cluster, tmp_path, capfd, monkeypatch):
    settings = JobSettings(tmp_path)
    with certificates_in_environment(make_keys(tmp_path / "strange")):
        strange = ClusterMachines(cluster.address, settings)
        with strange.room() as room:
            assert room is None
    for name in [name for name in os.environ if name.startswith(TLS)]:
        monkeypatch.delenv(name)
    bare = ClusterMachines(cluster.address, settings)
    with bare.room() as room:
        assert room is None
    said = capfd.readouterr().err
    assert said.count(f"The Dask scheduler at {cluster.address} cannot be used: ") == 2
    assert "it requires certificates: set distributed.comm.tls.ca-file" in said
