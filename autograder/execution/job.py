"""What the runner of a submission is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sandbox import walls
from autograder.sandbox.choice import NO_WALLS


@dataclass(frozen=True)
class SubmissionLimits:
    """What one submission may use."""

    cell_seconds: int = 120
    answer_seconds: int = 30
    notebook_seconds: int = 600
    output_bytes: int = 2**20
    """Of one cell; what is beyond is dropped."""
    answer_bytes: int = 64 * 2**20
    resources: walls.ResourceLimits = field(default_factory=walls.ResourceLimits)
    """Of all the notebook's processes together; they hold within walls."""


@dataclass(frozen=True)
class Job:
    """One notebook to run.

    notebook: its JSON, restored from the release. cases: for each judged cell, by name, the file
        of inputs that its answer is put to. folders: their files are copied beside the notebook;
        where two have the same, the first counts. threads: for numerical libraries. walls:
        around the kernel; without any, it runs with the rights of whoever grades.
    """

    notebook: str
    cases: Mapping[str, bytes]
    folders: tuple[Path, ...] = ()
    limits: SubmissionLimits = field(default_factory=SubmissionLimits)
    threads: int | None = None
    walls: walls.Walls = NO_WALLS


@dataclass(frozen=True)
class Run:
    """What happened.

    notebook: the JSON with the outputs of the learner's cells; judged cells have none.
    answers: the file of observations for each exercise that gave one. failures: why another
        gave none. stopped: why the run ended before the last cell, or "". incidents: what else
        cut the run short, such as a cell that was interrupted.
    """

    notebook: str
    answers: Mapping[str, bytes]
    failures: Mapping[str, str]
    stopped: str
    incidents: tuple[str, ...]
    seconds: float


class CannotRun(Exception):
    """The kernel did not start; no fault of the submission."""
