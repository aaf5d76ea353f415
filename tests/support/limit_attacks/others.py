"""Take files, locks, processes and time."""

from __future__ import annotations

import array
import contextlib
import fcntl
import mmap
import os
import select
import signal
import socket
import threading
import time
from pathlib import Path

from limit_attacks.common import MIB, ever, held, leaderless, libc, refused_if


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


def undumpable_files() -> None:
    refused_if(libc().prctl(4, 0, 0, 0, 0) < 0)
    deleted_files()


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
