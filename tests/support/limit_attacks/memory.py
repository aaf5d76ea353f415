"""Take memory where it may count as nobody's."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from limit_attacks.common import MIB, ever, held, leaderless, libc, refused_if


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


def unreadable_programs() -> None:
    """A program that may be run and not read is not to be looked into, either."""
    copy = os.open("dd", os.O_CREAT | os.O_WRONLY, 0o311)
    with open("/usr/bin/dd", "rb") as program, os.fdopen(copy, "wb") as file:
        shutil.copyfileobj(program, file)
    for _ in range(10):
        arguments = ["./dd", "if=/dev/urandom", "of=/dev/null", "bs=40M"]
        subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    ever()


def memory_of_the_leaderless() -> None:
    for _ in range(5):
        if not os.fork():
            leaderless(lambda: (held.append(b"1" * 40 * MIB), ever()))
    ever()


def page_tables() -> None:
    flags = mmap.MAP_PRIVATE | 0x4000  # MAP_NORESERVE
    while True:
        space = mmap.mmap(-1, 2**36, flags, mmap.PROT_READ)
        space.madvise(15)  # MADV_NOHUGEPAGE
        for at in range(0, 2**36, 2 * MIB):
            space[at]
        held.append(space)


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


def files_of_the_root() -> None:
    """Empty files cost no bytes of a memory file system, and a kibibyte of the kernel's."""
    for number in range(50_000):
        Path(f"/dev/file{number}").touch()


def rulesets() -> None:
    for _ in range(200):
        attributes = ctypes.create_string_buffer(8)
        attributes[0] = 4
        refused_if(libc().syscall(444, attributes, 8, 0) < 0)


def table_of_futexes() -> None:
    refused_if(libc().prctl(78, 1, 2**20, 0, 0) < 0)
    ever()


def pieces_of_address_space() -> None:
    """Of every second page the rights are others, in several processes."""
    library = libc()
    library.mmap.restype = ctypes.c_void_p
    for _ in range(15):
        if not os.fork():
            start = library.mmap(None, ctypes.c_size_t(2**29), 1, 0x22, -1, ctypes.c_long(0))
            refused_if(start == ctypes.c_void_p(-1).value)
            for at in range(start, start + 2**29, 8192):
                if library.mprotect(ctypes.c_void_p(at), 4096, 0) < 0:
                    break
            ever()
    ever()


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


def pipes() -> None:
    for _ in range(100):
        held.append(os.pipe())
        fcntl.fcntl(held[-1][1], 1031, MIB)  # F_SETPIPE_SZ


def terminals() -> None:
    """Text that nobody reads, in terminal after terminal, where there are any."""
    while True:
        held.append(os.openpty())
        for end in held[-1]:
            os.set_blocking(end, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(end, b"x\n" * 1000)


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
