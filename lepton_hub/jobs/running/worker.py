"""A worker of the compute pool: claims jobs and runs them, one at a time."""

from __future__ import annotations

import sys
import threading

from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.database.moments import now
from lepton_hub.jobs.job_access import LookUp
from lepton_hub.jobs.job_queue import claim_job, take_back_lost
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.pool_queries import anything_waits
from lepton_hub.jobs.running.ending_words import Trouble, trouble_in_words
from lepton_hub.jobs.running.job_folder import remove_left_behind
from lepton_hub.jobs.running.job_rooms import JobMachines, JobRoom
from lepton_hub.jobs.running.job_run import JobRun, Workplace
from lepton_hub.jobs.running.lease_keeper import LeaseKeeper
from lepton_hub.storage import BlobStore


class PoolWorker:
    """Claims jobs and runs them, one at a time. stop: set it to stop the worker."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        store: BlobStore,
        settings: JobSettings,
        machines: JobMachines,
        look_up: LookUp | None = None,
    ) -> None:
        self.stop = threading.Event()
        self.place = Workplace(sessions, store, settings, look_up, self.stop)
        self.sessions, self.settings, self.machines = sessions, settings, machines

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
        """Run the next job, if any; return whether there was one."""
        with self.sessions.begin() as session:
            take_back_lost(session, self.settings, now())
            if not anything_waits(session, now()):
                return False
        with self.machines.room() as room:
            return room is not None and self._run_in(room)

    def _run_in(self, room: JobRoom) -> bool:
        with self.sessions.begin() as session:
            lease = claim_job(session, room.name, room.capacity, self.settings, now())
        if lease is None:
            return False
        with LeaseKeeper(self.sessions, lease, self.settings) as keeper:
            JobRun(self.place, room, lease, keeper).run()
        return True
