"""The system calls that the sandbox is made of; each raises OSError with the kernel's error.

Sources: unshare(2), mount(2), pivot_root(2), prctl(2), capset(2), landlock(7).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Sequence

MIB = 2**20

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
_MNT_DETACH = 2

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_KEYCTL_JOIN_SESSION_KEYRING = 1
_LANDLOCK_CREATE_RULESET = 444  # the same on every architecture
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446

# Rights over files, by the first Landlock version that knows them.
_FS_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_FS_EXECUTE, _FS_READ_FILE, _FS_READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FS_READ = _FS_EXECUTE | _FS_READ_FILE | _FS_READ_DIR
_FS_ON_FILES = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 14) | (1 << 15)

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """Return the result of a system call. Raises OSError where it is negative."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def unshare(flags: int) -> None:
    """Move the process into new namespaces."""
    checked(libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount a file system."""
    result = libc.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()
    )
    checked(result, f"mount {target}")


def pivot_root(new_root: str) -> None:
    """Make `new_root` the root, and detach the old one."""
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"pivot_root: its number on {platform.machine()} is not known")
    os.chdir(new_root)
    checked(libc.syscall(number, b".", b"."), "pivot_root")
    checked(libc.umount2(b".", _MNT_DETACH), "umount the old root")
    os.chdir("/")


def die_with_parent(signal: int) -> None:
    """Have `signal` sent to this process when the thread that started it ends."""
    checked(libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl PDEATHSIG")


def leave_keyring() -> None:
    """Replace the session's keyring by a new, empty one, on kernels that have keyrings."""
    number = _KEYCTL.get(platform.machine())
    if number is not None:
        libc.syscall(number, _KEYCTL_JOIN_SESSION_KEYRING, None)


def become_subreaper() -> None:
    """Make this process the parent of processes that its descendants leave behind."""
    checked(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl CHILD_SUBREAPER")


def drop_all_privileges() -> None:
    """Give up all capabilities for good, here and in every program started from here."""
    for capability in range(64):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break  # past the last capability that this kernel knows
    checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl NO_NEW_PRIVS")
    header = struct.pack("Ii", 0x20080522, 0)
    checked(libc.capset(header, b"\0" * 24), "capset")


def landlock_version() -> int:
    """Return the kernel's version of Landlock, or 0 if it has none."""
    return max(0, libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1))


def landlock(
    readable: Sequence[str],
    writable: Sequence[str],
    listable: Sequence[str] = (),
    own_network: bool = False,
) -> int:
    """Restrict this process, from now on, to these files and folders; return Landlock's version.

    listable: folders whose entries' names may be seen, at any depth. own_network: whether the
    process has a network of its own.

    Signals and abstract sockets to outside processes are blocked too (version 6), and TCP (version
    4) unless `own_network`: Landlock cannot tell loopback from the rest.
    """
    version = landlock_version()
    if version == 0:
        raise OSError("this kernel has no Landlock")
    handled = sum(bits for since, bits in _FS_RIGHTS.items() if since <= version)
    network = 0b11 if version >= 4 and not own_network else 0
    scoped = 0b11 if version >= 6 else 0
    attributes = struct.pack("QQQ", handled, network, scoped)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = checked(
        libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0),
        "landlock_create_ruleset",
    )
    try:
        allowed = ((readable, _FS_READ), (writable, handled), (listable, _FS_READ_DIR))
        for paths, rights in allowed:
            for path in paths:
                _landlock_rule(ruleset, path, rights & handled)
        checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl NO_NEW_PRIVS")
        checked(libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)
    return version


def _landlock_rule(ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _FS_ON_FILES
        rule = struct.pack("=Qi", rights, fd)
        checked(libc.syscall(_LANDLOCK_ADD_RULE, ruleset, 1, rule, 0), f"landlock {path}")
    finally:
        os.close(fd)
