"""From a restored submission to its judged form, in a worker process. It has no effects."""

from __future__ import annotations

from autograder.assignment import Assignment, Task
from autograder.execution import CannotRun
from autograder.judging import Judged
from autograder.kernels.owner import Link, shared
from autograder.stock.assignment import StockAssignment

_assignment: Assignment | StockAssignment | None = None


def set_up(assignment: Assignment | StockAssignment, link: Link | None) -> None:
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
    for _ in range(2):
        try:
            return _assignment.grade(task)
        except CannotRun as error:
            trouble = error
        except Exception as error:
            trouble = CannotRun(f"grading it failed: {type(error).__name__}: {error}")
    return trouble
