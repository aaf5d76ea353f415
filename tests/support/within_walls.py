"""Run a function within walls and under limits, without Jupyter, as this user or as another."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl  # noqa: F401 - another user may not be able to read Python's folder
import gc
import os
import signal
import struct  # noqa: F401
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.kernels.watcher import _kill_all
from autograder.sandbox import linux, walls
from autograder.sandbox.resource_usage import UsageMeter, over_limit

NOBODY = 65534
LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Ending:
    """How it ended. stopped: the limit, or "". refused: the kernel's error or signal, or ""."""

    stopped: str
    refused: str


def become_nobody() -> None:
    """Make this process one of a user without rights."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # so that it may enter namespaces
    sys.prefix = sys.base_prefix = sys.exec_prefix = "/usr"


def in_process(action: Callable[[], str], as_nobody: bool) -> str:
    """Run `action` in a process of its own, perhaps as another user; return its result."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            gc.freeze()  # a collection would copy all shared pages, and that is memory of its own
            os.close(read)
            if as_nobody:
                become_nobody()
            os.write(write, action().encode())
        except BaseException as error:
            os.write(write, f"!{error!r}".encode())
        finally:
            os._exit(0)
    os.close(write)
    timer = threading.Timer(LONGEST_SECONDS, os.kill, [pid, signal.SIGKILL])
    timer.daemon = True
    timer.start()
    with os.fdopen(read) as pipe:
        text = pipe.read()
    timer.cancel()
    os.waitpid(pid, 0)
    assert not text.startswith("!"), text
    return text


def attack_within(
    world: walls.World, attack: Callable[[], object], as_nobody: bool = False
) -> Ending:
    """Run an attack and watch it as the watcher of a kernel does; return how it ended."""
    if as_nobody:
        os.chown(world.scratch, NOBODY, NOBODY)
    stopped, _, refused = in_process(lambda: _watched(world, attack), as_nobody).partition("\n")
    return Ending(stopped, refused)


def _watched(world: walls.World, attack: Callable[[], object]) -> str:
    world.home.mkdir()
    read, write = os.pipe()
    within, came_within = os.pipe()
    if world.walls.namespaces:
        walls.enter_namespaces()
    else:
        linux.become_subreaper()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        _attacked(world, attack, write, came_within)
    os.close(write)
    os.close(came_within)
    os.read(within, 1)  # until then it holds what these tests have open
    meter, began, reason = UsageMeter(world), time.monotonic(), None
    pidfd = os.pidfd_open(pid)
    while not reason and not _ended(pidfd):
        reason = over_limit(meter.measure(time.monotonic() - began), world.limits)
        time.sleep(0.05)
    status = _kill_all(pid, world.walls.namespaces)
    with os.fdopen(read) as pipe:
        refused = pipe.read()
    if status < 0 and not reason:
        refused = signal.Signals(-status).name
    return f"{reason or ''}\n{refused}"


def _attacked(
    world: walls.World, attack: Callable[[], object], write: int, came_within: int
) -> None:
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        walls.close_in(world)
        walls.close_connections(world)
        os.chdir(world.scratch)
        os.close(came_within)
        attack()
        os.write(write, b"")
    except (OSError, MemoryError, RuntimeError) as error:
        os.write(write, repr(error).encode())
    finally:
        os._exit(0)


def _ended(pidfd: int) -> bool:
    import select

    return bool(select.select([pidfd], [], [], 0)[0])


def small_world(folder: Path, tried: walls.Walls, cpu_seconds: int = 2) -> walls.World:
    """A world of its own in a folder, whose limits are soon reached."""
    mib = 2**20
    limits = walls.ResourceLimits(
        cpu_seconds=cpu_seconds,
        wall_seconds=25,  # less than what a file that is sent may take: see IN_FLIGHT_MOST
        memory_bytes=150 * mib,
        processes=20,
        open_files=256,
        file_bytes=20 * mib,
        scratch_bytes=50 * mib,
        scratch_files=300,
    )
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
    return walls.World(folder, limits=limits, walls=tried)
