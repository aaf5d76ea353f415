"""The interface to the machine that runs a job's program, local or remote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from lepton_hub.jobs.job_queue import UsedResources
from lepton_hub.jobs.pool_queries import Capacity
from lepton_hub.jobs.running.left_files import LeftFile
from lepton_hub.jobs.running.program_process import ProgramEnd


class MachineLost(OSError):
    """The machine that runs a program no longer answers."""


@dataclass(frozen=True)
class ProgramTask:
    """A job's program and its limits. seconds: wall-clock time; the rest are in bytes."""

    path: str
    parameters: Mapping[str, object]
    processors: int
    seconds: int
    memory_bytes: int
    file_bytes: int


@dataclass(frozen=True)
class HeardOutput:
    """A program's new output. end: how it ended, once it has.

    output: what it printed. metrics: what it appended to its metrics file.
    """

    output: bytes
    metrics: bytes
    used: UsedResources
    end: ProgramEnd | None


class JobRoom(Protocol):
    """Room for one job on a machine. Methods may raise OSError, and MachineLost if it is gone.

    name: of the machine or process, for display. capacity: the largest job that fits.
    """

    name: str
    capacity: Capacity

    def begin(self, needed: int) -> None:
        """Create folders for a job that may use a given number of bytes."""

    def write(self, reference: str | None, path: str, pieces: Iterable[bytes]) -> None:
        """Write a file of an input, by its version's name, or of the program (None)."""

    def describe(self, reference: str, told: Mapping[str, object]) -> None:
        """Write an input's metadata beside it."""

    def start(self, task: ProgramTask) -> None:
        """Start the program. Raises ProgramNotStarted, as may `listen`."""

    def listen(self, seconds: float) -> HeardOutput:
        """Return new output, waiting up to the timeout."""

    def stop(self) -> UsedResources:
        """Kill the program and all its descendants; return its total usage."""

    def left_files(self) -> tuple[list[LeftFile], list[str]]:
        """Return the files the ended program left, and a message for each one left out."""

    def close(self) -> None:
        """Kill the program if it is running, and remove the job's files."""


class JobMachines(Protocol):
    """Where programs can run."""

    def room(self) -> AbstractContextManager[JobRoom | None]:
        """Reserve room for one job, and release it at the end; None if there is none now."""
