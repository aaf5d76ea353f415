"""What the processes of a world use, seen from outside, and which limit they pass."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.walls import MIB, Limits

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Seconds and bytes used by a process and all that it started."""

    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int
    processes: int
    scratch_bytes: int


def measure(root: int, scratch: Path, wall_seconds: float) -> Usage:
    """What process `root` and its descendants use now.

    Memory is what is theirs alone (resident minus shared): pages shared with the zygote since
    the fork are not counted to them.
    """
    ticks, pages = 0, 0
    family = descendants(root) | {root}
    for pid in family:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            pages += _private_pages(pid)
        except (OSError, IndexError):
            continue  # it has ended meanwhile
    return Usage(wall_seconds, ticks / TICKS, pages * PAGE, len(family), folder_bytes(scratch))


def _private_pages(pid: int) -> int:
    values = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        values[name] = int(value)
    kib = values["Private_Clean:"] + values["Private_Dirty:"]
    return kib * 1024 // PAGE


def over_limit(usage: Usage, limits: Limits) -> str | None:
    """Which limit was passed, in words; None when none was."""
    if usage.wall_seconds > limits.wall_seconds:
        return f"it ran longer than {limits.wall_seconds} s"
    if usage.cpu_seconds > limits.cpu_seconds:
        return f"it used more than {limits.cpu_seconds} s of processor time"
    if usage.memory_bytes > limits.memory_bytes:
        return f"it used more than {limits.memory_bytes // MIB} MiB of memory"
    if usage.processes > limits.processes:
        return f"it started more than {limits.processes} processes"
    if usage.scratch_bytes > limits.scratch_bytes:
        return f"it wrote more than {limits.scratch_bytes // MIB} MiB of files"
    return None


def descendants(root: int) -> set[int]:
    """All processes that come from `root`, by the kernel's own list of children."""
    found: set[int] = set()
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            except OSError:
                continue
            new = {int(child) for child in children} - found
            found |= new
            waiting += new
    return found


def folder_bytes(folder: Path) -> int:
    """The size of all files in a folder; links are not followed."""
    total = 0
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total
