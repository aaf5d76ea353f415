"""Try from within the walls what they are there to stop: what holds on this machine.

Everything tried is harmless, and aimed at a file, a process and sockets made for it. `lepton
doctor` shows the outcome, and the table in docs/walls.md is what tests found in each mode.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import resource
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import walls
from autograder.sandbox.walls import Walls, World

_CLONE_NEWUSER = 0x10000000
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True)
class Outside:
    """What lies outside the walls. process: that of a program that answers at `udp`."""

    folder: Path
    file: Path
    process: int
    tcp: int
    udp: int
    unix_socket: str
    abstract_socket: str


def _number(result: int) -> int:
    """Return the result of a system call. Raises OSError where it failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _talk(family: int, kind: int, address: object) -> None:
    with socket.socket(family, kind) as sock:
        sock.settimeout(1)
        sock.connect(address)
        sock.send(b"?")
        if kind == socket.SOCK_DGRAM:  # only an answer tells that it arrived
            sock.recv(1)


def _echo(sock: socket.socket) -> None:
    """Answer each datagram."""
    while True:
        sock.sendto(*sock.recvfrom(100))


def _changed_mode(outside: Outside) -> None:
    os.chmod(outside.file, 0o777)
    if os.stat(outside.file).st_mode & 0o777 != 0o777:
        raise OSError("nothing was changed")


def _some_device(outside: Outside) -> None:
    opened = False
    for device in ("mem", "kmsg", "tty0", "vda", "sda", "nvme0n1", "fuse", "kvm"):
        with contextlib.suppress(OSError):
            os.close(os.open(f"/dev/{device}", os.O_RDONLY | os.O_NONBLOCK))
            opened = True
    if not opened:
        raise OSError("none can be opened")


def _segment(outside: Outside) -> None:
    libc = _libc()
    number = _number(libc.shmget(0, 4096, 0o1600))
    libc.shmctl(number, 0, None)


def _connections(outside: Outside) -> None:
    parent = os.getppid()
    for folder in ("self", f"{parent}", f"{parent}/task/{parent}"):
        with contextlib.suppress(OSError):
            if f":{outside.tcp:04X} " in Path("/proc", folder, "net/tcp").read_text():
                return
    raise OSError("that socket is not among them")


ATTEMPTS: dict[str, Callable[[Outside], object]] = {
    "read files": lambda outside: outside.file.read_text(),
    "write files": lambda outside: outside.file.write_text("changed"),
    "change files' rights": _changed_mode,
    "list folders": lambda outside: os.listdir(outside.folder),
    "see whether a file exists": lambda outside: os.stat(outside.file),
    "open devices": _some_device,
    "change the machine's settings": lambda _: os.close(
        os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)
    ),
    "send signals": lambda outside: os.kill(outside.process, signal.SIGCONT),
    "change processes' limits": lambda outside: resource.prlimit(
        outside.process, resource.RLIMIT_CORE, (0, 0)
    ),
    "read processes' memory": lambda outside: os.close(
        os.open(f"/proc/{outside.process}/mem", os.O_RDONLY)
    ),
    "TCP": lambda outside: _talk(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", outside.tcp)),
    "UDP": lambda outside: _talk(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", outside.udp)),
    "Unix sockets": lambda outside: _talk(socket.AF_UNIX, socket.SOCK_STREAM, outside.unix_socket),
    "abstract sockets": lambda outside: _talk(
        socket.AF_UNIX, socket.SOCK_STREAM, outside.abstract_socket
    ),
    "list connections": _connections,
    "sockets of other kinds": lambda _: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close(),
    "make namespaces": lambda _: _number(_libc().unshare(_CLONE_NEWUSER)),
    "System V memory": _segment,
    "memory files": lambda _: os.close(os.memfd_create("x")),
    "hide from measurement": lambda _: _number(_libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)),
}
"""What is tried, each in a process of its own; an OSError means that it is closed."""

_SHORT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors of an attempt that met no wall: nothing was left to try with."""


def open_ways(tried: Walls) -> dict[str, bool]:
    """Return for each attempt whether it succeeds from within these walls."""
    with tempfile.TemporaryDirectory(prefix="lepton-") as name, _outside(Path(name)) as outside:
        world = World(Path(name) / "scratch", walls=tried)
        world.home.mkdir(parents=True)
        return _within(world, lambda: _try_all(outside))


def _try_all(outside: Outside) -> dict[str, bool]:
    return {what: _succeeds(attempt, outside) for what, attempt in ATTEMPTS.items()}


def _succeeds(attempt: Callable[[Outside], object], outside: Outside) -> bool:
    """Run an attempt in a process of its own, so that none changes the next one's world.

    Raises OSError where the attempt failed for want of descriptors or memory.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            attempt(outside)
            code = 0
        except OSError as error:
            code = 2 if error.errno in _SHORT_OF else 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == 2:
        raise OSError("an attempt found no free descriptor or memory, so it shows nothing")
    return code == 0


def _within(world: World, action: Callable[[], dict[str, bool]]) -> dict[str, bool]:
    """Run `action` within walls; return what it returned. Raises OSError."""
    read, write = os.pipe()

    def inside() -> None:
        # What this process has open counts against the limit on open files.
        os.closerange(3, write)
        os.closerange(write + 1, os.sysconf("SC_OPEN_MAX"))
        walls.close_in(world)
        walls.close_connections(world)
        os.write(write, json.dumps(action()).encode())

    def between() -> None:
        if world.walls.namespaces:
            walls.enter_namespaces()
        os.waitpid(_fork(inside), 0)

    pid = _fork(between)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    if not text:
        raise OSError("the world inside could not be built")
    return json.loads(text)


def _fork(action: Callable[[], None]) -> int:
    """Run `action` in a new process; return its number."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(0)
    return pid


@contextlib.contextmanager
def _outside(folder: Path) -> Iterator[Outside]:
    """Yield a file, a process and sockets that a world inside should not reach."""
    place = folder / "outside"
    place.mkdir()
    (place / "file").write_text("outside")
    abstract = f"\0lepton-trial-{os.getpid()}"
    addresses = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM, str(place / "socket")),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, abstract),
    }
    with contextlib.ExitStack() as stack:
        sockets = {}
        for name, (family, kind, address) in addresses.items():
            sock = sockets[name] = stack.enter_context(socket.socket(family, kind))
            sock.bind(address)
            if kind == socket.SOCK_STREAM:
                sock.listen()
        process = _fork(lambda: _echo(sockets["udp"]))
        try:
            yield Outside(
                folder=place,
                file=place / "file",
                process=process,
                tcp=sockets["tcp"].getsockname()[1],
                udp=sockets["udp"].getsockname()[1],
                unix_socket=str(place / "socket"),
                abstract_socket=abstract,
            )
        finally:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
