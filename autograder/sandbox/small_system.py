"""What a world has of a usual system so that ordinary programs run in it.

Terminals of its own (`!command` opens one), the names of the standard streams, the address of
`localhost`, and a name for its only user.
"""

from __future__ import annotations

import os
import socket

from autograder.sandbox import linux

HOSTS = "/etc/hosts"
USERS = {
    "/etc/passwd": "learner:x:0:0:learner:/:/bin/sh\n",
    "/etc/group": "learner:x:0:\n",
}
"""Inside, everybody has the number 0."""

_STREAMS = {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}


def add_small_system(root: str) -> None:
    """Add these to the file system below `root`, in a mount namespace of its own.

    Raises OSError, except for terminals: a kernel that has none for namespaces goes without.
    """
    os.makedirs(f"{root}/dev/pts", exist_ok=True)
    try:
        flags = linux.MS_NOSUID | linux.MS_NOEXEC
        linux.mount("devpts", f"{root}/dev/pts", "devpts", flags, "newinstance,ptmxmode=0666")
    except OSError:
        os.rmdir(f"{root}/dev/pts")
    else:
        os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    for name, target in _STREAMS.items():
        os.symlink(f"/proc/self/{target}", f"{root}/dev/{name}")
    os.makedirs(f"{root}/etc", exist_ok=True)
    hosts = f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n"
    for path, text in {HOSTS: hosts, **USERS}.items():
        with open(root + path, "w", encoding="utf-8") as file:
            file.write(text)
