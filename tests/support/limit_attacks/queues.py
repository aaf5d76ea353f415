"""Take memory in queues, which belong to no process, and time in processes that are never seen."""

from __future__ import annotations

import array
import contextlib
import errno
import mmap
import os
import select
import signal
import socket
import sys
import time

from limit_attacks.common import MIB, ever, held


def fill(end: socket.socket) -> None:
    end.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            end.send(bytes(60_000))


def connections_not_accepted() -> None:
    """One socket listens; who connects, sends and goes leaves it all there."""
    server = socket.socket(socket.AF_UNIX)
    server.bind("server")
    server.listen(4096)
    for _ in range(4000):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("server")
            fill(client)
    ever()


def datagrams_of_the_gone() -> None:
    """Each receiver has a message waiting from many senders, none of which is there any more."""
    for number in range(200):
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.bind(f"receiver{number}")
        held.append(receiver)
        for _ in range(11):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    sender.sendto(bytes(200_000), f"receiver{number}")
    ever()


def sockets_on_their_way() -> None:
    """Full sockets are sent as messages that nobody receives, and closed; others stay open."""
    ours, theirs = socket.socketpair()
    held.extend((ours, theirs))
    for _ in range(80):
        held.extend(socket.socketpair())
        fill(held[-1])
        fill(held[-2])
    with contextlib.suppress(OSError):
        while True:
            pairs = [socket.socketpair() for _ in range(10)]
            ends = [end for pair in pairs for end in pair]
            for end in ends:
                fill(end)
            files = array.array("i", [end.fileno() for end in ends])
            ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
            for end in ends:
                end.close()
    ever()


def a_byte_of_each_page() -> None:
    """What is passed on without copying holds a page for each byte, also when the file is gone."""
    with open("pages", "wb") as file:
        file.write(bytes(2 * MIB))
    ours, theirs = socket.socketpair()
    held.extend((ours, theirs))
    refused = 0
    with open("pages", "rb") as file:
        for pass_on in (
            lambda: os.sendfile(ours.fileno(), file.fileno(), 0, 1),
            lambda: os.splice(file.fileno(), os.pipe()[1], 1, offset_src=4096),
        ):
            try:
                pass_on()
            except OSError as error:
                refused += error.errno == errno.EINVAL
    if refused == 2:
        raise OSError(errno.EINVAL, "refused")
    ever()


def born_unreadable() -> None:
    """A program that nobody may read from the moment it is made."""
    with open(os.path.realpath(sys.executable), "rb") as file:
        program = file.read()
    out = os.open("program", os.O_CREAT | os.O_WRONLY, 0o111)
    os.write(out, program)
    os.close(out)
    code = "x = bytearray(100 << 20); import time; time.sleep(60)"
    for _ in range(3):
        if not os.fork():
            os.execv("program", ["program", "-I", "-S", "-c", code])
    ever()


def shared_memory_by_its_name() -> None:
    """The kernel names each mapping; opened by that name, it might be made larger."""
    held.append(mmap.mmap(-1, MIB))
    for name in os.listdir("/proc/self/map_files"):
        file = os.open(f"/proc/self/map_files/{name}", os.O_RDWR)
        os.ftruncate(file, 400 * MIB)
        held.append(mmap.mmap(file, 400 * MIB))
    ever()


def attributes_of_files() -> None:
    """Extended attributes lie beside a file's bytes."""
    for number in range(290):
        with open(f"/dev/shm/{number}", "wb") as file:
            for name in range(50):
                os.setxattr(file.fileno(), f"user.{name}", bytes(65_536))
    ever()


def locked_memory() -> None:
    area = mmap.mmap(-1, 16 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x2000)  # LOCKED
    held.append(area)
    ever()


def huge_pages() -> None:
    flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x40000  # MAP_HUGETLB
    while True:
        held.append(mmap.mmap(-1, 32 * MIB, flags=flags))
        held[-1].write(bytes(32 * MIB))


def watched_watchers() -> None:
    """Each watcher watches the ones before it."""
    while True:
        poll = select.epoll()
        for other in held[-200:]:
            poll.register(other)
        held.append(poll)


def children_that_are_never_seen() -> None:
    """They work for a moment, one after the other, and nobody waits for any."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        _generation(0.03)


def children_seen_once() -> None:
    """They work for a while, and others of their age follow, so that the sum stays the same."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        _generation(0.4)


def _generation(seconds: float) -> None:
    for _ in range(2):
        if not os.fork():
            while time.process_time() < seconds:
                pass
            os._exit(0)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
