"""A hub whose jobs' programs run on the workers of a Dask cluster that speaks TLS."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import skip_unless_ci
from dask_programs import (
    certificates_in_environment,
    eventually,
    make_keys,
    start,
    start_scheduler,
)
from pool_hub import PoolHub, pool_hub

from lepton_hub.jobs.cluster.cluster_machines import ClusterMachines
from lepton_hub.jobs.job_settings import JobSettings


@dataclass
class JobCluster:
    """A cluster, a hub that uses it, and the folder of each worker's jobs."""

    pool: PoolHub
    machines: ClusterMachines
    address: str
    folder: Path
    keys: Path
    stack: contextlib.ExitStack
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def jobs_of(self, worker: str) -> list[Path]:
        """Return the folders of the jobs that a worker has."""
        return [*(self.folder / worker).glob("*/lepton-jobs/job-*")]

    def add_worker(self, name: str, threads: int, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker; it is there a little later."""
        options = ("--nthreads", str(threads), "--name", name, *options)
        options += ("--local-directory", str(self.folder / name), "--host", "127.0.0.1")
        options += ("--no-nanny", "--no-dashboard")
        worker = start(self.stack, self.folder, self.keys, "worker", self.address, *options)
        self.workers[name] = worker
        return worker

    def begun(self, source: str, **more: Any) -> tuple[str, threading.Thread]:
        """Ask for a job, and wait until its program has printed something."""
        id_ = self.pool.ask(self.pool.program({"a.py": source}), **more).json()["id"]
        thread = threading.Thread(target=self.run_next, daemon=True)
        thread.start()
        assert eventually(lambda: self.pool.told(id_)["log"])
        return id_, thread

    def run_next(self) -> None:
        """Run the next job, as soon as there is one that may begin, and a machine."""
        assert eventually(self.pool.worker.run_next)


@contextlib.contextmanager
def job_cluster(folder: Path, **jobs: Any) -> Iterator[JobCluster]:
    """Run a cluster with one worker for two jobs, and a hub that has jobs run there."""
    if shutil.which("openssl") is None:
        skip_unless_ci("openssl is missing")
    keys = make_keys(folder / "keys")
    with contextlib.ExitStack() as stack:
        address = start_scheduler(stack, folder, keys)
        stack.enter_context(certificates_in_environment(keys))
        machines = ClusterMachines(address, JobSettings(folder, lease=5.0))
        stack.callback(machines.close)
        pool = stack.enter_context(pool_hub(folder / "hub", machines=machines, **jobs))
        cluster = JobCluster(pool, machines, address, folder, keys, stack)
        cluster.add_worker("anvil", 2)
        yield cluster
