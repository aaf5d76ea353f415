"""Grade restored submissions on workers of this machine; no side effects."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Protocol

from autograder.execution.job import CannotRun
from autograder.judging.course import GradableAssignment, GradingTask
from autograder.judging.judge_run import Judged
from autograder.kernels.owner import Link, modules_to_preload, shared
from autograder.submissions.submission import submitted_notebooks
from autograder.workers.process_pool import WorkerDied, default_workers, map_unordered

Outcome = Judged | CannotRun | WorkerDied


class Workers(Protocol):
    """Something that grades submissions: processes of this machine, or a cluster."""

    def slots(self, tasks: int) -> int:
        """Return the number of notebooks that run at a time, given the number of tasks."""
        ...

    def grade(
        self,
        assignment: GradableAssignment,
        tasks: Iterable[tuple[str, GradingTask]],
        folders: Sequence[Path],
    ) -> Iterator[tuple[str, Outcome]]:
        """Yield the outcome of each task, by student, as it arrives.

        tasks: fetched as they are needed; some are made while others run. folders: those of all
        submissions that may become a task.
        """
        ...


@dataclass(frozen=True)
class LocalWorkers:
    """A pool of this machine's processes. count: None for one per core."""

    count: int | None = None

    def slots(self, tasks: int) -> int:
        return self.count or default_workers(tasks)

    def grade(
        self,
        assignment: GradableAssignment,
        tasks: Iterable[tuple[str, GradingTask]],
        folders: Sequence[Path],
    ) -> Iterator[tuple[str, Outcome]]:
        slots = self.slots(len(folders))
        if slots > 1:
            threads = threads_each(slots)
            tasks = ((student, replace(task, threads=threads)) for student, task in tasks)
        link = _zygote_that_imports(preload_for(folders))
        yield from map_unordered(_grade_here, tasks, slots, _set_up, assignment, link)


def _zygote_that_imports(modules: tuple[str, ...]) -> Link | None:
    if sys.platform != "linux":
        return None
    shared.ensure_preloaded(modules)
    return shared.link()


def preload_for(folders: Iterable[Path]) -> tuple[str, ...]:
    """Return the modules that a zygote should import for the submissions in these folders."""
    return modules_to_preload(chain.from_iterable(map(_notebooks, folders)))


def _notebooks(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):  # an unreadable submission is reported when it is graded
        return submitted_notebooks(folder)
    return []


def threads_each(slots: int) -> int:
    """Return the threads for numerical libraries when this many notebooks share the machine."""
    return max(1, default_workers(64) // slots)


def grade_task(assignment: GradableAssignment, task: GradingTask) -> Judged | CannotRun:
    """Run and judge one submission.

    What fails through no fault of the submission is tried a second time.
    """
    for _ in range(2):
        try:
            return assignment.grade(task)
        except CannotRun as error:
            trouble = error
        except Exception as error:
            trouble = CannotRun(f"grading it failed: {type(error).__name__}: {error}")
    return trouble


_assignment: GradableAssignment | None = None
"""The assignment that this process of the pool grades."""


def _set_up(assignment: GradableAssignment, link: Link | None) -> None:
    global _assignment
    _assignment = assignment
    gc.freeze()  # spares the collector the imported modules
    if link is not None:
        shared.adopt(link)


def _grade_here(task: GradingTask) -> Judged | CannotRun:
    assert _assignment is not None
    return grade_task(_assignment, task)
