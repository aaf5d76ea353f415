"""The input and the output of running one submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.sandbox import walls
from autograder.sandbox.choice import NO_WALLS
from autograder.submissions.untrusted_files import size_of


@dataclass(frozen=True)
class SubmissionLimits:
    """The limits of one submission."""

    cell_seconds: int = 120
    answer_seconds: int = 30
    notebook_seconds: int = 600
    output_bytes: int = 2**20
    """Limit for one cell; the rest is dropped."""
    notebook_output_bytes: int = 32 * 2**20
    """Limit for all cells together, tests of an ordinary nbgrader course not counted."""
    answer_bytes: int = 64 * 2**20
    resources: walls.ResourceLimits = field(default_factory=walls.ResourceLimits)
    """Limits for all of the notebook's processes together, enforced within walls only."""


def limits_beside(limits: SubmissionLimits, own: Path) -> SubmissionLimits:
    """Return limits that leave a submission its files beside those of the course's own folder."""
    files, size = size_of(own)
    resources = replace(
        limits.resources,
        scratch_bytes=limits.resources.scratch_bytes + size,
        scratch_files=limits.resources.scratch_files + files,
    )
    return replace(limits, resources=resources)


@dataclass(frozen=True)
class Job:
    """One notebook to run.

    notebook: its JSON, restored from the release. cases: for each judged cell, by name, the file
        of inputs for its answer. own_folders: folders of the course whose files are copied beside
        the notebook, all of them. folders: folders handed in, whose other files are copied there,
        too, within limits. threads: number of threads for numerical libraries. walls: the isolation
        around the kernel; without any, it runs with the grader's rights.
    """

    notebook: str
    cases: Mapping[str, bytes]
    folders: tuple[Path, ...] = ()
    own_folders: tuple[Path, ...] = ()
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
