"""Room for a job on this machine: its folder, and its program in the sandbox."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lepton_hub.jobs.job_metrics import FILE
from lepton_hub.jobs.job_queue import UsedResources
from lepton_hub.jobs.pool_queries import Capacity
from lepton_hub.jobs.running.job_folder import JobFolder, check_space, job_folder
from lepton_hub.jobs.running.job_rooms import HeardOutput, ProgramTask
from lepton_hub.jobs.running.left_files import LeftFile
from lepton_hub.jobs.running.program_command import program_order
from lepton_hub.jobs.running.program_process import RunningProgram

METRIC_BYTES = 1 << 18
"""Bytes of the metrics file to read at a time."""
LAST_PIECES = 8
"""The maximum number of such reads once the program has ended."""


class LocalRoom:
    """Room for one job on this machine. folder: the parent of the job's folder."""

    def __init__(self, folder: Path, walls: Mapping[str, bool]) -> None:
        self.name = f"{socket.gethostname()} {os.getpid()}"
        self.capacity = capacity_here()
        self._parent, self._walls = folder, walls
        self._stack = ExitStack()
        self._folder: JobFolder | None = None
        self._program: RunningProgram | None = None
        self._program_bytes = self._most_bytes = self._metrics_read = 0
        self._used = UsedResources()

    def begin(self, needed: int) -> None:
        """Create the job's folders. Raises OSError if the disk lacks room."""
        self._folder = self._stack.enter_context(job_folder(self._parent))
        check_space(self._folder.folder, needed)

    def write(self, reference: str | None, path: str, pieces: Iterable[bytes]) -> None:
        """Write a file of an input, or of the program (None). Raises OSError."""
        self.append(reference, path, pieces, more=False)

    def append(self, reference: str | None, path: str, pieces: Iterable[bytes], more: bool) -> None:
        """Write a file, or add to it (more). Raises OSError."""
        size = self._made.add(reference, path, pieces, more)
        if reference is None:
            self._program_bytes += size

    def describe(self, reference: str, told: Mapping[str, object]) -> None:
        """Write an input's metadata beside it. Raises OSError."""
        self._made.describe(reference, told)

    def start(self, task: ProgramTask) -> None:
        """Start the program. Raises OSError."""
        self._made.link()
        order = program_order(self._made, task, self._program_bytes, self._walls)
        self._most_bytes = order.limits.scratch_bytes
        self._program = RunningProgram(order)

    def listen(self, seconds: float) -> HeardOutput:
        """Return new output, waiting up to the timeout. Raises ProgramNotStarted."""
        program = self._program
        assert program is not None
        output = program.read(seconds)
        metrics = self._more_metrics(LAST_PIECES if program.end else 1)
        return HeardOutput(output, metrics, program.used, program.end)

    def stop(self) -> UsedResources:
        """Kill the program and all its descendants; return its total usage."""
        if self._program is not None:
            self._program.stop()
            self._used = self._program.used
            self._program = None
        return self._used

    def left_files(self) -> tuple[list[LeftFile], list[str]]:
        """Return the files the ended program left, and a message for each one left out."""
        return self._made.left_files(self._most_bytes)

    def close(self) -> None:
        """Kill the program if it is running, and remove the job's files."""
        self.stop()
        self._folder = None
        self._stack.close()

    @property
    def _made(self) -> JobFolder:
        assert self._folder is not None
        return self._folder

    def _more_metrics(self, pieces: int) -> bytes:
        """Return what was appended to the metrics file, up to a number of pieces."""
        file = self._made.open_in_work(FILE)
        if file is None:
            return b""
        with file:
            file.seek(self._metrics_read)
            found = file.read(pieces * METRIC_BYTES)
        self._metrics_read += len(found)
        return found


class ThisMachine:
    """The machine this process runs on, with room for one job at a time."""

    def __init__(self, folder: Path, walls: Mapping[str, bool]) -> None:
        self._folder, self._walls = folder, walls

    @contextmanager
    def room(self) -> Iterator[LocalRoom]:
        """Reserve room for one job, and release it at the end."""
        found = LocalRoom(self._folder, self._walls)
        try:
            yield found
        finally:
            found.close()


def capacity_here() -> Capacity:
    """Return the largest job that fits this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Capacity(len(os.sched_getaffinity(0)), memory)
