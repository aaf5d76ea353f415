"""From a restored submission to its judged form, in a worker process. It has no effects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat

from autograder.assignment import Assignment
from autograder.execution import CannotRun, Limits, run
from autograder.judging import Judged, judge_run
from autograder.kernels.owner import Link, shared
from autograder.sandbox.walls import Walls


@dataclass(frozen=True)
class Task:
    """One submission. notebook: its JSON, restored. folder: where its other files are."""

    notebook: str
    repairs: tuple[str, ...]
    folder: Path
    limits: Limits
    threads: int | None
    walls: Walls


_assignment: Assignment | None = None


def set_up(assignment: Assignment, link: Link | None) -> None:
    """Prepares a worker: what it grades, and whose zygote it uses."""
    global _assignment
    _assignment = assignment
    if link is not None:
        shared.adopt(link)


def grade_one(task: Task) -> Judged | CannotRun:
    """Runs and judges one submission.

    What fails for no fault of the submission is tried a second time.
    """
    assert _assignment is not None
    notebook = nbformat.reads(task.notebook, as_version=4)
    job = _assignment.job(notebook, task.folder, task.limits, task.threads, task.walls)
    for _ in range(2):
        try:
            return judge_run(run(job), _assignment.questions, task.repairs)
        except CannotRun as error:
            trouble = error
        except Exception as error:
            trouble = CannotRun(f"grading it failed: {type(error).__name__}: {error}")
    return trouble
