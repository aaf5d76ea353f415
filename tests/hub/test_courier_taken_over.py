"""A hostile worker has taken over the process that speaks with the cluster, and attacks the hub.

Whatever it answers, the hub's worker goes on, the job ends or goes back into the queue, and what is
kept of it stays small.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bounded_waits import join_all, until
from hostile_courier import NAME, write_courier
from pool_hub import PoolHub, pool_hub

from lepton_hub.jobs.cluster import cluster_machines, courier_process
from lepton_hub.jobs.cluster.cluster_machines import ClusterMachines
from lepton_hub.jobs.job_settings import JobSettings

LOST = "the machine running it no longer answers"
LARGE = {"blob.bin": os.urandom(9 << 20)}


class Attacked:
    """A hub whose jobs go to a courier that is not its own any more."""

    def __init__(self, pool: PoolHub, folder: Path) -> None:
        self.pool, self.folder = pool, folder

    @contextmanager
    def by(self, attack: str) -> Iterator[None]:
        """Have the courier attack; no job is left afterwards."""
        write_courier(self.folder, attack)
        settings = JobSettings(self.folder, lease=5.0)
        self.pool.worker.machines = ClusterMachines("tls://10.0.0.1:8786", settings)
        try:
            yield
        finally:
            self.pool.worker.machines.close()
            for job in self.pool.hub.get("ada", "/jobs").json()["jobs"]:
                self.pool.hub.ask("ada", "DELETE", f"/jobs/{job['id']}")

    def asked(self, **more: object) -> str:
        return self.pool.ask("engines/code@1", **more).json()["id"]

    def run(self, attack: str, **limits: int) -> dict[str, object]:
        """Have one job run there; return what is told of it."""
        with self.by(attack):
            id_ = self.asked(limits={"seconds": 60, **limits})
            self.pool.worker.run_next()
            return self.pool.told(id_)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taken")
    with pytest.MonkeyPatch.context() as patch, pool_hub(folder / "hub", attempts=9) as pool:
        patch.setattr(courier_process, "_COURIER", NAME)
        patch.setenv("PYTHONPATH", str(folder))
        pool.program({"a.py": ""})
        pool.hub.make("ada", "engines/large")
        pool.hub.add("ada", "engines/large", LARGE)
        yield Attacked(pool, folder)


def test_without_an_attack_the_job_succeeds(attacked):
    assert attacked.run("")["state"] == "succeeded"


@pytest.mark.parametrize("step", ["begin", "write", "start"])
def test_it_stops_reading(attacked, monkeypatch, step):
    """A pipe holds 64 KiB: who writes more into it would wait for ever, and hold the job."""
    monkeypatch.setattr(courier_process, "ANSWER_SECONDS", 2.0)
    with attacked.by(f"if step == {step!r}:\n    say({{}})\n    time.sleep(600)"):
        id_ = attacked.asked(inputs=["engines/large@1"])
        thread = threading.Thread(target=attacked.pool.worker.run_next, daemon=True)
        thread.start()
        join_all([thread], 40)
        assert attacked.pool.told(id_)["state"] == "queued"


@pytest.mark.parametrize("answer", [
    'raw(\'{"told": {}, "bytes": Infinity}\')', 'raw(\'{"told": {}, "bytes": -1}\')',
    'raw(\'{"told": {}, "bytes": 1e30}\')', 'raw("[" * 100000)', 'raw("7")',
    'raw(\'{"told": [["problem", {}]], "bytes": 0}\')', "raw('{\"told\": {}}')",
    'say({"problem": "system", "number": 10**30})', 'say({"problem": "x", "why": "\\ud800"})',
    'say({"problem": ["scheduler"], "why": {}})', "os._exit(0)",
])  # fmt: skip
@pytest.mark.parametrize("step", ["room", "listen"])
def test_it_answers_nonsense(attacked, step, answer):
    told = attacked.run(f"if step == {step!r}:\n    {answer}\n    return")
    assert told["state"] == "queued", told


@pytest.mark.parametrize("used", ["[]", "[-1.0, 0]", "['x', 0]", "[1e400, 0]", "[0.1]"])
def test_it_says_nonsense_of_what_was_used(attacked, used):
    told = attacked.run(f"if step == 'stop':\n    return say({{'used': {used}}})")
    assert (told["state"], told["processor_seconds"] < 60) == ("queued", True)


@pytest.mark.parametrize("name", ["\\ud800", "x\\x00y", "x" * 10**6, "\\u202edrawer", ""])
def test_it_gives_itself_a_name(attacked, name):
    attack = f"if step == 'room':\n    return say({{**ROOM, 'name': '{name}'}})"
    assert attacked.run(attack)["state"] == "succeeded"


@pytest.mark.parametrize("capacity", [{"processors": 2**70}, {"memory": True}, {"processors": 0}])
def test_it_says_that_it_is_another_machine(attacked, capacity):
    attack = f"if step == 'room':\n    return say({{**ROOM, **{capacity}}})"
    assert attacked.run(attack)["state"] == "queued"


@pytest.mark.parametrize("step", ["listen", "stop"])
def test_it_has_a_team_pay_for_what_nobody_used(attacked, step):
    attack = f"if step == {step!r}:\n    return say({{**ENDS, 'used': [2.0**60, 2**60]}})"
    told = attacked.run(attack)
    assert told["state"] == "succeeded"
    assert told["processor_seconds"] < 60


def test_its_program_does_not_end(attacked, monkeypatch, capfd):
    monkeypatch.setattr(cluster_machines, "LATE_SECONDS", 0.0)
    told = attacked.run("if step == 'listen':\n    return say(RUNS)", seconds=1)
    assert (told["state"], LOST in capfd.readouterr().err) == ("queued", True)


def test_it_does_not_wait(attacked):
    """Each answer with something new is a transaction: thousands would keep others from theirs."""
    attack = """
if step == 'listen' and time.monotonic() - began < 4:
    return say({**RUNS, 'used': [len(heard) / 1e6, 0], 'output': 1}, b'x')
if step == 'listen':
    return say({**ENDS, 'output': 20}, b' %18d\\n' % len(heard))
"""
    told = attacked.run(attack)
    assert told["state"] == "succeeded"
    assert int(told["log"].split()[1]) < 15


@pytest.mark.parametrize("file", [
    "['a', 10**6]", "['../a', 1]", "['a\\x00', 1]", "['\\ud800', 1]", "['a', 2**49]", "['a', -1]",
    "['a']", "[1, 'a']", "['a', 1], ['A', 1]",
])  # fmt: skip
def test_it_leaves_strange_files(attacked, file, capfd):
    """The first one comes byte by byte: it would take for ever."""
    attack = f"""
if step == 'results':
    return say({{'files': [{file}], 'left_out': []}})
if step == 'read':
    return say({{}}, b'x')
"""
    told = attacked.run(attack)
    assert (told["state"], LOST in capfd.readouterr().err) == ("queued", True)


def test_what_it_says_is_cut(attacked, capfd):
    attack = """
if step == 'room':
    return say({**ROOM, 'notes': ['\\ud800' + str(n) + 'x' * 10**6 for n in range(8)]})
if step == 'listen':
    return say({**RUNS, 'end': [1, 'y\\ud800' * 10**6]})
"""
    told = attacked.run(attack)
    assert told["state"] == "failed"
    assert len(told["detail"]) < 1000
    assert sum(map(len, attacked.pool.worker.machines._told)) < 10_000
    assert len(capfd.readouterr().err) < 10_000
    attack = """
if step == 'results':
    return say({'files': [['a', 1]], 'left_out': ['z\\ud800\\n' * 10**5] * 3})
if step == 'read':
    return say({}, b'x')
"""
    told = attacked.run(attack)
    assert told["state"] == "succeeded"
    assert len(told["log"]) < 5000


def test_a_job_that_is_cancelled_does_not_wait_for_slow_results(attacked):
    attack = """
if step == 'results':
    return say({'files': [[f'f{n}', 1] for n in range(400)], 'left_out': []})
if step == 'read':
    time.sleep(0.2)
    return say({}, b'x')
"""
    pool = attacked.pool
    with attacked.by(attack):
        id_ = attacked.asked()
        thread = threading.Thread(target=pool.worker.run_next, daemon=True)
        thread.start()
        until(lambda: pool.told(id_)["state"] == "running", "it has begun")
        time.sleep(1)
        pool.hub.ask("ada", "DELETE", f"/jobs/{id_}")
        join_all([thread], 20)
        assert pool.told(id_)["state"] == "cancelled"
