"""Each limit holds in each mode, for root and for others, however somebody tries to get around it.

An attack ends in one of two ways: the kernel refuses or kills it, or the watcher stops it. One that
runs out undisturbed has won.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import mmap
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from within_walls import attack_within, small_world

from autograder.sandbox.walls import Walls, survey

MIB = 2**20
MODES = {
    "all walls": Walls(),
    "no Landlock": Walls(landlock=False),
    "no namespaces": Walls(namespaces=False),
    "no filter": Walls(system_calls=False),
}
TRIED = [("all walls", "root"), ("no Landlock", "nobody"), ("no filter", "nobody")]
TRIED += [("no namespaces", "root"), ("no namespaces", "nobody")]
if os.geteuid() != 0:
    TRIED = [(mode, "user") for mode in MODES]

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(survey().walls != Walls(), reason=f"walls are missing: {survey().problems}"),
]


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def refused_if(failed: bool) -> None:
    if failed:
        raise OSError(ctypes.get_errno(), "refused")


def ever() -> None:
    time.sleep(60)


def private_memory() -> None:
    held = []
    while True:
        held.append(b"1" * 10 * MIB)


def memory_of_many() -> None:
    for _ in range(10):
        if not os.fork():
            held = b"1" * 40 * MIB
            time.sleep(60 + len(held))
    ever()


def memory_of_orphans() -> None:
    """Nobody's children: their parents have ended."""
    for _ in range(10):
        if not os.fork():
            if os.fork():
                os._exit(0)
            os.setsid()
            held = b"1" * 40 * MIB
            time.sleep(60 + len(held))
        os.wait()
    ever()


def undumpable_memory() -> None:
    refused_if(libc().prctl(4, 0, 0, 0, 0) < 0)
    memory_of_many()


def undumpable_files() -> None:
    refused_if(libc().prctl(4, 0, 0, 0, 0) < 0)
    deleted_files()


def unreadable_programs() -> None:
    """A program that may be run and not read is not to be looked into, either."""
    copy = os.open("dd", os.O_CREAT | os.O_WRONLY, 0o311)
    with open("/usr/bin/dd", "rb") as program, os.fdopen(copy, "wb") as file:
        shutil.copyfileobj(program, file)
    for _ in range(10):
        arguments = ["./dd", "if=/dev/urandom", "of=/dev/null", "bs=40M"]
        subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    ever()


def leaderless(action: Callable[[], object]) -> None:
    """Go on in a thread after the first one has ended: the process then seems to have ended."""
    if not os.fork():
        threading.Thread(target=action).start()
        time.sleep(0.1)
        libc().syscall(60 if os.uname().machine == "x86_64" else 93, 0)
    ever()


def memory_of_the_leaderless() -> None:
    for _ in range(5):
        if not os.fork():
            leaderless(lambda: (held.append(b"1" * 40 * MIB), ever()))
    ever()


def files_of_the_leaderless() -> None:
    leaderless(deleted_files)


def files_of_a_thread() -> None:
    """Open files in a thread that does not share them with its process."""
    failed: list[OSError] = []

    def apart() -> None:
        try:
            refused_if(libc().unshare(0x400) < 0)  # CLONE_FILES
            deleted_files()
        except OSError as error:
            failed.append(error)

    threading.Thread(target=apart, daemon=True).start()
    while not failed:
        time.sleep(0.05)
    raise failed[0]


def page_tables() -> None:
    flags = mmap.MAP_PRIVATE | 0x4000  # MAP_NORESERVE
    while True:
        space = mmap.mmap(-1, 2**36, flags, mmap.PROT_READ)
        space.madvise(15)  # MADV_NOHUGEPAGE
        for at in range(0, 2**36, 2 * MIB):
            space[at]
        held.append(space)


held: list[object] = []


def nameless_shared_memory() -> None:
    while True:
        shared = mmap.mmap(-1, 100 * MIB)
        shared.write(bytes(100 * MIB))
        shared.madvise(mmap.MADV_DONTNEED)  # nobody's pages now, and still there
        held.append(shared)


def nameless_shared_memory_in_pieces() -> None:
    """Of each piece all but a page is given back, and none of the memory with it."""
    pieces = libc()
    pieces.mmap.restype = ctypes.c_void_p
    while True:
        size = 30 * MIB
        at = pieces.mmap(None, ctypes.c_size_t(size), 3, 0x21, -1, ctypes.c_long(0))
        refused_if(at == ctypes.c_void_p(-1).value)
        ctypes.memset(ctypes.c_void_p(at), 1, size)
        pieces.munmap(ctypes.c_void_p(at + 4096), ctypes.c_size_t(size - 4096))


def zeros_shared() -> None:
    file = os.open("/dev/zero", os.O_RDONLY)
    while True:
        shared = mmap.mmap(file, 100 * MIB, mmap.MAP_SHARED, mmap.PROT_READ)
        sum(shared[at] for at in range(0, 100 * MIB, 4096))
        shared.madvise(mmap.MADV_DONTNEED)
        held.append(shared)


def memory_files() -> None:
    while True:
        file = os.memfd_create("x")
        os.write(file, bytes(10 * MIB))
        held.append(file)


def memory_files_mapped() -> None:
    while True:
        file = os.memfd_create("x")
        os.ftruncate(file, 10 * MIB)
        shared = mmap.mmap(file, 10 * MIB)
        shared.write(bytes(10 * MIB))
        os.close(file)
        held.append(shared)


def system_v_memory() -> None:
    library = libc()
    library.shmat.restype = ctypes.c_void_p
    while True:
        segment = library.shmget(0, 10 * MIB, 0o1600)
        refused_if(segment < 0)
        at = ctypes.c_void_p(library.shmat(segment, None, 0))
        ctypes.memset(at, 1, 10 * MIB)
        library.shmdt(at)


def system_v_semaphores() -> None:
    while True:
        refused_if(libc().semget(0, 30_000, 0o1600) < 0)


def system_v_messages() -> None:
    while True:
        queue = libc().msgget(0, 0o1600)
        refused_if(queue < 0)
        libc().msgsnd(queue, ctypes.create_string_buffer(b"\1" * 8000), 7000, 0o4000)


def posix_messages() -> None:
    library = ctypes.CDLL("librt.so.1", use_errno=True)
    for number in range(1000):
        name = f"/lepton-attack-{number}".encode()
        queue = library.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)
        refused_if(queue < 0)
        library.mq_unlink(name)


def keys() -> None:
    for number in range(100_000):
        text = b"x" * 10_000
        key = libc().syscall(248, b"user", str(number).encode(), text, len(text), -3)
        refused_if(key < 0)


def unix_sockets() -> None:
    for _ in range(10):
        if not os.fork():
            while True:
                try:
                    pair = socket.socketpair()
                except OSError:
                    ever()
                held.append(pair)
                for end in pair:
                    end.setblocking(False)
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**30)
                    try:
                        while True:
                            end.send(bytes(2**16))
                    except BlockingIOError:
                        continue
    ever()


def tcp_sockets() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    while True:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        held.append((ours, theirs))
        for end in (ours, theirs):
            end.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    end.send(bytes(2**16))


def file_locks() -> None:
    file = os.open("locked", os.O_CREAT | os.O_RDWR)
    for at in range(10**9, 0, -2):
        fcntl.lockf(file, fcntl.LOCK_EX, 1, at)


def watches() -> None:
    files = [os.open("/dev/null", os.O_RDONLY)] + [os.pipe()[0] for _ in range(80)]
    for _ in range(5):
        if not os.fork():
            while True:
                try:
                    poll = select.epoll()
                except OSError:
                    ever()
                held.append(poll)
                for file in files[1:]:
                    poll.register(file)
    ever()


def open_files() -> None:
    for _ in range(19):
        if not os.fork():
            while True:
                try:
                    held.append(os.open("/dev/null", os.O_RDONLY))
                except OSError:
                    ever()
    ever()


def written_files() -> None:
    number = 0
    while True:
        number += 1
        Path(f"file{number}").write_bytes(bytes(5 * MIB))


def deleted_files() -> None:
    while True:
        file = os.open("file", os.O_CREAT | os.O_RDWR)
        os.unlink("file")
        os.write(file, bytes(5 * MIB))
        held.append(file)


def deleted_files_mapped() -> None:
    while True:
        file = os.open("file", os.O_CREAT | os.O_RDWR)
        os.unlink("file")
        os.write(file, bytes(5 * MIB))
        held.append(mmap.mmap(file, 4096))
        os.close(file)


def deleted_files_on_their_way() -> None:
    ours, theirs = socket.socketpair()
    held.append(theirs)
    for _ in range(40):
        file = os.open("file", os.O_CREAT | os.O_RDWR)
        os.unlink("file")
        os.write(file, bytes(5 * MIB))
        rights = array.array("i", [file])
        ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        os.close(file)
    ever()


def files_behind_a_door() -> None:
    os.mkdir("closed", 0o300)
    os.chdir("closed")
    written_files()


def many_files() -> None:
    number = 0
    while True:
        number += 1
        Path(f"file{number}").touch()


def files_in_memory() -> None:
    for folder in ("/dev/shm", "/tmp"):
        number = 0
        while True:
            number += 1
            try:
                Path(folder, f"file{number}").write_bytes(bytes(5 * MIB))
            except OSError:
                break
    raise OSError("full")


def processes() -> None:
    while True:
        os.fork() or ever()


def threads() -> None:
    while True:
        threading.Thread(target=ever, daemon=True).start()


def processor_time() -> None:
    while True:
        pass


def processor_time_of_many() -> None:
    """Each process ends long before its own limit, and nobody waits for it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in range(3):
        if not os.fork():
            while True:
                if not os.fork():
                    end = time.process_time() + 0.3
                    while time.process_time() < end:
                        pass
                    os._exit(0)
                with contextlib.suppress(ChildProcessError):
                    os.wait()
    ever()


ATTACKS: dict[Callable[[], object], str] = {
    private_memory: "Memory",
    memory_of_many: "150 MiB of memory",
    memory_of_orphans: "150 MiB of memory",
    undumpable_memory: "",
    undumpable_files: "",
    unreadable_programs: "",
    memory_of_the_leaderless: "150 MiB of memory",
    files_of_the_leaderless: "50 MiB of files",
    files_of_a_thread: "",
    page_tables: "150 MiB of memory",
    nameless_shared_memory: "",
    nameless_shared_memory_in_pieces: "150 MiB of memory",
    zeros_shared: "",
    memory_files: "",
    memory_files_mapped: "",
    system_v_memory: "",
    system_v_semaphores: "",
    system_v_messages: "",
    posix_messages: "",
    keys: "",
    unix_sockets: "150 MiB of memory",
    tcp_sockets: "",
    file_locks: "locks",
    watches: "watches",
    open_files: "files",
    written_files: "50 MiB of files",
    deleted_files: "50 MiB of files",
    deleted_files_mapped: "50 MiB of files",
    deleted_files_on_their_way: "sent and not received",
    files_behind_a_door: "files",
    many_files: "300 files",
    files_in_memory: "",
    processes: "",
    threads: "",
    processor_time: "SIGKILL",
    processor_time_of_many: "processor time",
}
"""What each attack ends with; "" where that depends on the walls."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lepton-") as name:
        os.chmod(name, 0o755)
        yield Path(name, "scratch")


@pytest.mark.parametrize(("mode", "user"), TRIED)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_limit_cannot_be_got_around(attack, mode, user, folder):
    began = time.monotonic()
    ending = attack_within(small_world(folder, MODES[mode]), attack, user == "nobody")
    assert ending.stopped or ending.refused
    assert "ran longer" not in ending.stopped
    assert ATTACKS[attack] in ending.stopped + ending.refused
    assert time.monotonic() - began < 60
