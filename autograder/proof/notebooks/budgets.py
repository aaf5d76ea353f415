"""Budgets of notebooks, and what a kernel and its children really use.

A budget of 60 s means 60 s on two idle cores of the reference machine (see `machine_speed`),
whatever machine the notebook runs on and whatever else runs there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.proof.notebooks.machine_speed import REFERENCE_SECONDS, sample

CORES = 2
PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 2**20
LOOK_EVERY = 0.1
SAMPLE_EVERY = 10
"""Looks from one sample of the machine's speed to the next: a hundredth of a core."""


@dataclass(frozen=True)
class Budget:
    """What a notebook may use on two cores, without a network."""

    seconds: float
    mib: int = 2048


LESSON = Budget(60)
ASSIGNMENT = Budget(30)
DISTRIBUTED = Budget(90)


def budget_for(module: str, kind: str) -> Budget:
    """The budget of a module's lesson, or of its assignment, solved or not."""
    if kind != "lesson":
        return ASSIGNMENT
    return DISTRIBUTED if "distributed" in module else LESSON


@dataclass
class NotebookUsage:
    """What a notebook used.

    wall_seconds: of all cells. cpu_seconds: on a core, of all threads. waited_seconds: ready, but
    without a core, of all threads. slowness: how many times as long as on the reference machine
    the same computation took at the time.
    """

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    waited_seconds: float = 0.0
    peak_bytes: int = 0
    slowness: float = 1.0

    @property
    def by_itself(self) -> float:
        """Seconds on two idle cores of the reference machine.

        Threads that had no core waited for other work; that is taken off. Less than its share of
        both cores no notebook can take. Computation is converted by the machine's slowness; so
        is what the notebook slept, but a fast machine does not lengthen sleep.
        """
        unhindered = max(0.0, self.wall_seconds - self.waited_seconds)
        computed = max(self.cpu_seconds / CORES, min(self.cpu_seconds, unhindered))
        slept = max(0.0, unhindered - self.cpu_seconds)
        return computed / self.slowness + slept / max(1.0, self.slowness)

    @property
    def peak_mib(self) -> int:
        """Peak memory in MiB."""
        return round(self.peak_bytes / MIB)


@dataclass
class Meter:
    """Sample processes' time and memory every 0.1 s, and the machine's speed every second.

    family: gives the process ids to look at.
    """

    family: Callable[[], Iterable[int]]
    usage: NotebookUsage = field(default_factory=NotebookUsage)

    def __post_init__(self) -> None:
        self._threads: dict[tuple[int, str], tuple[int, int]] = {}
        self._samples: list[float] = []
        self._own_wait = _main_thread_wait()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look_often, daemon=True)
        self._thread.start()

    def stop(self) -> NotebookUsage:
        """Stop sampling. Return what was seen."""
        self._done.set()
        self._thread.join()
        # The kernel waits for this process, too, between one cell and the next.
        waited = sum(wait for _, wait in self._threads.values())
        waited += _main_thread_wait() - self._own_wait
        self.usage.waited_seconds = waited / 1e9
        self.usage.cpu_seconds = sum(run for run, _ in self._threads.values()) / 1e9
        self.usage.slowness = sum(self._samples) / len(self._samples) / REFERENCE_SECONDS
        return self.usage

    def _look_often(self) -> None:
        looks = 0
        while not self._done.wait(LOOK_EVERY):
            self._look()
            if looks % SAMPLE_EVERY == 0:
                self._samples.append(sample())
            looks += 1
        self._look()
        self._samples.append(sample())

    def _look(self) -> None:
        pids = list(self.family())
        for pid in pids:
            self._threads.update(_schedule(pid))
        seen = (self.usage.peak_bytes, resident_bytes(pids), *map(_peak_bytes, pids))
        self.usage.peak_bytes = max(seen)


def _schedule(pid: int) -> dict[tuple[int, str], tuple[int, int]]:
    """For each thread of a process: nanoseconds on a core, and waiting for one."""
    found = {}
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            run, wait, _ = Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()
            found[pid, task] = int(run), int(wait)
    except (OSError, ValueError):
        pass  # it has ended meanwhile
    return found


def _main_thread_wait() -> int:
    """Nanoseconds that this process's main thread was ready and had no core."""
    pid = os.getpid()
    return _schedule(pid).get((pid, str(pid)), (0, 0))[1]


def resident_bytes(pids: Iterable[int]) -> int:
    """Memory of a kernel and its children: the kernel's in full, of the others what is theirs.

    A warm kernel shares the frameworks with the process it came from; a kernel that a learner
    starts has them to itself.
    """
    family = set(pids)
    return sum(_private(pid) if _parent(pid) in family else _resident(pid) for pid in family)


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def _peak_bytes(pid: int) -> int:
    """The most that one process has ever had, also when nobody looked."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        return 0


def _private(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return _resident(pid)  # not ours to read
    values = {name: int(value) for name, value, *_ in map(str.split, lines)}
    return (values["Private_Clean:"] + values["Private_Dirty:"]) * 1024
