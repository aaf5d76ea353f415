"""What a process sees of the file system: a mount namespace of its own (Linux).

Nothing here changes the machine: mounts in a namespace are seen by its processes alone, and end
with the last of them.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND = 1, 2, 4, 32, 4096
MS_REC, MS_PRIVATE = 16384, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Kept:
    """A folder or a file that stays visible. `at` is where, if not at its own path."""

    path: Path
    writable: bool = False
    at: Path | None = None

    @property
    def place(self) -> Path:
        return self.at or self.path


@dataclass(frozen=True)
class Covered:
    """A folder that is seen empty, but for what is kept in it; `size` bounds what is written."""

    path: Path
    mode: int = 0o755
    size: str = "1m"


def unshare_mounts(kept: Sequence[Kept], covered: Sequence[Covered]) -> None:
    """Give this process and its children a view of their own. Needs root (of a user namespace).

    Raises OSError.
    """
    _check(_libc.unshare(CLONE_NEWNS), "unshare")
    _mount("none", "/", flags=MS_REC | MS_PRIVATE)
    # A covered folder is still reached through what was opened before.
    held = [(os.open(item.path, os.O_PATH | os.O_CLOEXEC), item) for item in kept]
    for folder in _outermost(covered):
        options = f"mode={folder.mode:o},size={folder.size}"
        _mount("tmpfs", folder.path, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for descriptor, item in sorted(held, key=lambda pair: len(pair[1].place.parts)):
        _make_place(item.place, stat.S_ISDIR(os.fstat(descriptor).st_mode))
        _mount(f"/proc/self/fd/{descriptor}", item.place, flags=MS_BIND | MS_REC)
        if not item.writable:
            _mount("none", item.place, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID)
        os.close(descriptor)


def closed_parents(paths: Iterable[Path]) -> list[Path]:
    """Return the outermost parents of `paths` that other users may not pass, such as /root."""
    found = set()
    for path in paths:
        for parent in reversed(path.parents):
            if not parent.stat().st_mode & 0o001:
                found.add(parent)
                break
    return sorted(found)


def _outermost(covered: Sequence[Covered]) -> list[Covered]:
    paths = {folder.path for folder in covered}
    return [folder for folder in covered if not paths & set(folder.path.parents)]


def _make_place(place: Path, is_folder: bool) -> None:
    if place.exists():
        return
    if is_folder:
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def _mount(
    source: str, target: str | Path, kind: str = "", flags: int = 0, options: str = ""
) -> None:
    arguments = [source, str(target), kind or None, options or None]
    source_, target_, kind_, options_ = (a and a.encode() for a in arguments)
    _check(_libc.mount(source_, target_, kind_, ctypes.c_ulong(flags), options_), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
