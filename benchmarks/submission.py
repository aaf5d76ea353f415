"""Where the time of one submission goes, from its bytes to the gradebook's row.

    python benchmarks/submission.py [--submissions 30]

The torch course of `grading.py`, graded one submission after the other in this process, with the
same functions and walls as by `lepton class grade`. Printed are medians, by the wall clock.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from courses import Course, make_course, own_cpu_seconds, students
from rich.console import Console
from rich.table import Table

from autograder.assignment import Task
from autograder.classroom import programs_on_path
from autograder.execution import Limits
from autograder.gradebook import GradebookWriter
from autograder.kernels.owner import shared
from autograder.recording import record
from autograder.sandbox.choice import choose_walls
from autograder.stock.assignment import load_stock_assignment
from autograder.stock.course import open_course
from autograder.stock.running import RunTests
from autograder.worker import preload_for
from lepton_course import device_table

STAGES = ("restore", "start a kernel", "run the cells", "end the kernel", "score", "record")


class TimedRun(RunTests):
    """A run that says how long its parts took."""

    seconds: dict[str, list[float]] = defaultdict(list)

    def _kernel(self) -> Any:
        return _timed(self.seconds["start a kernel"], super()._kernel)

    def _run_cells(self, nb: Any) -> None:
        _timed(self.seconds["run the cells"], lambda: super(TimedRun, self)._run_cells(nb))
        self.cells_ended = time.perf_counter()

    def write_verdicts(self, notebook: Any) -> None:
        """Called first when the kernel has gone."""
        self.seconds["end the kernel"].append(time.perf_counter() - self.cells_ended)
        super().write_verdicts(notebook)


def measure(course: Course) -> dict[str, list[float]]:
    """Seconds of each stage, by submission."""
    classroom = open_course(course.root)
    assignment = load_stock_assignment(classroom, course.assignment)
    walls, seconds = choose_walls("auto"), TimedRun.seconds
    writer = GradebookWriter(classroom.course_directory(course.assignment).db_url)
    with contextlib.closing(writer), _timed_runs():
        for student in students(course):
            folder = classroom.submitted_folder(student, course.assignment)
            with writer.transaction():
                restored = _timed(seconds["restore"], lambda f=folder: assignment.restored(f))
            task = Task(restored, folder, Limits(), None, walls)
            shared.want(preload_for([folder]))
            shared.link()
            began = time.perf_counter()
            judged = assignment.grade(task)
            graded = time.perf_counter() - began
            parts = ("start a kernel", "run the cells", "end the kernel")
            seconds["score"].append(graded - sum(seconds[part][-1] for part in parts))
            _timed(
                seconds["record"],
                lambda s=student, r=restored, j=judged: record(
                    writer, classroom, assignment, s, r, j
                ),
            )
    shared.stop()
    return seconds


def _timed(seconds: list[float], action: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    result = action()
    seconds.append(time.perf_counter() - began)
    return result


@contextlib.contextmanager
def _timed_runs() -> Iterator[None]:
    from autograder.stock import running

    usual, running.RunTests = running.RunTests, TimedRun
    try:
        yield
    finally:
        running.RunTests = usual


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=30)
    options = parser.parse_args()
    programs_on_path()
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder) / "course", "torch", options.submissions + 1)
        seconds = measure(course)
        own = own_cpu_seconds(course) / (options.submissions + 1)
    medians = {stage: statistics.median(seconds[stage][1:]) for stage in STAGES}
    total = sum(medians.values())
    table = Table(title=f"one submission, median of {options.submissions} after a first")
    for column in ("stage", "milliseconds", "share"):
        table.add_column(column, justify="right")
    for stage, median in medians.items():
        table.add_row(stage, f"{median * 1000:.0f}", f"{median / total:.0%}")
    table.add_row("all", f"{total * 1000:.0f}", "100%", style="bold")
    table.caption = f"The learner's own cells used {own * 1000:.0f} ms of processor time."
    console = Console()
    console.print(table)
    console.print(device_table())


if __name__ == "__main__":
    main()
