"""Run Dask's programs and the command on the hosts of a network, each host without the classes.

The order of events is controlled by gates, not by time: a worker begins no more submissions than
its gate allows.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from conftest import CLONE
from lan import Lan

GATE = """
import json, time
from pathlib import Path
from autograder.workers import cluster_worker

GATES = Path({gates!r})
grade_task, begun = cluster_worker.grade_task, []

def dask_setup(worker):
    def gated(assignment, task):
        begun.append(task)
        while len(begun) > json.loads((GATES / f"{{worker.name}}.json").read_text()):
            time.sleep(0.05)
        return grade_task(assignment, task)

    cluster_worker.grade_task = gated
"""
"""Loaded into each Dask worker: it begins no more submissions than the worker's file allows."""

IMPATIENT = (
    "import signal\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "import autograder.workers.cluster as cluster\n"
    "cluster.PATIENCE_SECONDS, cluster.SILENCE_SECONDS = 2.0, 2.0\n"
    "from lepton_course.cli import main; main()"
)
"""The command `lepton` with short timeouts. It obeys Ctrl-C as in a terminal, which a process that
tests start in the background would ignore."""


@dataclass
class Worker:
    """A host and the Dask worker on it."""

    host: int
    program: subprocess.Popen


class Hosts:
    """Programs on the hosts of a network; `kill_all` ends them.

    folder/desk exists only on the first host, where the scheduler and the commands run.
    """

    def __init__(self, lan: Lan, folder: Path) -> None:
        self.lan = lan
        self.folder = folder
        self.desk = lan.add_host()
        self.scheduler = f"tcp://{lan.address(self.desk)}:8786"
        self.programs: list[subprocess.Popen] = []
        for name in ("desk", "tmp", "gates"):
            (folder / name).mkdir()
        (folder / "gate.py").write_text(GATE.format(gates=str(folder / "gates")))

    def start(self, host: int, log: str, *arguments: str, code: Path = CLONE) -> subprocess.Popen:
        """Run Python on a host, with the course's code from a folder."""
        paths = [str(code), str(CLONE), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "TMPDIR": str(self.folder / "tmp"),
            "OMP_NUM_THREADS": "1",
        }
        with (self.folder / f"{log}.log").open("w") as file:
            command = [sys.executable, *arguments]
            program = self.lan.start(host, command, stdout=file, stderr=file, env=environment)
        self.programs.append(program)
        return program

    def start_scheduler(self) -> subprocess.Popen:
        """Start Dask's scheduler on the first host."""
        address = self.lan.address(self.desk)
        command = ["-m", "dask", "scheduler", "--host", address, "--no-dashboard"]
        return self.start(self.desk, "scheduler", *command)

    def start_worker(self, name: str, may_begin: int, code: Path = CLONE) -> Worker:
        """Add a host with a worker for one notebook at a time."""
        host = self.lan.add_host(without=self.folder / "desk")
        self.let_begin(name, may_begin)
        options = ["--host", self.lan.address(host), "--name", name, "--nthreads", "1"]
        options += ["--local-directory", str(self.folder / "tmp"), "--no-dashboard", "--no-nanny"]
        options += ["--preload", str(self.folder / "gate.py")]
        command = ["-m", "dask", "worker", self.scheduler, *options]
        return Worker(host, self.start(host, name, *command, code=code))

    def let_begin(self, worker: str, count: int) -> None:
        """Allow a worker to begin `count` submissions in total."""
        (self.folder / "part").write_text(json.dumps(count))
        os.replace(self.folder / "part", self.folder / "gates" / f"{worker}.json")

    def grade(self, classroom: Path, log: str) -> subprocess.Popen:
        """Start `lepton class grade` on the first host."""
        command = ["class", "grade", str(classroom), "small_sums", "--scheduler", self.scheduler]
        return self.start(self.desk, log, "-c", IMPATIENT, *command)

    def said(self, log: str) -> str:
        """Return the output of a program, on one line."""
        return " ".join((self.folder / f"{log}.log").read_text().split())

    def kill_all(self) -> None:
        """Kill every program and wait for its end."""
        for program in self.programs:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
            program.wait(60)

    def left(self) -> list[str]:
        """Return the processes that still belong to the hosts."""
        mark = str(self.folder / "tmp").encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark in environment + command and int(entry.name) != os.getpid():
                found.append(f"{entry.name} {command[:80]!r}")
        return found
