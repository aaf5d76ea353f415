"""Supervise the hub's own workers, and restart them when they die."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.running.program_process import NoWalls, walls_here

_WORKER = "lepton_hub.jobs.worker_processes.worker_command"
LOOK_SECONDS = 0.5
SHORTEST_LIFE, LONGEST_PAUSE = 10.0, 60.0
"""In seconds. A worker that dies sooner is restarted after a pause, backing off each time."""
STOP_SECONDS = 20


class KeptWorker:
    """A worker process, which ends with this one because its standard input then closes."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-P", "-m", _WORKER, str(folder)]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = self._not_before = 0.0
        self._pause = 1.0

    def look_after(self) -> None:
        """Start the process if there is none."""
        moment = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            quick = moment - self._begun < SHORTEST_LIFE
            self._pause = min(2 * self._pause, LONGEST_PAUSE) if quick else 1.0
            self._not_before = moment + self._pause
            self._process = None
        if self._process is None and moment >= self._not_before:
            self._begun = moment
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                env=self._environment,
                start_new_session=True,
            )

    def ask_to_end(self) -> None:
        """Ask the process to end; its job is requeued."""
        if self._process is not None:
            self._process.stdin.close()  # type: ignore[union-attr]

    def end(self) -> None:
        """Wait for the process, and kill it if it takes long."""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            self._process.kill()
            self._process.wait()


@contextmanager
def hub_workers(
    folder: Path, settings: JobSettings, environment: Mapping[str, str]
) -> Iterator[None]:
    """Run the hub's own workers while the context is open, if this machine can sandbox jobs."""
    workers = [KeptWorker(folder, environment) for _ in range(settings.workers)]
    try:
        if workers and settings.walls == "auto" and not settings.scheduler:
            walls_here()
    except NoWalls as error:
        print(f"No jobs run here. {error}", file=sys.stderr, flush=True)
        workers = []
    done = threading.Event()

    def look_after_all() -> None:
        while not done.is_set():
            for worker in workers:
                with suppress(OSError):  # too many processes at present
                    worker.look_after()
            done.wait(LOOK_SECONDS)

    thread = threading.Thread(target=look_after_all, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for worker in workers:
            worker.ask_to_end()
        for worker in workers:
            worker.end()
