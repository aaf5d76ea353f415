"""Read and copy files that a submission, or its process, may have tampered with."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

MAX_FILES = 2_000
MAX_FILES_BYTES = 100 * 2**20
MAX_DEPTH = 20
"""Limits on what is copied beside a notebook."""


def ordinary_files(
    folders: Iterable[Path], max_bytes: int = MAX_FILES_BYTES
) -> Iterator[tuple[Path, Path]]:
    """Yield (name, path) of files other than notebooks; of the same name in two folders, the first.

    Links, unreadable files, and files that are too many, too deep or beyond `max_bytes` are left
    out.
    """
    left = max_bytes
    seen = set()
    for folder in folders:
        for path, size in itertools.islice(_walk(folder, MAX_DEPTH), MAX_FILES):
            name = path.relative_to(folder)
            if path.suffix == ".ipynb" or name in seen:
                continue
            seen.add(name)
            left -= size
            if left < 0:
                return
            yield name, path


def _walk(folder: Path, depth: int) -> Iterator[tuple[Path, int]]:
    """Yield files and their sizes, in the order of their names."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(itertools.islice(found, MAX_FILES), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if depth and not entry.name.endswith(".ipynb"):
                    yield from _walk(Path(entry.path), depth - 1)
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path), entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue


def copy_files(folders: Iterable[Path], target: Path, max_bytes: int = MAX_FILES_BYTES) -> None:
    """Copy the files that `ordinary_files` yields."""
    for name, path in ordinary_files(folders, max_bytes):
        with contextlib.suppress(OSError):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)


def hash_files(folders: Iterable[Path], max_bytes: int = MAX_FILES_BYTES) -> str:
    """Return the SHA-256 of the names and contents of the files that `copy_files` copies."""
    digest = hashlib.sha256()
    for name, path in ordinary_files(folders, max_bytes):
        with contextlib.suppress(OSError), path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{name.as_posix()}\0{content}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


class Exchange:
    """A folder for exchanging files with an untrusted process.

    It is held open, so that whatever the process puts in its place is not followed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def new_name(self) -> str:
        """Return a file name that cannot be guessed."""
        return secrets.token_hex(16)

    def put(self, name: str, data: bytes) -> None:
        """Write a new file. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(name, flags, 0o600, dir_fd=self._descriptor), "wb") as file:
            file.write(data)

    def take(self, name: str, max_bytes: int) -> bytes:
        """Return the bytes of a file that the process wrote. Raises ValueError."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(name, flags, dir_fd=self._descriptor)
        except OSError as error:
            raise ValueError("no answer came back") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ValueError("the answer is not an ordinary file")
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise ValueError(f"the answer has more than {max_bytes / 2**20:.0f} MiB")
        return data

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._descriptor)

    def close(self) -> None:
        """Release the folder."""
        os.close(self._descriptor)


def remove_folder(folder: Path) -> None:
    """Remove a folder even if its contents are unreadable or nested too deeply."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)
