"""Budgets of notebooks, and measurement of what a kernel and its children use.

A budget of 60 s means 60 s on two idle cores of the reference machine (see `machine_speed`),
whatever machine the notebook runs on and whatever else runs there.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.proof.notebooks.machine_speed import REFERENCE_SECONDS, SpeedSample, sample

CORES = 2
PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 2**20
LOOK_EVERY = 0.1
SAMPLE_EVERY = 10
"""Number of looks between samples of the machine's speed, which then cost a hundredth of a core."""


@dataclass(frozen=True)
class Budget:
    """A notebook's budget, on two cores without a network."""

    seconds: float
    mib: int = 2048


LESSON = Budget(60)
DEEPER = Budget(90)
ASSIGNMENT = Budget(30)


def budget_for(kind: str) -> Budget:
    """Return the budget of a notebook; an assignment's is the same solved and untouched."""
    if kind == "deeper":
        return DEEPER
    if kind in ("assignment", "student"):
        return ASSIGNMENT
    return LESSON


@dataclass
class NotebookUsage:
    """The resources that a notebook used.

    computed_seconds: on as many of two cores as it could use. slept_seconds: neither on a core
        nor waiting for one. slowness: duration of a fixed computation at the time, relative to the
        reference machine.
    """

    computed_seconds: float = 0.0
    slept_seconds: float = 0.0
    slowness: float = 1.0
    peak_bytes: int = 0

    @property
    def reference_seconds(self) -> float:
        """Seconds on two idle cores of the reference machine; sleep takes equally long on any."""
        return self.computed_seconds / self.slowness + self.slept_seconds

    @property
    def peak_mib(self) -> int:
        """Peak memory in MiB."""
        return round(self.peak_bytes / MIB)


@dataclass(frozen=True)
class ActivitySample:
    """Activity since the previous look, in seconds.

    run: on a core, over all threads. waited: ready, without a core, over all threads. served: sleep
    of the notebook while the process that executes it ran or waited for a core.
    """

    seconds: float
    run: float
    waited: float
    served: float = 0.0

    @property
    def computed(self) -> float:
        """Seconds that this would have taken on idle cores, for as many threads as were ready."""
        ready = (self.run + self.waited) / self.seconds
        return self.run / min(max(ready, 1.0), CORES)

    @property
    def slept(self) -> float:
        """Seconds in which no thread was ready."""
        return max(0.0, self.seconds - self.run - self.waited - self.served)


def usage_of(
    looks: Sequence[ActivitySample], samples: Sequence[SpeedSample], peak_bytes: int = 0
) -> NotebookUsage:
    """Return a notebook's usage. Time that the machine lost while it computed is not sleep."""
    cpu = sum(sample.cpu for sample in samples)
    lost = sum(sample.lost for sample in samples) / cpu * sum(look.run for look in looks)
    return NotebookUsage(
        computed_seconds=sum(look.computed for look in looks),
        slept_seconds=max(0.0, sum(look.slept for look in looks) - lost),
        slowness=cpu / len(samples) / REFERENCE_SECONDS,
        peak_bytes=peak_bytes,
    )


@dataclass
class Meter:
    """A sampler of processes' time and memory, every 0.1 s, and of the machine's speed.

    family: returns the ids of the processes to sample.
    """

    family: Callable[[], Iterable[int]]

    def __post_init__(self) -> None:
        self._threads: dict[tuple[int, str], tuple[int, int]] = {}
        self._looks: list[ActivitySample] = []
        self._samples: list[SpeedSample] = []
        self._peak_bytes = 0
        self._at = 0.0
        self._own = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample_often, daemon=True)
        self._thread.start()

    def stop(self) -> NotebookUsage:
        """Stop sampling, and return the usage."""
        self._done.set()
        self._thread.join()
        return usage_of(self._looks, self._samples, self._peak_bytes)

    def _sample_often(self) -> None:
        self._at, self._own = time.monotonic(), _ready_here()
        self._samples.append(sample())
        while not self._done.wait(LOOK_EVERY):
            self._look()
            if len(self._looks) % SAMPLE_EVERY == 0:
                self._samples.append(sample())
        self._look()

    def _look(self) -> None:
        pids = list(self.family())
        before, at, own = self._threads, self._at, self._own
        self._threads = {key: times for pid in pids for key, times in _schedule(pid).items()}
        self._at, self._own = time.monotonic(), _ready_here()
        changes = [
            (run - before.get(key, (0, 0))[0], wait - before.get(key, (0, 0))[1])
            for key, (run, wait) in self._threads.items()
        ]
        run, waited = (sum(change[i] for change in changes) / 1e9 for i in (0, 1))
        self._looks.append(ActivitySample(self._at - at, run, waited, (self._own - own) / 1e9))
        seen = (self._peak_bytes, resident_bytes(pids), *map(_peak_bytes, pids))
        self._peak_bytes = max(seen)


def _schedule(pid: int) -> dict[tuple[int, str], tuple[int, int]]:
    """Return, for each thread of a process, nanoseconds on a core and waiting for one."""
    found = {}
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            run, wait, _ = Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()
            found[pid, task] = int(run), int(wait)
    except (OSError, ValueError):
        pass  # the process has ended meanwhile
    return found


def _ready_here() -> int:
    """Return the nanoseconds that this process's other threads ran or waited for a core."""
    threads = _schedule(os.getpid())
    threads.pop((os.getpid(), str(threading.get_native_id())), None)
    return sum(map(sum, threads.values()))


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the memory of a kernel, in full, and of its children, without shared pages.

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
    """Return the most memory that a process has ever had, between samples too."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        return 0


def _private(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return _resident(pid)  # another user's process
    values = {name: int(value) for name, value, *_ in map(str.split, lines)}
    return (values["Private_Clean:"] + values["Private_Dirty:"]) * 1024
