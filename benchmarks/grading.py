"""A class graded by `lepton class grade` and by stock `nbgrader autograde`, in one run.

    python benchmarks/grading.py [--submissions 200] [--kinds torch tensorflow example]

Each kind of course is graded three ways, each in a copy of its own: by one stock process, by the
best number of stock processes side by side, and by `lepton class grade`. The stock processes have
copies of the course with a part of the class each, so that none waits for another's gradebook. All
must come to the same scores. Printed are seconds by the wall clock, with the start of the commands,
and the share of the processors' time that the learners' own cells took.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from courses import GROUPS, Course, copy_course, make_course, own_cpu_seconds, scores
from rich.console import Console
from rich.table import Table

from lepton_course import device_table

PROCESSES = (2, 3, 4)
"""How many stock processes at a time are tried."""


@dataclass(frozen=True)
class Grading:
    """What it took to grade a class. Seconds by the wall clock, and of all processors."""

    seconds: float
    cpu_seconds: float
    own_cpu_seconds: float
    scores: dict[str, float]


def by_stock(course: Course, where: Path, processes: int) -> Grading:
    """nbgrader itself, in processes that have a part of the class each."""
    size = len(GROUPS) // processes
    parts = [GROUPS[i * size : (i + 1) * size] for i in range(processes)]
    copies = [copy_course(course, where / part, part) for part in parts]
    command = [sys.executable, "-m", "nbgrader", "autograde", course.assignment]
    return _measured([(command, copy) for copy in copies])


def by_lepton(course: Course, where: Path) -> Grading:
    """This course's grader, on all cores."""
    copy = copy_course(course, where / "lepton")
    program = Path(sys.executable).with_name("lepton")
    command = [str(program), "class", "grade", str(copy.root), copy.assignment]
    return _measured([(command, copy)])


def _measured(runs: list[tuple[list[str], Course]]) -> Grading:
    """Runs commands side by side, each in its course's folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    started = [
        subprocess.Popen(
            command, cwd=course.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for command, course in runs
    ]
    codes = [process.wait() for process in started]
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if any(codes):
        raise RuntimeError(f"{runs[0][0]} ended with {codes}")
    return Grading(
        seconds,
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        sum(own_cpu_seconds(course) for _, course in runs),
        {student: score for _, course in runs for student, score in scores(course).items()},
    )


def compare(kind: str, submissions: int, where: Path) -> tuple[Grading, Grading, int, Grading]:
    """One stock process, the best number of them and which, and this grader."""
    course = make_course(where / "course", kind, submissions)
    ours = by_lepton(course, where / "ours")
    side_by_side = {n: by_stock(course, where / f"stock{n}", n) for n in PROCESSES}
    best = min(side_by_side, key=lambda n: side_by_side[n].seconds)
    serial = by_stock(course, where / "stock", 1)
    for other in (serial, *side_by_side.values()):
        if other.scores != ours.scores:
            raise RuntimeError(f"{kind}: the scores differ")
    return serial, side_by_side[best], best, ours


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--kinds", nargs="+", default=["torch", "tensorflow", "example"])
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    table = Table(title=f"{options.submissions} submissions on {cores} cores, seconds")
    for column in (
        "course", "stock, serial", "stock, side by side", "lepton", "serial / lepton",
        "side by side / lepton", "own cells: stock", "own cells: lepton",
    ):  # fmt: skip
        table.add_column(column, justify="right")
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as folder:
            serial, best, processes, ours = compare(kind, options.submissions, Path(folder))
        table.add_row(
            kind,
            f"{serial.seconds:.1f}",
            f"{best.seconds:.1f} ({processes})",
            f"{ours.seconds:.1f}",
            f"{serial.seconds / ours.seconds:.1f}×",
            f"{best.seconds / ours.seconds:.1f}×",
            *(f"{g.own_cpu_seconds / g.cpu_seconds:.0%}" for g in (serial, ours)),
        )
    console = Console(width=140)
    console.print(table)
    console.print(device_table())


if __name__ == "__main__":
    main()
