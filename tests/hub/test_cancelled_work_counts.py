"""What a program has used counts for its team, however soon its job is taken away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from bounded_waits import join_all, until
from pool_hub import PoolHub, pool_hub
from sqlalchemy import select

from lepton_hub.database.moments import now
from lepton_hub.jobs.job_queue import UsedResources
from lepton_hub.jobs.job_tables import JobAttempt
from lepton_hub.jobs.pool_queries import Capacity, pool_load
from lepton_hub.jobs.running.job_rooms import HeardOutput, MachineLost
from lepton_hub.jobs.running.program_process import ProgramNotStarted

SECONDS = 3.5


class EarlyRoom:
    """A machine whose program runs until `listened` returns, and has not said what it uses.

    It says so when it is stopped, as the sandbox does. lost: it has gone by then.
    """

    def __init__(self, listened: Callable[[], object], lost: bool = False) -> None:
        self.name, self.capacity = "early", Capacity(8, 2**40)
        self._listened, self._lost = listened, lost
        self.done: list[str] = []

    def begin(self, needed: int) -> None: ...

    def write(self, reference: str | None, path: str, pieces: object) -> None: ...

    def start(self, task: object) -> None: ...

    def listen(self, seconds: float) -> HeardOutput:
        self._listened()
        time.sleep(0.05)
        return HeardOutput(b"", b"", UsedResources(), None)

    def stop(self) -> UsedResources:
        self.done.append("stop")
        if self._lost:
            raise MachineLost("it is gone")
        return UsedResources(SECONDS, 2**20)

    def close(self) -> None:
        self.done.append("close")

    @contextmanager
    def room(self) -> Iterator[EarlyRoom]:
        yield self


@pytest.fixture
def pool(tmp_path) -> Iterator[PoolHub]:
    with pool_hub(tmp_path) as pool:
        yield pool


def paid(pool: PoolHub, id_: str) -> float:
    """Return what the newest attempt counts, once job and team are found to count the same."""
    with pool.hub.state.sessions.begin() as session:
        last = session.scalars(select(JobAttempt).order_by(JobAttempt.id.desc())).first()
        assert pool_load(session, now()).seconds["engines"] == last.processor_seconds
    assert pool.told(id_)["processor_seconds"] == last.processor_seconds
    return last.processor_seconds


def run_in(pool: PoolHub, room: EarlyRoom) -> None:
    pool.worker.machines = room
    assert pool.worker.run_next()
    assert room.done == ["stop", "close"]


def fail(error: Exception) -> None:
    raise error


def test_a_job_that_is_cancelled_before_its_program_has_said_anything(pool):
    id_ = pool.ask(pool.program({"a.py": "x"})).json()["id"]
    run_in(pool, EarlyRoom(lambda: pool.hub.ask("ada", "DELETE", f"/jobs/{id_}")))
    assert (pool.told(id_)["state"], pool.told(id_)["peak_memory"]) == ("cancelled", 2**20)
    assert paid(pool, id_) == SECONDS


@pytest.mark.parametrize("way", ["stopping", "not started", "disk", "mistake"])
def test_a_job_that_goes_back_into_the_queue(pool, way):
    id_ = pool.ask(pool.program({"a.py": "x"})).json()["id"]
    ways: dict[str, Callable[[], object]] = {
        "stopping": pool.worker.stop.set,
        "not started": lambda: fail(ProgramNotStarted("it went")),
        "disk": lambda: fail(OSError(28, "No space left on device")),
        "mistake": lambda: fail(RuntimeError("a mistake")),
    }
    run_in(pool, EarlyRoom(ways[way]))
    assert pool.told(id_)["state"] == "queued"
    assert paid(pool, id_) == SECONDS


def test_a_machine_that_has_gone_charges_nothing_more(pool):
    id_ = pool.ask(pool.program({"a.py": "x"})).json()["id"]
    run_in(pool, EarlyRoom(lambda: fail(MachineLost("it is gone")), lost=True))
    assert (pool.told(id_)["state"], paid(pool, id_)) == ("queued", 0.0)


def test_a_program_of_the_sandbox_counts_from_its_first_moment(pool):
    """It is cancelled as soon as it has printed: the sandbox may not have said what it uses."""
    program = pool.program({"a.py": "import time\nprint('up', flush=True)\ntime.sleep(60)"})
    id_ = pool.ask(program).json()["id"]
    thread = threading.Thread(target=pool.worker.run_next, daemon=True)
    thread.start()
    until(lambda: pool.told(id_)["log"], "its program has begun")
    pool.hub.ask("ada", "DELETE", f"/jobs/{id_}")
    join_all([thread])
    assert pool.told(id_)["state"] == "cancelled"
    assert paid(pool, id_) > 0
