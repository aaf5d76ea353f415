"""What a hub and its learners use: memory, processor and disk, by who uses it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from watching import looking

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class HubProcess:
    """A process of the hub: its owner's number, and what it is."""

    pid: int
    owner: int
    kind: str

    @property
    def cpu_seconds(self) -> float:
        """Processor seconds so far, with those of its children that have ended."""
        with suppress(OSError):
            text = Path(f"/proc/{self.pid}/stat").read_text()
            return sum(map(int, text.rpartition(")")[2].split()[11:15])) / TICKS
        return 0.0

    def memory(self) -> Memory:
        """Return the process's memory; nothing once it has ended."""
        with suppress(OSError):
            lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
            kib = {line.split()[0].rstrip(":"): int(line.split()[1]) for line in lines}
            own = kib["Private_Clean"] + kib["Private_Dirty"]
            return Memory(kib["Pss"] / 1024, own / 1024, kib["Rss"] / 1024)
        return Memory()


@dataclass(frozen=True)
class Memory:
    """MiB of a process, or of several.

    share: what processes share is divided by their number (proportional set size); shares add up.
    own: what no other process has.
    all: with everything shared, counted in full; meaningless for several processes.
    """

    share: float = 0.0
    own: float = 0.0
    all: float = 0.0

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.share + other.share, self.own + other.own, self.all + other.all)


def hub_processes(folder: Path) -> list[HubProcess]:
    """Return the processes that have the view of the machine of the hub in `folder`."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder) in (place / "mountinfo").read_text():
                command = (place / "cmdline").read_text()
                found.append(HubProcess(int(place.name), place.stat().st_uid, _kind(command)))
    return found


def _kind(command: str) -> str:
    """Return what a process is, by its command."""
    for words, kind in (
        ("ipykernel", "kernel"),
        ("jupyterhub.singleuser", "lab"),
        ("learner_lab.py", "lab"),
        ("configurable-http-proxy", "proxy"),
        ("jupyterhub\0-f", "hub"),
    ):
        if words in command:
            return kind
    return "other"


def processor_seconds(folder: Path, owner: int) -> float:
    """Return the processor seconds that an account's processes have used so far."""
    return sum(p.cpu_seconds for p in hub_processes(folder) if p.owner == owner)


def machine_seconds() -> float:
    """Return the processor seconds that the whole machine has used so far."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, interrupts, soft_interrupts, *_ = map(int, fields)
    return (user + nice + system + interrupts + soft_interrupts) / TICKS


def available_mib() -> float:
    """Return the memory that the machine could still give."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    [found] = [line.split()[1] for line in lines if line.startswith("MemAvailable")]
    return int(found) / 1024


def folder_mib(folder: Path) -> float:
    """Return what a folder's files take on the disk; a file with two names counts once."""
    files = {}
    for path in folder.rglob("*"):
        with suppress(OSError):
            status = path.lstat()
            files[status.st_dev, status.st_ino] = status.st_blocks
    return sum(files.values()) * 512 / 2**20


@dataclass
class Watched:
    """What was seen during a round."""

    least_available: float = field(default_factory=available_mib)
    slowest_answer: float = 0.0
    unanswered: int = 0


@contextmanager
def watching_the_hub(url: str) -> Iterator[Watched]:
    """Look every second at the machine's memory, and how soon the hub answers anybody."""
    seen = Watched()

    with httpx.Client(base_url=url, timeout=60, verify=False) as client:

        def look() -> None:
            seen.least_available = min(seen.least_available, available_mib())
            began = time.monotonic()
            try:
                client.get("/hub/health").raise_for_status()
            except httpx.HTTPError:
                seen.unanswered += 1
            seen.slowest_answer = max(seen.slowest_answer, time.monotonic() - began)

        with looking(look):
            yield seen


def memory_by_kind(processes: list[HubProcess], owners: Mapping[int, str]) -> dict[str, Memory]:
    """Return the memory of learners' labs and kernels, and of the hub's own processes.

    owners: names of the learners, by number; whatever else they run counts as lab.
    """
    found: dict[str, Memory] = {}
    for process in processes:
        kind = process.kind
        if process.owner in owners:
            kind = "kernel" if kind == "kernel" else "lab"
        elif kind not in ("hub", "proxy"):
            kind = "course and culler"
        found[kind] = found.get(kind, Memory()) + process.memory()
    return found
