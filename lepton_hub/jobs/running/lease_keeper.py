"""Renew a worker's lease in a background thread, and notice when it is lost."""

from __future__ import annotations

import threading
import time

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.database.moments import now
from lepton_hub.jobs.job_queue import JobLease, LeaseLost, renew_lease
from lepton_hub.jobs.job_settings import JobSettings

RENEWALS = 8
"""The number of renewals within a lease's duration."""
LONGEST_PAUSE = 2.0
"""The most seconds between renewals, and so until a cancellation is noticed."""


class LeaseKeeper:
    """Renews a lease while its context is open; `lost` is set when the lease is lost."""

    def __init__(
        self, sessions: sessionmaker[Session], lease: JobLease, settings: JobSettings
    ) -> None:
        self.lease = lease
        self.lost = threading.Event()
        self._sessions, self._settings = sessions, settings
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew_regularly, daemon=True)

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raise LeaseLost if the lease was lost."""
        if self.lost.is_set():
            raise LeaseLost(self.lease.public_id)

    def _renew_regularly(self) -> None:
        until = time.monotonic() + self._settings.lease
        while not self._done.wait(min(self._settings.lease / RENEWALS, LONGEST_PAUSE)):
            begun = time.monotonic()
            try:
                with self._sessions.begin() as session:
                    renew_lease(session, self.lease, self._settings, now())
                until = begun + self._settings.lease
            except LeaseLost:
                self.lost.set()
            except SQLAlchemyError:
                # The database may answer again before another worker may take the job.
                if time.monotonic() >= until:
                    self.lost.set()
            if self.lost.is_set():
                return
