"""A worker of the compute pool: takes jobs one after the other and brings each to its end."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Mapping

from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.database.moments import now
from lepton_hub.jobs.job_access import LookUp
from lepton_hub.jobs.job_queue import claim_job, take_back_lost
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.pool_queries import Capacity
from lepton_hub.jobs.running.job_folder import remove_left_behind
from lepton_hub.jobs.running.job_run import JobRun, Trouble, Workplace, trouble_in_words
from lepton_hub.jobs.running.lease_keeper import LeaseKeeper
from lepton_hub.storage import BlobStore


class PoolWorker:
    """Takes jobs and runs them, one at a time. stop: set it to have the worker end."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        store: BlobStore,
        settings: JobSettings,
        walls: Mapping[str, bool],
        look_up: LookUp | None = None,
    ) -> None:
        self.stop = threading.Event()
        self.place = Workplace(sessions, store, settings, walls, look_up, self.stop)
        self.sessions, self.settings = sessions, settings
        self.name = f"{socket.gethostname()} {os.getpid()}"
        self.capacity = Capacity(len(os.sched_getaffinity(0)), _memory_here())

    def run(self) -> None:
        """Run jobs until `stop` is set."""
        self.settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_left_behind(self.settings.folder)
        while not self.stop.is_set():
            try:
                found = self.run_next()
            except Trouble as error:
                print(f"lepton hub work: {trouble_in_words(error)}", file=sys.stderr, flush=True)
                found = False
            if not found:
                self.stop.wait(self.settings.poll)

    def run_next(self) -> bool:
        """Run the next job, if there is one; return whether there was."""
        with self.sessions.begin() as session:
            take_back_lost(session, self.settings, now())
        with self.sessions.begin() as session:
            lease = claim_job(session, self.name, self.capacity, self.settings, now())
        if lease is None:
            return False
        with LeaseKeeper(self.sessions, lease, self.settings) as keeper:
            JobRun(self.place, lease, keeper).run()
        return True


def _memory_here() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
