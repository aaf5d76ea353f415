"""Run jobs in workers that are killed at random moments.

`killed_pool.py FOLDER DATABASE SEED KILLS` takes the jobs that wait in a hub's database until none
is left; it prints how many workers it has killed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine, func, select

from autograder.sandbox.linux import die_with_parent
from lepton_hub.database import open_database
from lepton_hub.jobs.job_tables import ComputeJob, JobAttempt
from lepton_hub.jobs.job_types import ENDED
from lepton_hub.jobs.running.program_process import walls_here
from lepton_hub.jobs.worker_processes.worker_command import make_worker
from lepton_hub.settings import HubSettings, settings_of

LONGEST_SECONDS = 300
"""For how long all of this may take: a job that nobody may begin would be waited for in vain."""
LONGEST_LIFE = 0.7
"""Seconds from a worker's claim to its death, at most; a little more than a job takes."""


def settings_for(folder: Path, database: str) -> HubSettings:
    """A lease of half a second, and as many attempts as it takes."""
    settings = settings_of(folder, {"LEPTON_HUB_DATABASE": database})
    jobs = replace(settings.jobs, lease=0.5, back_off=0.01, poll=0.05, attempts=1000)
    return replace(settings, jobs=jobs)


def work(settings: HubSettings) -> None:
    """Take jobs until there are none."""
    os.fsync = lambda _: None  # a kill leaves the system's cache as it is
    worker = make_worker(settings, None)
    sessions = worker.place.sessions
    waiting = select(func.count(ComputeJob.id)).where(ComputeJob.state.not_in(ENDED))
    worker.settings.folder.mkdir(exist_ok=True)
    while True:
        if worker.run_next():
            continue
        with sessions.begin() as session:
            if not session.scalar(waiting):
                return
        time.sleep(0.05)


def wait_for_a_claim(engine: Engine, child: int) -> bool:
    """Wait until a worker has a job; return whether it has not ended before."""
    with engine.connect() as connection:
        begun = select(func.count(JobAttempt.id)).where(JobAttempt.ended_at.is_(None))
        while not connection.scalar(begun):
            connection.rollback()
            if os.waitpid(child, os.WNOHANG)[0]:
                return False
            time.sleep(0.02)
    return True


def main() -> None:
    """Fork, since a start of Python for each kill would take longer than the test."""
    folder, database, seed, kills = sys.argv[1:]
    settings = settings_for(Path(folder), database)
    chance = random.Random(int(seed))
    signal.alarm(LONGEST_SECONDS)
    walls_here()
    killed = 0
    while True:
        child = os.fork()
        if child == 0:
            die_with_parent(signal.SIGKILL)
            work(settings)
            os._exit(0)
        engine = open_database(settings.database)
        if killed == int(kills) or not wait_for_a_claim(engine, child):
            break
        engine.dispose()
        time.sleep(chance.uniform(0, LONGEST_LIFE))
        os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with suppress(ChildProcessError):
        assert os.waitpid(child, 0)[1] == 0
    print(killed)


if __name__ == "__main__":
    main()
