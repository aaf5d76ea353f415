"""Resource usage of a world's processes, measured from outside, and the limit that they exceed.

Measuring is the second line: the kernel itself keeps some limits everywhere (see `kernel_limits`),
and all of memory where it has control groups for us (see `control_group`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.limits import ResourceLimits
from autograder.sandbox.linux import MIB
from autograder.sandbox.open_files import Holdings, socket_bytes, tcp_bytes, unseen_sockets
from autograder.sandbox.processor_time import ProcessorTime
from autograder.sandbox.walls import World

THOROUGH_EVERY = 3
"""Of so many measurements one looks into mappings and into what hangs on open files."""

HIDDEN_TIMES = 3
"""A process that is just starting a program cannot be looked into for a moment."""

IN_FLIGHT_TIMES, IN_FLIGHT_MOST = 7, 200
"""Thorough measurements, 2 s and 60 s, in which a sent file must be received: the first where the
disk fills up meanwhile."""

KERNEL_OBJECTS = 20_000
MAPPINGS = 400_000
FILES_OF_A_PROCESS = 8
"""All processes together may open so many times the files of one."""


@dataclass(frozen=True)
class ProcessUsage:
    """Seconds, bytes and numbers of what a world's processes use.

    threads: of all processes. open_files: of all processes. kernel_objects: locks, watches and
    the like. mappings: pieces of address space. evasion: how something was kept from being
    measured, or "".
    """

    wall_seconds: float
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    processes: int = 0
    scratch_bytes: int = 0
    scratch_files: int = 0
    threads: int = 0
    open_files: int = 0
    kernel_objects: int = 0
    mappings: int = 0
    evasion: str = ""


class UsageMeter:
    """Measures the processes of a world, all descendants of this process, again and again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._times = 0
        self._processor_time = ProcessorTime()
        self._hidden = self._in_flight = 0
        self._free: tuple[int, ...] = (0, 0)
        self._free_now: tuple[int, ...] = (0, 0)
        self._slow = Holdings()
        self._socket_bytes = socket_bytes(as_made=world.walls.system_calls)

    def measure(self, wall_seconds: float) -> ProcessUsage:
        """Return what the processes use now.

        Memory is what they own alone: pages shared with the zygote since the fork do not count.
        That is slow to measure, so while resident memory is within the limit it is taken instead.
        """
        limits = self.world.limits
        family = descendants(os.getpid())
        if len(family) > limits.processes:
            # Enough to stop them; measuring more would take seconds, for they keep forking.
            return ProcessUsage(wall_seconds, processes=len(family))
        thorough = self._times % THOROUGH_EVERY == 0
        self._times += 1
        memory, threads = 0, 0
        states: dict[int, list[str]] = {}
        held = Holdings()
        places = []
        for pid in family:
            try:
                fields = states[pid] = _stat(f"/proc/{pid}")
                if fields[0] in "ZX" and int(fields[17]) <= 1:
                    continue  # it has ended and holds nothing; only root may look into it now
                place = _place(pid, fields)
                status = _numbers(f"{place}/status")
            except (OSError, IndexError):
                continue  # the process has ended meanwhile
            places.append(place)
            threads += status.get("Threads", 0)
            memory += _resident_bytes(status)
            held.add_files(place, thorough)
            if thorough:
                if held.mappings <= MAPPINGS:  # else it would take long, and is too many anyway
                    held.add_mappings(place, self.world.scratch)
                if not self.world.walls.system_calls:
                    held.add_files_of_threads(pid)
        if thorough and self.world.walls.namespaces and family:
            held.tcp_bytes = tcp_bytes(min(family))
            held.unseen_sockets = unseen_sockets(min(family), held.sockets)
        elif thorough and not self.world.walls.namespaces:  # only pairs can be made, and sent
            held.unseen_sockets = held.in_flight
        self._remember(held, thorough)
        elsewhere = held.memory_bytes(self._socket_bytes)
        if memory + elsewhere > limits.memory_bytes:
            memory = sum(map(_private_bytes, places))
        if memory + elsewhere > limits.memory_bytes:
            # A process that is just starting another one shares its memory with it for a moment.
            time.sleep(0.01)
            memory = min(memory, sum(map(_private_bytes, places)))
        files, size = folder_usage(self.world.scratch, limits.scratch_files)
        return ProcessUsage(
            wall_seconds,
            cpu_seconds=self._processor_time.measure(states, wall_seconds),
            memory_bytes=memory + elsewhere,
            processes=len(family),
            scratch_bytes=size + held.nameless_bytes(limits.file_bytes),
            scratch_files=files,
            threads=threads,
            open_files=held.descriptors,
            kernel_objects=held.objects,
            mappings=held.mappings,
            evasion=self._evasion(),
        )

    def _remember(self, held: Holdings, thorough: bool) -> None:
        """Carry what only thorough measurements see over to the next ones."""
        self._hidden = self._hidden + 1 if held.hidden else 0
        if thorough:
            self._free_now = _free_bytes(self.world.scratch)
            if held.in_flight:  # other programs may free some, too
                self._free = tuple(map(max, self._free, self._free_now))
            else:
                self._free = self._free_now
            self._in_flight = self._in_flight + 1 if held.in_flight else 0
            self._slow = held
        else:
            held.shared, held.unlinked = self._slow.shared, self._slow.unlinked
            held.objects, held.tcp_bytes = self._slow.objects, self._slow.tcp_bytes
            held.mappings = self._slow.mappings
            held.unseen_sockets = self._slow.unseen_sockets

    def _evasion(self) -> str:
        if self._hidden >= HIDDEN_TIMES:
            return "it hid a process from being measured"
        # What is sent may be a large file, and is a small pipe where a process is being started.
        lost = [before - now for before, now in zip(self._free, self._free_now, strict=True)]
        limits = self.world.limits
        full = lost[0] > limits.scratch_bytes
        full |= lost[1] > limits.memory_bytes and not self.world.walls.system_calls
        if self._in_flight >= (IN_FLIGHT_TIMES if full else IN_FLIGHT_MOST):
            return "it kept open files where they cannot be measured, sent and not received"
        return ""


def _free_bytes(folder: Path) -> tuple[int, int]:
    """Return the bytes that are free on a folder's disk and in memory, for all of the machine."""
    disk = os.statvfs(folder)
    memory = _numbers("/proc/meminfo").get("MemAvailable", 0) * 1024
    return disk.f_bavail * disk.f_frsize, memory


def _stat(place: str) -> list[str]:
    """Return the fields of a process's or thread's state that come after its name."""
    return Path(f"{place}/stat").read_text().rpartition(")")[2].split()


def _place(pid: int, fields: list[str]) -> str:
    """Return the folder that tells about a process: its own, or that of a living thread.

    Where the first thread has ended and others go on, the process's own folder says nothing.
    """
    if fields[0] == "Z" and int(fields[17]) > 1:
        for thread in os.listdir(f"/proc/{pid}/task"):
            place = f"/proc/{pid}/task/{thread}"
            if _stat(place)[0] not in "ZX":
                return place
    return f"/proc/{pid}"


def _resident_bytes(status: dict[str, int]) -> int:
    """Return the bytes of memory and page tables, by a process's status (in kB)."""
    names = ("RssAnon", "RssShmem", "VmSwap", "HugetlbPages", "VmPTE")
    return sum(status.get(name, 0) for name in names) * 1024


def _private_bytes(place: str) -> int:
    try:
        status = _numbers(f"{place}/status")
        tables = status.get("VmPTE", 0)
        try:
            values = _numbers(f"{place}/smaps_rollup")
        except (PermissionError, FileNotFoundError):  # it hides: all counts
            return (status.get("VmRSS", 0) + status.get("VmSwap", 0) + tables) * 1024
    except OSError:
        return 0
    names = ("Private_Clean", "Private_Dirty", "SwapPss", "Private_Hugetlb")
    private = sum(values.get(name, 0) for name in names)
    return (private + status.get("RssShmem", 0) + tables) * 1024


def _numbers(file: str) -> dict[str, int]:
    """Return the lines of a file that have a name and a number: kB, or a count."""
    lines = (line.split() for line in Path(file).read_text().splitlines())
    return {
        words[0].rstrip(":"): int(words[1])
        for words in lines
        if len(words) in (2, 3) and words[1].isdigit()
    }


def over_limit(usage: ProcessUsage, limits: ResourceLimits) -> str | None:
    """Describe the limit that was exceeded, or return None if there is none."""
    if usage.evasion:
        return usage.evasion
    if usage.wall_seconds > limits.wall_seconds:
        return f"it ran longer than {limits.wall_seconds} s"
    if usage.cpu_seconds > limits.cpu_seconds:
        return f"it used more than {limits.cpu_seconds} s of processor time"
    if usage.memory_bytes > limits.memory_bytes:
        return f"it used more than {limits.memory_bytes // MIB} MiB of memory"
    if usage.processes > limits.processes:
        return f"it started more than {limits.processes} processes"
    if usage.threads > limits.tasks:
        return f"it started more than {limits.tasks} threads"
    if usage.open_files > FILES_OF_A_PROCESS * limits.open_files:
        return f"it opened more than {FILES_OF_A_PROCESS * limits.open_files} files"
    if usage.kernel_objects > KERNEL_OBJECTS:
        return f"it holds more than {KERNEL_OBJECTS} locks and watches of files"
    if usage.mappings > MAPPINGS:
        return f"it divided its memory into more than {MAPPINGS} pieces"
    if usage.scratch_bytes > limits.scratch_bytes:
        return f"it wrote more than {limits.scratch_bytes // MIB} MiB of files"
    if usage.scratch_files > limits.scratch_files:
        return (
            f"it wrote more than {limits.scratch_files} files, or folders that are closed or too "
            "deep to be counted"
        )
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
                        with contextlib.suppress(FileNotFoundError):  # removed just now
                            total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.EACCES):
                return enough + 1, total  # too deep or closed: what cannot be counted is too much
    return files, total
