"""The input and the output of running one submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sandbox import walls
from autograder.sandbox.choice import NO_WALLS


@dataclass(frozen=True)
class SubmissionLimits:
    """The limits of one submission."""

    cell_seconds: int = 120
    answer_seconds: int = 30
    notebook_seconds: int = 600
    output_bytes: int = 2**20
    """Limit for one cell; the rest is dropped."""
    answer_bytes: int = 64 * 2**20
    resources: walls.ResourceLimits = field(default_factory=walls.ResourceLimits)
    """Limits for all of the notebook's processes together, enforced within walls only."""


@dataclass(frozen=True)
class Job:
    """One notebook to run.

    notebook: its JSON, restored from the release. cases: for each judged cell, by name, the file
        of inputs for its answer. folders: their files are copied beside the notebook; where two
        folders have the same file, the first one's is taken. threads: number of threads for
        numerical libraries. walls: the isolation around the kernel; without any, it runs with the
        grader's rights.
    """

    notebook: str
    cases: Mapping[str, bytes]
    folders: tuple[Path, ...] = ()
    limits: SubmissionLimits = field(default_factory=SubmissionLimits)
    threads: int | None = None
    walls: walls.Walls = NO_WALLS


@dataclass(frozen=True)
class Run:
    """The result of running a notebook; written by the learner's process, so not to be trusted.

    notebook: the JSON with the outputs of the learner's cells; judged cells have none.
    answers: the file of observations for each exercise that gave one. failures: for the other
        exercises, why there is none. stopped: why the run ended before the last cell, or "".
    incidents: what else cut the run short, such as an interrupted cell. seconds: wall-clock time.
    """

    notebook: str
    answers: Mapping[str, bytes]
    failures: Mapping[str, str]
    stopped: str
    incidents: tuple[str, ...]
    seconds: float


class CannotRun(Exception):
    """The kernel did not start, through no fault of the submission."""
