"""Time the grading of a class by `lepton class grade` and by other graders, in one run.

    python benchmarks/grading.py [--kinds torch tensorflow example] [--submissions 200]
                                 [--otter PATH/bin/otter] [--sizes 100 300 1000 3000]
                                 [--results FILE.json] [--figure FILE.png]

Against nbgrader: each kind of course is graded by one stock `nbgrader autograde`, by the best
number of stock processes side by side, and by `lepton class grade`, each in its own copy. The
stock processes have copies with a part of the class each, so that none waits for another's
gradebook; the best number is found on a tenth of the class. All must arrive at the same scores.

Against Otter-Grader: `otter run`, which needs no Docker, on ten submissions of the torch course.

By size: classes of several sizes, and one of 1,000 graded again with ten submissions changed.

The tables show seconds on the wall clock, including the start of the commands, and processor
seconds. The file of results keeps what one run measured, so that parts can be run one by one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from courses import (
    BenchmarkCourse,
    change_submission,
    copy_course,
    make_course,
    own_cpu_seconds,
    scores,
    students,
)
from grading_figure import draw
from measuring import Command, Usage, run_side_by_side
from otter import grade_with_otter
from rich.console import Console
from rich.table import Table

from lepton_course import device_table

PROCESSES = (2, 3, 4)
"""Numbers of simultaneous stock processes to try."""

UNTIL_DONE = 'for attempt in 1 2 3 4 5; do "$@" && exit; done; exit 1'
"""Retry: kernels that stock processes start at once sometimes take the same port, and nbgrader
fails. Started again, it grades the remaining students; that time counts."""

OTTER_SUBMISSIONS = 10
CHANGED = 10
REGRADED = 1000


@dataclass(frozen=True)
class GradingCost:
    """Cost of grading a class, and the gradebook's scores by student."""

    usage: Usage
    own_cpu_seconds: float
    scores: dict[str, float]

    def row(self) -> dict[str, float]:
        """Return the seconds for the file of results."""
        used = self.usage
        return {"seconds": used.seconds, "cpu": used.cpu_seconds, "own cpu": self.own_cpu_seconds}


def grade_with_nbgrader(
    course: BenchmarkCourse, where: Path, who: list[str], processes: int
) -> GradingCost:
    """Grade with nbgrader itself, in several processes that each have a part of the class."""
    copies = [
        copy_course(course, where / str(part), who[part::processes]) for part in range(processes)
    ]
    autograde = [sys.executable, "-m", "nbgrader", "autograde", course.assignment]
    words = ["sh", "-c", UNTIL_DONE, "sh", *autograde]
    return _graded(run_side_by_side([Command(words, copy.root) for copy in copies]), copies)


def grade_with_lepton(
    course: BenchmarkCourse, where: Path, who: list[str], watch_memory: bool = False
) -> GradingCost:
    """Grade with this course's grader, on all cores."""
    copy = copy_course(course, where, who)
    return _graded(run_side_by_side([_lepton(copy)], watch_memory), [copy])


def compare(kind: str, submissions: int, where: Path) -> dict[str, Any]:
    """Compare nbgrader in one process, in the best number of processes, and this grader."""
    course = make_course(where / "course", kind, submissions)
    who = students(course)
    few = who[: max(len(PROCESSES) * 2, submissions // 10)]
    tried = {n: grade_with_nbgrader(course, where / f"try{n}", few, n) for n in PROCESSES}
    best = min(tried, key=lambda n: tried[n].usage.seconds)
    ours = grade_with_lepton(course, where / "ours", who)
    together = grade_with_nbgrader(course, where / "together", who, best)
    alone = grade_with_nbgrader(course, where / "alone", who, 1)
    if not ours.scores == together.scores == alone.scores:
        raise RuntimeError(f"{kind}: the scores differ")
    return {
        "submissions": submissions,
        "processes": best,
        "scores": sorted(set(ours.scores.values())),
        "lepton": ours.row(),
        "nbgrader": alone.row(),
        "nbgrader, side by side": together.row(),
    }


def compare_with_otter(program: Path, where: Path) -> dict[str, Any]:
    """Compare Otter-Grader and this grader on a few submissions of the torch course."""
    course = make_course(where / "course", "torch", OTTER_SUBMISSIONS)
    who = students(course)
    usage, found = grade_with_otter(program, course, who)
    ours = grade_with_lepton(course, where / "ours", who)
    if found != ours.scores:
        raise RuntimeError(f"the scores differ: {found} and {ours.scores}")
    otter = {"seconds": usage.seconds, "cpu": usage.cpu_seconds}
    return {"submissions": len(who), "lepton": ours.row(), "otter": otter}


def measure_class_sizes(
    sizes: list[int], where: Path, keep: Callable[[str, dict[str, Any]], None]
) -> None:
    """Measure time, memory and gradebook of classes of several sizes, and of grading one again."""
    course = make_course(where / "course", "torch", max(sizes))
    who = students(course)
    for size in sizes:
        folder = where / f"class{size}"
        graded = grade_with_lepton(course, folder, who[:size], watch_memory=True)
        found = {
            **graded.row(),
            "peak bytes": graded.usage.peak_bytes,
            "gradebook bytes": (folder / "gradebook.db").stat().st_size,
        }
        keep("sizes", {str(size): found})
        if size == REGRADED:
            copy = BenchmarkCourse(folder, course.assignment)
            for student in who[:CHANGED]:
                change_submission(copy, student)
            usage = run_side_by_side([_lepton(copy)])
            keep("again", {"submissions": size, "changed": CHANGED, "seconds": usage.seconds})
        shutil.rmtree(folder)


def _lepton(course: BenchmarkCourse) -> Command:
    program = str(Path(sys.executable).with_name("lepton"))
    return Command([program, "class", "grade", str(course.root), course.assignment], course.root)


def _graded(usage: Usage, courses: list[BenchmarkCourse]) -> GradingCost:
    return GradingCost(
        usage,
        sum(map(own_cpu_seconds, courses)),
        {student: score for course in courses for student, score in scores(course).items()},
    )


def tables(results: dict[str, Any]) -> list[Table]:
    """Return the results as tables."""
    cores = len(os.sched_getaffinity(0))
    against = Table(title=f"seconds on {cores} cores")
    for column in (
        "course", "submissions", "nbgrader", "side by side", "lepton", "nbgrader / lepton",
        "side by side / lepton", "own cells: nbgrader", "own cells: lepton",
    ):  # fmt: skip
        against.add_column(column, justify="right")
    for kind, row in results.get("nbgrader", {}).items():
        alone, together, ours = (
            row["nbgrader"], row["nbgrader, side by side"], row["lepton"],
        )  # fmt: skip
        against.add_row(
            kind,
            f"{row['submissions']}",
            f"{alone['seconds']:.1f}",
            f"{together['seconds']:.1f} ({row['processes']} processes)",
            f"{ours['seconds']:.1f}",
            f"{alone['seconds'] / ours['seconds']:.1f} ×",
            f"{together['seconds'] / ours['seconds']:.1f} ×",
            *(f"{r['own cpu'] / r['cpu']:.0%}" if r["own cpu"] else "–" for r in (alone, ours)),
        )
    if "otter" in results:
        row = results["otter"]
        other, ours = row["otter"]["seconds"], row["lepton"]["seconds"]
        otter = Table(title=f"seconds for {row['submissions']} submissions of the torch course")
        for column in ("otter run", "lepton", "otter / lepton"):
            otter.add_column(column, justify="right")
        otter.add_row(f"{other:.1f}", f"{ours:.1f}", f"{other / ours:.1f} ×")
    sizes = Table(title="the torch course by size of the class")
    for column in ("submissions", "seconds", "each", "peak memory", "gradebook"):
        sizes.add_column(column, justify="right")
    for size, row in results.get("sizes", {}).items():
        sizes.add_row(
            size,
            f"{row['seconds']:.1f}",
            f"{row['seconds'] / int(size):.3f}",
            f"{row['peak bytes'] / 2**20:.0f} MiB",
            f"{row['gradebook bytes'] / 2**20:.1f} MiB",
        )
    if "again" in results:
        again = results["again"]
        sizes.caption = (
            f"{again['submissions']} again, {again['changed']} changed: {again['seconds']:.1f} s"
        )
    return [against, *([otter] if "otter" in results else []), sizes]


def main() -> None:
    """Measure, store, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--kinds", nargs="*", default=["torch", "tensorflow", "example"])
    parser.add_argument("--otter", type=Path, help="Otter-Grader's program")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 300, 1000, 3000])
    parser.add_argument("--results", type=Path, help="a JSON file that is added to")
    parser.add_argument("--figure", type=Path, help="draw the results here (.png, .svg)")
    options = parser.parse_args()
    console = Console(width=150)
    kept = options.results
    results = json.loads(kept.read_text()) if kept and kept.exists() else {}

    def keep(part: str, found: dict[str, Any]) -> None:
        results[part] = {**results.get(part, {}), **found}
        if kept:
            kept.write_text(json.dumps(results, indent=1))

    for kind in options.kinds:
        console.print(f"{kind}: {options.submissions} submissions, by nbgrader and by lepton …")
        with tempfile.TemporaryDirectory() as folder:
            keep("nbgrader", {kind: compare(kind, options.submissions, Path(folder))})
    if options.otter:
        console.print("by Otter-Grader and by lepton …")
        with tempfile.TemporaryDirectory() as folder:
            keep("otter", compare_with_otter(options.otter.absolute(), Path(folder)))
    if options.sizes:
        console.print("by size …")
        with tempfile.TemporaryDirectory() as folder:
            measure_class_sizes(options.sizes, Path(folder), keep)
    for table in tables(results):
        console.print(table)
    console.print(device_table())
    if options.figure:
        draw(results, options.figure)


if __name__ == "__main__":
    main()
