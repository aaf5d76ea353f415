"""`lepton hub work DIR`: run a worker until it is asked to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.orm import sessionmaker

from lepton_hub.database import open_database
from lepton_hub.identity.directory import JupyterHubDirectory
from lepton_hub.identity.made_up import MadeUpIdentity, secret_in
from lepton_hub.jobs.cluster.cluster_machines import ClusterMachines
from lepton_hub.jobs.job_access import LookUp
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.running.job_rooms import JobMachines
from lepton_hub.jobs.running.local_room import ThisMachine
from lepton_hub.jobs.running.program_process import NO_WALLS, walls_here
from lepton_hub.jobs.running.worker import PoolWorker
from lepton_hub.keys import KeyRing
from lepton_hub.search import keep_index
from lepton_hub.settings import HubSettings, settings_of
from lepton_hub.storage import BlobStore

SIGN_IN = "made-up-sign-in"
"""A file that marks the folder of a stand-alone hub."""


def make_worker(settings: HubSettings, look_up: LookUp | None) -> PoolWorker:
    """Return a worker for a hub whose database is up to date. Raises NoWalls."""
    machines = _machines(settings.jobs)
    sessions = sessionmaker(
        open_database(settings.database, settings.database_key()), expire_on_commit=False
    )
    keep_index(sessions)
    store = BlobStore(settings.blobs, KeyRing.load_or_create(settings.keys))
    return PoolWorker(sessions, store, settings.jobs, machines, look_up)


def _machines(settings: JobSettings) -> JobMachines:
    """Return the machines that run programs. Raises NoWalls."""
    if settings.scheduler:
        return ClusterMachines(settings.scheduler, settings)
    walls = NO_WALLS if settings.walls == "none" else walls_here()
    return ThisMachine(settings.folder, walls)


def look_up_of(folder: Path, environment: Mapping[str, str]) -> LookUp | None:
    """Return the function that looks up people's current groups; None if there is none."""
    if "JUPYTERHUB_API_URL" in environment and "JUPYTERHUB_API_TOKEN" in environment:
        api, token = environment["JUPYTERHUB_API_URL"], environment["JUPYTERHUB_API_TOKEN"]
        return JupyterHubDirectory(api, token).look_up
    file = folder.expanduser() / SIGN_IN
    return MadeUpIdentity(secret_in(file)).look_up if file.exists() else None


def work(folder: Path, environment: Mapping[str, str], until_input_closes: bool) -> None:
    """Run jobs until this process is asked to stop, or standard input closes.

    Raises NoWalls, and whatever opening the hub raises.
    """
    os.umask(0o077)
    settings = settings_of(folder, environment)
    worker = make_worker(settings, look_up_of(folder, environment))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop.set())
    if until_input_closes:
        threading.Thread(target=_stop_with_input, args=[worker.stop], daemon=True).start()
    worker.run()


def _stop_with_input(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    stop.set()


if __name__ == "__main__":
    work(Path(sys.argv[1]), os.environ, until_input_closes=True)
