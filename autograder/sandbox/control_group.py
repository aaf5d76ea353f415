"""A control group for each submission, where the system lets us make one (cgroup v2).

In it the kernel itself counts all memory of a submission, also that of page tables, sockets, pipes,
locks and files in memory, which can else be measured only in part. Where groups are ours to make:
in a systemd session of the user's own (`systemd-run --user --scope`), in a container that hands its
group over, and for root.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.limits import ResourceLimits
from autograder.sandbox.linux import MIB

SYSTEM = Path("/sys/fs/cgroup")
REMOVE_SECONDS = 2.0


@dataclass(frozen=True)
class ControlGroup:
    """The group of one submission. memory_bytes: its limit."""

    folder: Path
    memory_bytes: int

    def enter(self) -> None:
        """Move this process into the group, where all that it starts will be. Raises OSError."""
        (self.folder / "cgroup.procs").write_text("0")

    def overrun(self) -> str | None:
        """Describe the limit at which the kernel has ended processes of the group, if it has."""
        for line in _words(self.folder / "memory.events"):
            if line[0] == "oom_kill" and int(line[1]) > 0:
                return f"it used more than {self.memory_bytes // MIB} MiB of memory in all"
        return None

    def remove(self) -> None:
        """Remove the group once its processes have ended, which may take the kernel a moment."""
        deadline = time.monotonic() + REMOVE_SECONDS
        while time.monotonic() < deadline:
            try:
                self.folder.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.01)


def parent_group(own: str, system: Path = SYSTEM) -> Path | None:
    """Return the folder in which groups that count memory can be made, or None.

    own: the text of `/proc/self/cgroup`.
    """
    paths = [line[3:] for line in own.splitlines() if line.startswith("0::/")]
    for path in paths:
        here = system / path.lstrip("/")
        for folder in (here.parent, here) if here != system else (here,):
            controllers = _text(folder / "cgroup.subtree_control").split()
            writable = all(map(_writable, (folder, folder / "cgroup.procs")))
            if "memory" in controllers and writable:
                return folder
    return None


def make_group(limits: ResourceLimits, system: Path = SYSTEM) -> ControlGroup | None:
    """Return a new group with these limits, or None where the system lends none."""
    parent = parent_group(_text(Path("/proc/self/cgroup")), system)
    if parent is None:
        return None
    # Files in memory count here, too.
    memory = limits.memory_bytes + limits.scratch_bytes
    group = ControlGroup(parent / f"lepton-{os.getpid()}-{secrets.token_hex(4)}", memory)
    try:
        group.folder.mkdir()
        (group.folder / "memory.max").write_text(str(memory))
    except OSError:
        group.remove()
        return None
    others = {"memory.swap.max": 0, "memory.oom.group": 1, "pids.max": limits.tasks}
    for name, value in others.items():
        with contextlib.suppress(OSError):
            (group.folder / name).write_text(str(value))
    return group


def try_group() -> str:
    """Return why submissions get no control group here, or "" if they do."""
    group = make_group(ResourceLimits())
    if group is None:
        return "this session may not make any that count memory"
    try:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                group.enter()
                code = 0
            finally:
                os._exit(code)
        entered = os.waitpid(pid, 0)[1] == 0
    finally:
        group.remove()
    return "" if entered else f"no process may be moved into {group.folder}"


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _words(path: Path) -> list[list[str]]:
    return [line.split() for line in _text(path).splitlines() if line.strip()]
