"""What a submission may use, and those of its limits that the kernel keeps everywhere."""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.linux import MIB


@dataclass(frozen=True)
class ResourceLimits:
    """The resources that one submission may use. Times in seconds, sizes in bytes."""

    cpu_seconds: int = 600
    wall_seconds: int = 900
    memory_bytes: int = 3 * 1024 * MIB
    processes: int = 128
    open_files: int = 512
    file_bytes: int = 256 * MIB
    scratch_bytes: int = 512 * MIB
    scratch_files: int = 20_000

    @property
    def tasks(self) -> int:
        """Return the kernel's limit on tasks: it counts each thread, which `processes` does not."""
        return self.processes + 64


def set_limits(limits: ResourceLimits, own_user: bool) -> None:
    """Set the kernel's limits on this process and all that it starts. own_user: in a namespace."""
    if own_user:
        # Without a user namespace all of the user's processes would count.
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.tasks,) * 2)
    for what, value in (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        # A process that asks for too much gets a MemoryError, and can continue.
        (resource.RLIMIT_DATA, _data_bytes() + limits.memory_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 4096),
    ):
        resource.setrlimit(what, (value, value))


def bound_namespaces(limits: ResourceLimits) -> None:
    """Set limits on the new namespaces themselves.

    Since Linux 6.14 each process namespace has its own range of process numbers: a wall against
    fork bombs that also holds for root, whom RLIMIT_NPROC does not stop. Linux gives out numbers
    below 300 only once; they are skipped, so that the wall stands from the start.
    """
    # System V memory belongs to no process, so no measurement would find it. Before Linux 6.9 only
    # root may say so; the filter of system calls refuses it everywhere.
    for name, none in {"shmmni": "0", "msgmni": "0", "sem": "250 32000 32 0"}.items():
        with contextlib.suppress(OSError):
            Path(f"/proc/sys/kernel/{name}").write_text(none)
    with contextlib.suppress(OSError):
        # Each may hold thousands of events that nobody reads.
        Path("/proc/sys/user/max_inotify_instances").write_text("16")
    with contextlib.suppress(OSError):
        Path("/proc/sys/kernel/pid_max").write_text(str(300 + limits.tasks))
        Path("/proc/sys/kernel/ns_last_pid").write_text("299")


def _data_bytes() -> int:
    """Return the bytes that this process has reserved for data so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
