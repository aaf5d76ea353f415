"""Start the processes that grade while this one still imports nbgrader, which takes as long."""

from __future__ import annotations

import sys
from pathlib import Path

from autograder.kernels.owner import modules_to_preload, shared
from autograder.workers.process_pool import start_importing


def start_ahead(course: Path, assignment: str) -> None:
    """Have the zygote and the workers' fork server import what an assignment will need.

    What its submissions import is guessed from the instructor's notebooks, where nbgrader looks
    for them by default. A wrong guess costs time and nothing else: grading looks again.
    """
    notebooks = sorted((course / "source" / assignment).glob("*.ipynb"))
    if sys.platform != "linux" or not notebooks:
        return
    start_importing("autograder.workers.worker")
    shared.ensure_preloaded(modules_to_preload(notebooks))
    shared.link()
