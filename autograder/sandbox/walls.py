"""The world of one submission: what it can see, what it may use, and the walls around it.

Three walls overlap, so that each would stop alone most of what the others stop:

- namespaces: no network but its own loopback, no process but its own, no file but a short list;
- Landlock: the same short list of files, enforced by another part of the kernel;
- a filter of system calls: what no notebook needs, and what would lead around the limits.

Besides there are limits: processor time, memory, processes, open files, file size.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sandbox import linux, system_calls
from autograder.sandbox.limits import ResourceLimits, bound_namespaces, set_limits
from autograder.sandbox.small_system import HOSTS, USERS, add_small_system


@dataclass(frozen=True)
class Walls:
    """The walls to put up. ResourceLimits are always enforced."""

    namespaces: bool = True
    landlock: bool = True
    system_calls: bool = True

    def __bool__(self) -> bool:
        # Landlock alone lets other programs' sockets be reached; the filter does not.
        return self.namespaces or (self.landlock and self.system_calls)


@dataclass(frozen=True)
class World:
    """The world of one submission: what it can reach.

    scratch: the only folder that it may write to; visible inside under the same path.
    readable: files and folders that it may read, besides the system's programs and libraries.
    """

    scratch: Path
    readable: tuple[Path, ...] = ()
    limits: ResourceLimits = field(default_factory=ResourceLimits)
    walls: Walls = field(default_factory=Walls)

    @property
    def home(self) -> Path:
        """Return the folder that is, inside, the home folder and the place for temporary files."""
        return self.scratch / "home"


def system_paths() -> list[Path]:
    """Return the paths that any Python program reads: programs, libraries, installed packages."""
    names = [
        "/usr", "/bin", "/sbin", "/lib", "/lib64",
        "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
        "/etc/fonts", "/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/nsswitch.conf",
        "/etc/protocols", "/etc/services", "/sys/devices/system/cpu",
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
        sys.prefix, sys.base_prefix, sys.exec_prefix,
    ]  # fmt: skip
    return list(dict.fromkeys(path for path in map(Path, names) if path.exists()))


def plain_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an environment that programs need to run; none is secret."""
    names = ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
    starts = ("LC_", "OMP_WAIT_")
    return {name: env[name] for name in env if name in names or name.startswith(starts)}


def environment_inside(env: Mapping[str, str], world: World) -> dict[str, str]:
    """Return the environment for processes in a world."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NBGRADER_EXECUTION")
    kept = {name: env[name] for name in names if name in env}
    home = str(world.home)
    return {**plain_environment(env), **kept, "HOME": home, "TMPDIR": home, "LEPTON_OFFLINE": "1"}


def enter_namespaces() -> None:
    """Enter new user and process namespaces: the first half, in the process that will watch.

    Outside, the user keeps its own number and is without rights. Only children of this process
    are in the process namespace.
    """
    uid, gid = os.getuid(), os.getgid()
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWPID)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def close_in(world: World) -> None:
    """Build the world and give up all rights: the second half, in the world's first process."""
    readable = [*system_paths(), *world.readable]
    writable = [Path("/dev/null"), world.scratch]
    listable: list[Path] = []
    if world.walls.namespaces:
        linux.unshare(
            linux.CLONE_NEWNS | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS
        )
        _own_loopback_up()
        _pivot(world, readable)
        # Otherwise code could become root in a nested user namespace.
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        bound_namespaces(world.limits)
        _close_proc()
        readable += [Path("/proc"), Path("/dev"), *map(Path, (HOSTS, *USERS))]
        writable += [Path("/tmp"), Path("/dev/shm"), Path("/dev/pts")]
        # A fresh Python must list a folder to find a package; here it holds nothing else.
        listable = [path.parent for path in world.readable]
    else:  # from the real /proc, only what says nothing about other processes
        readable += [Path(HOSTS), *(Path("/proc") / name for name in _HARMLESS_IN_PROC)]
        # Shared mappings of it are memory that nobody can measure.
        readable.remove(Path("/dev/zero"))
    linux.leave_keyring()
    set_limits(world.limits, own_user=world.walls.namespaces)
    if world.walls.landlock:
        paths = [list(map(str, kind)) for kind in (readable, writable, listable)]
        linux.landlock(*paths, own_network=world.walls.namespaces)
    linux.drop_all_privileges()
    if world.walls.system_calls:
        version = linux.landlock_version() if world.walls.landlock else 0
        system_calls.restrict(system_calls.rules(world.walls.namespaces, version))


def close_connections(world: World) -> None:
    """Allow no new connection from now on, in a world that has no network of its own."""
    if world.walls.system_calls and not world.walls.namespaces:
        system_calls.restrict(system_calls.rules_once_connected())


_OF_ITSELF = (
    "auxv", "cgroup", "cmdline", "comm", "environ", "fd", "fdinfo", "io", "limits", "maps",
    "mountinfo", "mounts", "numa_maps", "oom_score", "oom_score_adj", "schedstat", "smaps",
    "smaps_rollup", "stat", "statm", "status",
)  # fmt: skip
"""What a process may read of itself: not `net` and `task`, which show the machine's connections."""

_HARMLESS_IN_PROC = (
    *("cpuinfo", "meminfo", "stat", "filesystems", "sys/vm", "sys/kernel"),
    *(f"self/{name}" for name in _OF_ITSELF),
)


def walls_in_words(walls: Walls) -> list[str]:
    """Describe the walls around a submission, one line each."""
    words = []
    if walls.namespaces:
        words += [
            "network namespace (loopback of its own only)",
            "process, IPC and user namespaces",
            "file system of its own (programs read-only, one scratch folder)",
        ]
    if walls.landlock:
        words.append(landlock_in_words(walls.namespaces))
    if walls.system_calls:
        words.append(
            "filter of system calls"
            + ("" if walls.namespaces else " (no new sockets, no other process's settings)")
        )
    return [*words, "limits on time, memory, processes, files and output"] if walls else []


def landlock_in_words(namespaces: bool) -> str:
    """Describe what this kernel's Landlock does beside namespaces, or without."""
    version = linux.landlock_version()
    also = ["TCP"] if version >= 4 and not namespaces else []
    also += ["signals"] if version >= 6 else []
    return f"Landlock version {version} ({', '.join(['files', *also])})"


@dataclass(frozen=True)
class Survey:
    """The walls that this machine offers, and why it lacks others ("" for a wall that it has)."""

    walls: Walls
    no_namespaces: str = ""
    no_landlock: str = ""
    no_filter: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each missing wall."""
        found = {
            "namespaces": self.no_namespaces,
            "Landlock": self.no_landlock,
            "filter of system calls": self.no_filter,
        }
        return tuple(f"{wall}: {why}" for wall, why in found.items() if why)


@functools.cache
def survey() -> Survey:
    """Try each wall in a process of its own, and return what works."""
    if sys.platform != "linux":
        why = "a part of the Linux kernel, and this is not Linux"
        return Survey(Walls(False, False, False), why, why, why)
    missing = [
        _missing(Walls(namespaces=True, landlock=False, system_calls=False)),
        _missing(Walls(namespaces=False, landlock=True, system_calls=False)),
        _missing(Walls(namespaces=False, landlock=False, system_calls=True)),
    ]
    return Survey(Walls(*(not why for why in missing)), *missing)


def _missing(walls: Walls) -> str:
    """Return why these walls cannot be built here, or ""."""
    with tempfile.TemporaryDirectory() as folder:
        return _in_child(functools.partial(_try, World(Path(folder), walls=walls)))


def _try(world: World) -> None:
    if world.walls.namespaces:
        enter_namespaces()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            close_in(world)
            code = 0
        except BaseException as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if status:
        raise OSError("the world inside could not be built")


def _in_child(action: Callable[[], None]) -> str:
    """Run `action` in a forked child; return what it raised, or ""."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(write, 2)
            action()
        except BaseException as error:
            os.write(write, str(error).encode()[:500])
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, errors="replace") as pipe:
        problem = pipe.read().strip()
    os.waitpid(pid, 0)
    return problem


def _pivot(world: World, readable: list[Path]) -> None:
    """Enter a root of its own: an empty memory file system with readable paths bound into it."""
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    root = "/tmp"  # any folder will do: it is covered in this namespace only
    keep = [(path, os.open(_STAND_INS.get(path, path), os.O_PATH)) for path in readable]
    scratch = os.open(world.scratch, os.O_PATH)
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID, "size=16m,nr_inodes=4k,mode=755")
    # What is written there is memory of no process, so no measurement finds it.
    most = min(world.limits.scratch_bytes, world.limits.memory_bytes // 4)
    for name in ("/tmp", "/dev/shm"):
        os.makedirs(root + name)
        size = f"size={most},nr_inodes={world.limits.scratch_files}"
        linux.mount("tmpfs", root + name, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, size)
    for path, fd in keep:
        if path.is_symlink():  # /bin -> usr/bin
            os.makedirs(f"{root}{path.parent}", exist_ok=True)
            os.symlink(os.readlink(path), f"{root}{path}")
        else:
            source = f"/proc/self/fd/{fd}"
            _bind(source, f"{root}{path}", os.path.isdir(source))
    _bind(f"/proc/self/fd/{scratch}", f"{root}{world.scratch}", True, writable=True)
    os.makedirs(f"{root}/proc")
    linux.mount("proc", f"{root}/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    add_small_system(root)
    for _, fd in keep:
        os.close(fd)
    os.close(scratch)
    linux.pivot_root(root)
    linux.mount("none", "/", flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY)


def _bind(source: str, target: str, folder: bool, writable: bool = False) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if folder:
        os.makedirs(target, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT))
    linux.mount(source, target, flags=linux.MS_BIND | linux.MS_REC)
    if not writable:
        flags = linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | linux.MS_NOSUID
        if "/dev/" not in target:
            flags |= linux.MS_NODEV
        linux.mount("none", target, flags=flags)


_STAND_INS = {Path("/dev/zero"): Path("/dev/full")}
"""Is read as zeros, too, but cannot be mapped: that would be memory that nobody can measure."""


def _close_proc() -> None:
    """Make `/proc` read-only: root's own user number would open the machine's settings there."""
    flags = linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY
    linux.mount("none", "/proc", flags=flags | linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)


def _own_loopback_up() -> None:
    """Bring up the loopback device: distributed training inside the world talks over 127.0.0.1."""
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(sock, 0x8914, request)  # SIOCSIFFLAGS
