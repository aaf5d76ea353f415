"""Time the same class graded on one core without a cluster, by one host and by two.

    python benchmarks/hosts.py [--submissions 60] [--runs 3]

A host is a network namespace of this machine that is bound to one core. The first host runs the
command, Dask's scheduler and a worker; the second runs a worker. What is timed is the command, on
the wall clock and including its start; the workers are running before it starts, their warm
processes are not. The ways take turns, each run has a fresh copy of the class, and all must arrive
at the same scores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from courses import BenchmarkCourse, copy_course, make_course, scores, students
from rich.console import Console
from rich.table import Table

from lepton_course import device_table

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from lan import Lan

WAYS = {"one core, no cluster": 0, "cluster, one host": 1, "cluster, two hosts": 2}
"""Ways to grade, each with its number of hosts that run a worker."""

START_SECONDS = 60


class PinnedHosts:
    """One host per core; the command runs on the first."""

    def __init__(self, lan: Lan, folder: Path) -> None:
        self.lan = lan
        self.folder = folder
        self.cores = sorted(os.sched_getaffinity(0))[: max(WAYS.values())]
        self.hosts = [lan.add_host() for _ in self.cores]
        self.scheduler = f"tcp://{lan.address(self.hosts[0])}:8786"

    def start(self, number: int, *arguments: str, **options: Any) -> subprocess.Popen:
        """Start Python on a host, on the host's core."""
        core = self.cores[number]
        return self.lan.start(
            self.hosts[number],
            [sys.executable, *arguments],
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            stdout=subprocess.DEVNULL,
            **options,
        )

    @contextmanager
    def cluster(self, workers: int) -> Iterator[list[str]]:
        """Run Dask's programs on `workers` hosts; yield the command's options for them."""
        if not workers:
            yield []
            return
        log = self.folder / "scheduler.log"
        with log.open("w") as file:
            address = self.lan.address(self.hosts[0])
            command = ["-m", "dask", "scheduler", "--host", address, "--no-dashboard"]
            programs = [self.start(0, *command, stderr=file)]
        for number in range(workers):
            command = ["-m", "dask", "worker", self.scheduler, "--nthreads", "1", "--no-nanny"]
            command += ["--host", self.lan.address(self.hosts[number]), "--no-dashboard"]
            command += ["--local-directory", str(self.folder)]
            programs.append(self.start(number, *command, stderr=subprocess.DEVNULL))
        try:
            deadline = time.monotonic() + START_SECONDS
            while log.read_text().count("Register worker") < workers:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the workers did not start: {log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield ["--scheduler", self.scheduler]
        finally:
            for program in reversed(programs):
                program.terminate()
                program.wait()

    def grade(self, course: BenchmarkCourse, workers: int) -> float:
        """Return the seconds that the command takes."""
        command = ["-m", "lepton_course.cli", "class", "grade", str(course.root), course.assignment]
        with self.cluster(workers) as options:
            began = time.perf_counter()
            if self.start(0, *command, *options, stderr=subprocess.DEVNULL).wait():
                raise RuntimeError(f"`lepton class grade` failed with {workers} workers")
            return time.perf_counter() - began


def measure(submissions: int, runs: int, folder: Path) -> dict[str, list[float]]:
    """Return the seconds of each run, by way. Raises RuntimeError when the scores differ."""
    course = make_course(folder / "course", "torch", submissions)
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    found = []
    with Lan() as lan:
        hosts = PinnedHosts(lan, folder)
        for run in range(runs):
            for number, (way, workers) in enumerate(WAYS.items()):
                copy = copy_course(course, folder / f"{run}-{number}", students(course))
                seconds[way].append(hosts.grade(copy, workers))
                found.append(scores(copy))
    if len(found[0]) != submissions or any(other != found[0] for other in found):
        raise RuntimeError("the scores differ")
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < max(WAYS.values()):
        parser.error("two hosts need two cores")
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(options.submissions, options.runs, Path(folder))
    medians = {way: statistics.median(values) for way, values in seconds.items()}
    table = Table(title=f"{options.submissions} torch submissions, median of {options.runs}")
    for column in ("", "seconds", "min … max", "speed-up", "relative to one host"):
        table.add_column(column, justify="right" if column else "left")
    for way, median in medians.items():
        table.add_row(
            way,
            f"{median:.1f}",
            f"{min(seconds[way]):.1f} … {max(seconds[way]):.1f}",
            f"{medians['one core, no cluster'] / median:.2f} ×",
            f"{medians['cluster, one host'] / median:.2f} ×",
        )
    console = Console()
    console.print(device_table())
    console.print(table)
    console.print("All runs came to the same scores.")


if __name__ == "__main__":
    main()
