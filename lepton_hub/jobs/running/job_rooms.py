"""Where a job's program runs, as a worker of the hub sees it: on this machine or on another one."""

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
    """The machine that runs a program does not answer any more."""


@dataclass(frozen=True)
class ProgramTask:
    """A program of a job, and its limits. seconds: from its start to its end; the rest in bytes."""

    path: str
    parameters: Mapping[str, object]
    processors: int
    seconds: int
    memory_bytes: int
    file_bytes: int


@dataclass(frozen=True)
class HeardOutput:
    """What is new of a program. end: how it ended, once it has.

    output: what it printed. metrics: what it added to its file of metrics.
    """

    output: bytes
    metrics: bytes
    used: UsedResources
    end: ProgramEnd | None


class JobRoom(Protocol):
    """Room for one job on a machine. Each method may raise OSError; MachineLost where it is gone.

    name: of the machine or the process, for people. capacity: the largest job that fits.
    """

    name: str
    capacity: Capacity

    def begin(self, needed: int) -> None:
        """Make folders for a job that may take so many bytes."""

    def write(self, reference: str | None, path: str, pieces: Iterable[bytes]) -> None:
        """Write a file of an input, by its version's name, or of the program (None)."""

    def describe(self, reference: str, told: Mapping[str, object]) -> None:
        """Write beside an input what is known of it."""

    def start(self, task: ProgramTask) -> None:
        """Start the program. Raises ProgramNotStarted, also where `listen` finds it so."""

    def listen(self, seconds: float) -> HeardOutput:
        """Return what is new; wait for it, but not longer."""

    def stop(self) -> UsedResources:
        """End the program and all that it started; return all that it has used."""

    def left_files(self) -> tuple[list[LeftFile], list[str]]:
        """Return what the ended program has left, and a sentence for what is left out."""

    def close(self) -> None:
        """End the program if it runs, and remove the job's files."""


class JobMachines(Protocol):
    """Where programs can run."""

    def room(self) -> AbstractContextManager[JobRoom | None]:
        """Hold room for one job, and close it at the end; None where there is none now."""
