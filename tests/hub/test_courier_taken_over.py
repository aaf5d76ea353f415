"""A hostile worker has taken over the process that speaks with the cluster, and attacks the hub.

Whatever it answers, the hub's worker goes on, the job ends or goes back into the queue, and what is
kept of it stays small.
"""

from __future__ import annotations

import os
import threading
import time

import pytest
from bounded_waits import join_all, until
from hostile_courier import NAME, write_courier
from pool_hub import pool_hub

from lepton_hub.jobs.cluster import cluster_machines, courier_process
from lepton_hub.jobs.cluster.cluster_machines import ClusterMachines
from lepton_hub.jobs.job_settings import JobSettings

LOST = "the machine that had it does not answer any more"
LARGE = {"blob.bin": os.urandom(9 << 20)}


class Attacked:
    """A hub whose jobs go to a courier that is not its own any more."""

    def __init__(self, pool, machines, folder) -> None:
        self.pool, self.machines, self.folder = pool, machines, folder

    def run(self, attack: str, **limits: int) -> dict[str, object]:
        """Have one job run there; return what is told of it."""
        write_courier(self.folder, attack)
        asked = self.pool.ask(self.pool.program({"a.py": ""}), limits={"seconds": 60, **limits})
        self.machines.close()
        assert self.pool.worker.run_next() in (True, False)
        return self.pool.told(asked.json()["id"])


@pytest.fixture
def attacked(tmp_path, monkeypatch):
    monkeypatch.setattr(courier_process, "_COURIER", NAME)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    machines = ClusterMachines("tls://10.0.0.1:8786", JobSettings(tmp_path, lease=5.0))
    with pool_hub(tmp_path / "hub", machines=machines, attempts=9) as pool:
        yield Attacked(pool, machines, tmp_path)
        machines.close()


def test_without_an_attack_the_job_succeeds(attacked):
    assert attacked.run("")["state"] == "succeeded"


@pytest.mark.parametrize("step", ["write", "start"])
def test_it_stops_reading(attacked, monkeypatch, step):
    """A pipe holds 64 KiB: who writes more into it would wait for ever, and hold the job."""
    monkeypatch.setattr(courier_process, "ANSWER_SECONDS", 2.0)
    pool = attacked.pool
    pool.hub.make("ada", "engines/large")
    pool.hub.add("ada", "engines/large", LARGE)
    write_courier(attacked.folder, f"if step == {step!r}:\n    time.sleep(600)")
    program = pool.program({"a.py": ""})
    id_ = pool.ask(program, inputs=["engines/large@1"]).json()["id"]
    thread = threading.Thread(target=pool.worker.run_next, daemon=True)
    thread.start()
    join_all([thread], 40)
    assert pool.told(id_)["state"] == "queued"


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


@pytest.mark.parametrize("name", ["\\ud800", "x\\x00y", "x" * 10**6, "\\u202edrawer", ""])
def test_it_gives_itself_a_name(attacked, name):
    attack = f"if step == 'room':\n    return say({{**ROOM, 'name': '{name}'}})"
    assert attacked.run(attack)["state"] == "succeeded"


@pytest.mark.parametrize("capacity", [{"processors": 2**70}, {"memory": True}, {"processors": 0}])
def test_it_says_that_it_is_another_machine(attacked, capacity):
    attack = f"if step == 'room':\n    return say({{**ROOM, **{capacity}}})"
    assert attacked.run(attack)["state"] == "queued"


def test_it_has_a_team_pay_for_what_nobody_used(attacked):
    attack = "if step == 'listen':\n    return say({**ENDS, 'used': [2.0**60, 2**60]})"
    told = attacked.run(attack)
    assert told["state"] == "succeeded"
    assert told["processor_seconds"] < 60


def test_its_program_does_not_end(attacked, monkeypatch):
    monkeypatch.setattr(cluster_machines, "LATE_SECONDS", 0.0)
    told = attacked.run("if step == 'listen':\n    return say(RUNS)", seconds=1)
    assert (told["state"], LOST in told["detail"]) == ("queued", True)


def test_it_does_not_wait(attacked):
    """Each answer with something new is a transaction: thousands would keep others from theirs."""
    attack = """
if step == 'listen' and time.monotonic() - began < 4:
    return say({**RUNS, 'used': [len(heard) / 1e6, 0], 'output': 1}, b'x')
if step == 'listen':
    return say({**ENDS, 'output': 20}, b' %19d' % len(heard))
"""
    told = attacked.run(attack)
    assert told["state"] == "succeeded"
    assert int(told["log"].split()[1]) < 15


@pytest.mark.parametrize("file", [
    "['a', 10**6]", "['../a', 1]", "['a\\x00', 1]", "['\\ud800', 1]", "['a', 2**49]", "['a', -1]",
    "['a']", "[1, 'a']", "['a', 1], ['A', 1]",
])  # fmt: skip
def test_it_leaves_strange_files(attacked, file):
    """The first one comes byte by byte: it would take for ever."""
    attack = f"""
if step == 'results':
    return say({{'files': [{file}], 'left_out': []}})
if step == 'read':
    return say({{}}, b'x')
"""
    told = attacked.run(attack)
    assert (told["state"], LOST in told["detail"]) == ("queued", True)


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
    assert sum(map(len, attacked.machines._told)) < 10_000
    assert len(capfd.readouterr().err) < 10_000
    attack = """
if step == 'results':
    return say({'files': [['a', 1]], 'left_out': ['z\\ud800\\n' * 10**6] * 3})
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
    write_courier(attacked.folder, attack)
    pool = attacked.pool
    id_ = pool.ask(pool.program({"a.py": ""})).json()["id"]
    thread = threading.Thread(target=pool.worker.run_next, daemon=True)
    thread.start()
    until(lambda: pool.told(id_)["state"] == "running", "it has begun")
    time.sleep(1)
    pool.hub.ask("ada", "DELETE", f"/jobs/{id_}")
    join_all([thread], 20)
    assert pool.told(id_)["state"] == "cancelled"
