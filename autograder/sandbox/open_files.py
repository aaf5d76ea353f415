"""Memory and disk that processes hold through open files and mappings, seen from outside.

What cannot be measured counts in full: a socket as the buffers that it may fill, memory that is
shared without a name as the largest piece that the filter of system calls lets pass, a deleted file
that is mapped but not open as the largest file.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sandbox.system_calls import SHARED_BYTES

_INFO_BYTES = 2**18
_MAPS_BYTES = 2**22
"""Limits for the description of one open file, and of one process's mappings: what is longer is
told as far as that, and is too much."""

_USUAL_LINES = 5
"""Lines that are written about any open file."""

_TERMINALS = (5, 136)
"""The kernel's numbers of terminal devices."""

TERMINAL_BYTES = 2**20
"""What may wait in a terminal, at either end."""

MAPPING_BYTES = 256
"""The kernel's memory for one mapping."""


@dataclass
class Holdings:
    """What a family of processes holds.

    nameless: bytes on disk or in memory of each open file that is in no folder. sockets: their
    inodes. shared, unlinked: inodes of nameless shared memory and of deleted files, both mapped.
    descriptors: number of open files. objects: number of locks, watches and the like that hang on
    them. in_flight: number of open files sent to a process that has not received them.
    unseen_sockets: number of sockets that no process has open, and what waits in queues as so
    many. tcp_bytes: what waits in TCP sockets. terminals: number of open ends of terminals.
    mappings: number of pieces of address space. hidden: whether a process could not be looked into.
    """

    nameless: dict[tuple[int, int], int] = field(default_factory=dict)
    sockets: set[int] = field(default_factory=set)
    shared: set[bytes] = field(default_factory=set)
    unlinked: set[bytes] = field(default_factory=set)
    descriptors: int = 0
    objects: int = 0
    in_flight: int = 0
    unseen_sockets: int = 0
    tcp_bytes: int = 0
    terminals: int = 0
    mappings: int = 0
    hidden: bool = False

    def add_files(self, place: str, thorough: bool) -> None:
        """Add the open files of a process. thorough: also what hangs on them.

        place: the folder that tells about the process.
        """
        try:
            with os.scandir(f"{place}/fd") as entries:
                for entry in entries:
                    self.descriptors += 1
                    self._add_file(entry, f"{place}/fdinfo/{entry.name}" if thorough else "")
        except PermissionError:
            self.hidden = True
        except OSError:
            return  # the process has ended meanwhile

    def add_files_of_threads(self, pid: int) -> None:
        """Add the files that a process's threads have open for themselves."""
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with os.scandir(f"/proc/{pid}/task/{thread}/fd") as entries:
                    for entry in entries:
                        self._add_file(entry)

    def _add_file(self, entry: os.DirEntry[str], details: str = "") -> None:
        try:
            status = os.stat(entry.path)
        except FileNotFoundError:
            return
        if stat.S_ISFIFO(status.st_mode) or stat.S_ISDIR(status.st_mode):
            return
        if stat.S_ISSOCK(status.st_mode):
            self.sockets.add(status.st_ino)
        elif stat.S_ISCHR(status.st_mode):
            self.terminals += os.major(status.st_rdev) in _TERMINALS
        elif stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
            self.nameless[status.st_dev, status.st_ino] = status.st_blocks * 512
        if details:
            self._add_details(details)

    def _add_details(self, file: str) -> None:
        """Count the lines that the kernel writes about an open file: one for each lock or watch."""
        with open(file, "rb", 0) as info:
            text = info.read(_INFO_BYTES)
        self.objects += max(0, text.count(b"\n") - _USUAL_LINES)
        if len(text) == _INFO_BYTES:
            self.objects += _INFO_BYTES
        if b"scm_fds:" in text:
            self.in_flight += int(text.rpartition(b"scm_fds:")[2].split()[0])

    def add_mappings(self, place: str, scratch: Path) -> None:
        """Add what a process has mapped but need not hold open."""
        try:
            with open(f"{place}/maps", "rb") as file:
                text = file.read(_MAPS_BYTES)
        except PermissionError:
            self.hidden = True
            return
        except OSError:
            return
        self.mappings += text.count(b"\n")
        self.hidden |= len(text) == _MAPS_BYTES
        if b" (deleted)" not in text:
            return
        folder = os.fsencode(scratch)
        for line in text.splitlines():
            if line.endswith(b"/dev/zero (deleted)"):
                self.shared.add(line.split()[4])
            elif line.endswith(b" (deleted)") and folder in line:
                self.unlinked.add(line.split()[4])

    def nameless_bytes(self, file_bytes: int) -> int:
        """Return the bytes of files that are in no folder. file_bytes: the largest file's."""
        open_inodes = {inode for _, inode in self.nameless}
        unseen = {inode for inode in self.unlinked if int(inode) not in open_inodes}
        return sum(self.nameless.values()) + len(unseen) * file_bytes

    def memory_bytes(self, socket_bytes: int) -> int:
        """Return the bytes of memory that no process's own figures contain."""
        elsewhere = len(self.shared) * SHARED_BYTES + self.mappings * MAPPING_BYTES
        elsewhere += self.terminals * TERMINAL_BYTES + self.tcp_bytes
        return (len(self.sockets) + self.unseen_sockets) * socket_bytes + elsewhere


def unseen_sockets(pid: int, seen: set[int]) -> int:
    """Return how many Unix sockets of a process's network no process has open.

    They are on their way in messages, or connections that nobody accepts, and hold what was sent.
    A datagram socket also holds messages of senders that have gone; it counts as sockets that hold
    as much. seen: inodes of the sockets that processes have open.
    """
    count = 0
    for line in _lines(f"/proc/{pid}/net/unix")[1:]:
        words = line.split()
        count += int(words[6]) not in seen
        count += _QUEUED_DATAGRAMS // 2 if words[4] == _DATAGRAM else 0
    return count


_DATAGRAM = "0002"
_QUEUED_DATAGRAMS = 12
"""A new network's `max_dgram_qlen`, and two more; a socket counts as two full buffers."""


def tcp_bytes(pid: int) -> int:
    """Return the bytes that wait in the TCP sockets of a process's network, with their overhead.

    Their list takes the kernel long to write, so a few sockets are left to their own limits.
    """
    if _tcp_sockets(pid) <= _FEW_SOCKETS:
        return 0
    total = 0
    for name in ("tcp", "tcp6"):
        for line in _lines(f"/proc/{pid}/net/{name}")[1:]:
            sent, _, received = line.split()[4].partition(":")
            total += 2 * (int(sent, 16) + int(received, 16))
    return total


_FEW_SOCKETS = 16


def _tcp_sockets(pid: int) -> int:
    lines = [*_lines(f"/proc/{pid}/net/sockstat"), *_lines(f"/proc/{pid}/net/sockstat6")]
    return sum(int(line.split()[2]) for line in lines if line.startswith("TCP"))


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text().splitlines()
    except OSError:
        return []


def socket_bytes(as_made: bool) -> int:
    """Return the bytes that a socket's buffers may hold, by this machine's settings.

    as_made: whether processes are kept from changing the buffers' sizes.
    """
    names = ("wmem_default", "rmem_default") if as_made else ("wmem_max", "wmem_max")
    return sum(_setting(f"/proc/sys/net/core/{name}") for name in names)


def _setting(file: str) -> int:
    try:
        return int(Path(file).read_text())
    except (OSError, ValueError):
        return 212_992  # what the kernel starts with
