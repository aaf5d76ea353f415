"""Run a hub and a worker in processes that are killed, one life after the other.

`killed_hub.py` listens on a free port and prints it. Then each line of standard input is a `Life`
in JSON; once the life is over, it prints a line of JSON: who died first, "hub" or "worker", and the
seconds of processor time that the life took.
Requests that come between two lives wait for the next one.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from killed_pool import settings_for
from small_hub import KnownPeople
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from autograder.sandbox.linux import die_with_parent
from lepton_hub.api.service_state import open_service
from lepton_hub.application import create_app
from lepton_hub.jobs.running import job_run
from lepton_hub.jobs.running import worker as workers
from lepton_hub.jobs.running.job_run import JobRun
from lepton_hub.jobs.running.program_process import walls_here
from lepton_hub.jobs.worker_processes.worker_command import make_worker
from lepton_hub.server import serve
from lepton_hub.settings import HubSettings
from lepton_hub.storage import Uploads

PART = 32 * 1024
"""Bytes in a part of an upload, so that small ones have several."""
LEASE_SECONDS = 1.5
LOOK_SECONDS = 0.01
LONGEST_SECONDS = 90
"""After so long a life is over however little of the processor it has used: if those who ask wait
for each other, or have given up, it would never end by what it uses."""


@dataclass(frozen=True)
class Life:
    """How long a hub lives.

    seconds: of processor time, from when it serves to its death, or from its start where
    `starting`, so that as much happens on a busy machine; None: until standard input says
    something. steps, worker_steps: it, or its worker, dies at so many steps, if that comes sooner.
    together: the worker is killed as well, otherwise it notices that its hub has gone.
    """

    folder: str
    database: str
    seconds: float | None = None
    starting: bool = False
    steps: int = 0
    worker_steps: int = 0
    together: bool = True

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def draw_life(folder: Path, database: str, chance: random.Random, most: float) -> Life:
    """Return a life that ends at a random moment, often in the middle of a change.

    most: seconds of processor time.
    """
    life = Life(str(folder), database, 1.5 * most, together=chance.random() < 0.7)
    match chance.choice(["moment", "moment", "start", "step", "step", "step", "worker"]):
        case "moment":
            return replace(life, seconds=chance.uniform(0.02, most))
        case "start":
            return replace(life, seconds=chance.uniform(0, 0.15), starting=True)
        case "step":
            return replace(life, steps=chance.randint(1, round(250 * most)))
    return replace(life, worker_steps=chance.randint(1, 20))


class DeadlySteps:
    """Kills this process just before or just after something that lasts: a commit, a file.

    counting: set where steps count.
    """

    def __init__(self, left: int) -> None:
        self._left = left
        self.counting = True
        self._lock = threading.Lock()
        for name in ("replace", "unlink"):
            setattr(os, name, self._around(getattr(os, name)))
        event.listen(Engine, "commit", lambda _: self.step())
        event.listen(Session, "after_commit", lambda _: self.step())

    def step(self) -> None:
        with self._lock:
            self._left -= self.counting
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def _around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def deadly(*arguments: Any, **options: Any) -> Any:
            self.step()
            done = work(*arguments, **options)
            self.step()
            return done

        return deadly


def hub_settings(folder: Path, database: str) -> HubSettings:
    """Many requests, and a lease that outlasts no more than a life or two."""
    settings = settings_for(folder, database)
    jobs = replace(settings.jobs, lease=LEASE_SECONDS)
    return replace(settings, jobs=jobs, requests_a_minute=1e9, burst=10**9)


def be_hub(life: Life, listener: socket.socket, up: int, worker: int) -> NoReturn:
    """Serve. up: where to say that it begins; worker: open as long as this process lives."""
    if life.steps:
        DeadlySteps(life.steps)
    state = open_service(hub_settings(Path(life.folder), life.database), KnownPeople())
    state.uploads = Uploads(state.store, part=PART)
    os.write(up, b"u")
    serve(create_app(state), listener)
    os._exit(worker - worker)


def be_worker(life: Life, hub: int) -> NoReturn:
    """Run jobs until the hub has gone. hub: what closes then."""
    if life.worker_steps:
        die_in_a_job(DeadlySteps(life.worker_steps))
    worker = make_worker(hub_settings(Path(life.folder), life.database), None)
    for module in (workers, job_run):
        module.trouble_in_words = repr  # whoever reads this may know it all

    def listen() -> None:
        os.read(hub, 1)
        worker.stop.set()

    threading.Thread(target=listen, daemon=True).start()
    worker.run()
    os._exit(0)


def die_in_a_job(steps: DeadlySteps) -> None:
    """Have steps count from when the worker has a job: it looks for one again and again."""
    run, steps.counting = JobRun.run, False

    def counted(job: JobRun) -> None:
        steps.counting = True
        run(job)

    JobRun.run = counted


def forked(work: Callable[[], NoReturn]) -> int:
    """Fork, since a start of Python for each life would take longer than the test."""
    pid = os.fork()
    if pid:
        return pid
    os.fsync = lambda _: None  # a kill leaves the system's cache as it is
    try:
        die_with_parent(signal.SIGKILL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        work()
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def used(pid: int) -> float:
    """Return the seconds of processor time that a process has used, which nobody has waited for."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def live(life: Life, listener: socket.socket) -> str:
    """Run a life to its end; return who died first."""
    up, told_up = os.pipe()
    hub_gone, hub_there = os.pipe()

    def hub() -> NoReturn:
        os.close(hub_gone)
        be_hub(life, listener, told_up, hub_there)

    def worker() -> NoReturn:
        os.close(hub_there)
        listener.close()
        be_worker(life, hub_gone)

    pids = [forked(hub)]
    ends = [os.pidfd_open(pids[0])]
    if not life.starting:
        select.select([up, *ends], [], [], 60)
        pids.append(forked(worker))
        ends.append(os.pidfd_open(pids[1]))
    for descriptor in (up, told_up, hub_gone, hub_there):
        os.close(descriptor)
    told = [sys.stdin] if life.seconds is None else []
    pause = None if life.seconds is None else LOOK_SECONDS
    enough, end = used(pids[0]) + (life.seconds or 0), time.monotonic() + LONGEST_SECONDS
    ready: list[object] = []
    while not ready and (pause is None or (used(pids[0]) < enough and time.monotonic() < end)):
        ready = select.select([*ends, *told], [], [], pause)[0]
    if sys.stdin in ready:
        sys.stdin.readline()
    for pid in pids[: 1 + life.together]:
        os.kill(pid, signal.SIGKILL)
    for pid, ended in zip(pids, ends, strict=True):
        if not select.select([ended], [], [], LONGEST_SECONDS)[0]:
            os.kill(pid, signal.SIGKILL)  # a worker that does not notice that its hub has gone
        os.waitpid(pid, 0)
        os.close(ended)
    return "worker" if ready == ends[1:] else "hub"


def main() -> None:
    """Live as often as it is told to."""
    walls_here()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
    print(listener.getsockname()[1], flush=True)
    while line := sys.stdin.readline():
        before = sum(os.times()[:4])
        first = live(Life(**json.loads(line)), listener)
        seconds = sum(os.times()[:4]) - before
        print(json.dumps({"first": first, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
