"""Time the stages of grading one submission, from its bytes to the gradebook's row.

    python benchmarks/submission.py [--kind torch] [--submissions 30]

A course of `grading.py` is graded one submission after the other in this process, with the same
functions and walls as in `lepton class grade`. The table shows medians on the wall clock, and means
of the processor time of all processes together; where a submission has two notebooks, for both.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from courses import BenchmarkCourse, make_course, own_cpu_seconds, students
from rich.console import Console
from rich.table import Table

from autograder.classroom.classroom import add_programs_to_path
from autograder.execution.job import SubmissionLimits
from autograder.grading.gradebook_connection import GradebookWriter
from autograder.grading.recording import RecordedWork, record
from autograder.judging.course import GradingTask
from autograder.kernels.owner import shared
from autograder.nbgrader_course.notebook_runs import RunTests
from autograder.nbgrader_course.stock_assignment import load_stock_assignment
from autograder.nbgrader_course.stock_course import open_stock_course
from autograder.sandbox.choice import choose_walls
from autograder.sandbox.processor_time import TICKS
from autograder.sandbox.resource_usage import descendants
from autograder.workers.worker import preload_for
from lepton_course import device_table

PARTS_OF_A_RUN = ("start a kernel", "run the cells", "end the kernel")
STAGES = ("restore", *PARTS_OF_A_RUN, "score", "record")


class TimedRun(RunTests):
    """A run of one notebook that adds up how long its parts took."""

    seconds: Counter[str] = Counter()
    cpu: Counter[str] = Counter()

    def _kernel(self) -> Any:
        with _timed("start a kernel"):
            return super()._kernel()

    def _run_cells(self, nb: Any) -> None:
        with _timed("run the cells"):
            super()._run_cells(nb)
        self.cells_ended = time.perf_counter(), cpu_of_all_processes()

    def write_verdicts(self, notebook: Any) -> None:
        """Also add the time it took to end the kernel: this is called first after that."""
        self.seconds["end the kernel"] += time.perf_counter() - self.cells_ended[0]
        self.cpu["end the kernel"] += cpu_of_all_processes() - self.cells_ended[1]
        super().write_verdicts(notebook)


def measure(course: BenchmarkCourse) -> list[tuple[Counter[str], Counter[str]]]:
    """Return the seconds and the processor seconds of each stage, for each submission."""
    classroom = open_stock_course(course.root)
    assignment = load_stock_assignment(classroom, course.assignment)
    walls = choose_walls("auto")
    writer = GradebookWriter(classroom.course_directory(course.assignment).db_url)
    found = []
    with contextlib.closing(writer), _timed_runs():
        for student in students(course):
            seconds, cpu = TimedRun.seconds, TimedRun.cpu = Counter(), Counter()
            folder = classroom.submitted_folder(student, course.assignment)
            with _timed("restore"), writer.transaction():
                restored = assignment.restored(folder)
            task = GradingTask(restored, folder, SubmissionLimits(), None, walls)
            shared.ensure_preloaded(preload_for([folder]))
            shared.link()
            with _timed("score"):
                judged = assignment.grade(task)
            for times in (seconds, cpu):
                times["score"] -= sum(times[part] for part in PARTS_OF_A_RUN)
            with _timed("record"):
                work = RecordedWork(student, folder, restored, judged)
                record(writer, classroom, assignment, work)
            found.append((seconds, cpu))
    shared.stop()
    return found


@contextlib.contextmanager
def _timed(stage: str) -> Iterator[None]:
    began, cpu_began = time.perf_counter(), cpu_of_all_processes()
    yield
    TimedRun.seconds[stage] += time.perf_counter() - began
    TimedRun.cpu[stage] += cpu_of_all_processes() - cpu_began


def cpu_of_all_processes() -> float:
    """Return the processor seconds of this process and its descendants, of ended ones too."""
    ticks = 0
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return time.process_time() + ticks / TICKS


@contextlib.contextmanager
def _timed_runs() -> Iterator[None]:
    from autograder.nbgrader_course import notebook_runs

    usual, notebook_runs.RunTests = notebook_runs.RunTests, TimedRun
    try:
        yield
    finally:
        notebook_runs.RunTests = usual


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=("torch", "tensorflow", "example"), default="torch")
    parser.add_argument("--submissions", type=int, default=30)
    options = parser.parse_args()
    add_programs_to_path()
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder) / "course", options.kind, options.submissions + 1)
        found = measure(course)[1:]
        own = own_cpu_seconds(course) / (options.submissions + 1)
    medians = {stage: statistics.median(s[stage] for s, _ in found) for stage in STAGES}
    means = {stage: statistics.mean(c[stage] for _, c in found) for stage in STAGES}
    total, cpu = sum(medians.values()), sum(means.values())
    title = f"one {options.kind} submission, median of {options.submissions} after a first"
    table = Table(title=title)
    for column in ("stage", "milliseconds", "share", "processor", "share"):
        table.add_column(column, justify="right")
    for stage, median in medians.items():
        times = (median, median / total, means[stage], means[stage] / cpu)
        table.add_row(stage, *_row(times))
    table.add_row("all", *_row((total, 1, cpu, 1)), style="bold")
    if own:
        table.caption = (
            f"The learner's own cells used {own * 1000:.0f} ms of processor time, {own / cpu:.0%}."
        )
    console = Console()
    console.print(table)
    console.print(device_table())


def _row(times: tuple[float, float, float, float]) -> list[str]:
    """Return milliseconds and shares, from seconds and shares."""
    seconds, share, cpu, cpu_share = times
    return [f"{seconds * 1000:.0f}", f"{share:.0%}", f"{cpu * 1000:.0f}", f"{cpu_share:.0%}"]


if __name__ == "__main__":
    main()
