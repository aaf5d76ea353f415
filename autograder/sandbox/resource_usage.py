"""Resource usage of a world's processes, measured from outside, and the limit that they exceed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.walls import MIB, ResourceLimits, World

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ProcessUsage:
    """Seconds and bytes used by a process and everything that it started."""

    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int
    processes: int
    scratch_bytes: int
    scratch_files: int


def measure(root: int, world: World, wall_seconds: float) -> ProcessUsage:
    """Return what process `root` and its descendants use now.

    Memory is what they own alone: pages shared with the zygote since the fork do not count. That is
    slow to measure, so while resident memory is within the limit it is taken instead.
    """
    ticks, memory = 0, 0
    family = descendants(root) | {root}
    if len(family) > world.limits.processes:
        # Enough to stop them; measuring more would take seconds, for they keep forking.
        return ProcessUsage(wall_seconds, 0.0, 0, len(family), 0, 0)
    for pid in family:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            memory += _resident_bytes(pid)
        except (OSError, IndexError):
            continue  # the process has ended meanwhile
    if memory > world.limits.memory_bytes:
        memory = sum(map(_private_bytes, family))
    files, size = folder_usage(world.scratch, world.limits.scratch_files)
    size += nameless_bytes(family)
    return ProcessUsage(wall_seconds, ticks / TICKS, memory, len(family), size, files)


def _resident_bytes(pid: int) -> int:
    values = _kibibytes(f"/proc/{pid}/status")
    return (values.get("RssAnon", 0) + values.get("RssShmem", 0)) * 1024


def _private_bytes(pid: int) -> int:
    try:
        values = _kibibytes(f"/proc/{pid}/smaps_rollup")
        shared = _kibibytes(f"/proc/{pid}/status").get("RssShmem", 0)
    except OSError:
        return 0
    return (values.get("Private_Clean", 0) + values.get("Private_Dirty", 0) + shared) * 1024


def _kibibytes(file: str) -> dict[str, int]:
    lines = (line.split() for line in Path(file).read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if words[-1:] == ["kB"]}


def nameless_bytes(family: Iterable[int]) -> int:
    """Return the size of open files that are in no folder: deleted ones, and those in memory."""
    found: dict[tuple[int, int], int] = {}
    for pid in family:
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                for entry in entries:
                    status = os.stat(entry.path)
                    if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                        found[status.st_dev, status.st_ino] = status.st_blocks * 512
        except OSError:
            continue
    return sum(found.values())


def over_limit(usage: ProcessUsage, limits: ResourceLimits) -> str | None:
    """Describe the limit that was exceeded, or return None if there is none."""
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
    if usage.scratch_files > limits.scratch_files:
        return f"it wrote more than {limits.scratch_files} files"
    return None


def descendants(root: int) -> set[int]:
    """Return all processes that descend from `root`, by the kernel's own list of children."""
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


def folder_usage(folder: Path, enough: int) -> tuple[int, int]:
    """Return the number and the bytes of all files and folders in a folder, not following links.

    Counting stops after more than `enough` files.
    """
    files, total = 0, 0
    waiting = [str(folder)]
    while waiting and files <= enough:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return enough + 1, total  # nested too deeply to be scanned
    return files, total
