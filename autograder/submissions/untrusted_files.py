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
"""Limits on what is copied from a submission beside its notebook."""

_ANY_NUMBER = 10**9


def ordinary_files(
    folders: Iterable[Path],
    own: Iterable[Path] = (),
    max_bytes: int = MAX_FILES_BYTES,
    max_files: int = MAX_FILES,
) -> Iterator[tuple[Path, Path]]:
    """Yield (name, path) of files other than notebooks; of the same name in two folders, the first.

    own: folders of the course's own, which come first and are taken whole. Of the others, links,
    unreadable files, and files that are too many, too deep or beyond `max_bytes` are left out.
    """
    seen: set[Path] = set()
    for folder in own:
        for path, _ in _walk(folder, _ANY_NUMBER, _ANY_NUMBER):
            name = path.relative_to(folder)
            if path.suffix != ".ipynb" and name not in seen:
                seen.add(name)
                yield name, path
    yield from _submitted(folders, seen, max_bytes, max_files, [])


def submitted_files(
    folder: Path, own: Path | None = None
) -> tuple[list[tuple[Path, Path]], list[str]]:
    """Return (name, path) of a submission's own files, and a sentence for what is left out.

    own: the course's folder, whose files are taken instead of those of the same name.
    """
    left_out: list[str] = []
    ours = () if own is None else (name for name, _ in ordinary_files((), [own]))
    found = list(_submitted([folder], set(ours), MAX_FILES_BYTES, MAX_FILES, left_out))
    return found, left_out


def _submitted(
    folders: Iterable[Path], seen: set[Path], max_bytes: int, max_files: int, left_out: list[str]
) -> Iterator[tuple[Path, Path]]:
    """Yield a submission's files whose names were not seen, and say what is left out."""
    left, count = max_bytes, 0
    for folder in folders:
        # Files that the course has too take no place; there are at most as many of them.
        for path, size in _walk(folder, MAX_DEPTH, max_files + len(seen) + 1):
            name = path.relative_to(folder)
            if path.suffix == ".ipynb" or name in seen:
                continue
            seen.add(name)
            left -= size
            count += 1
            if count > max_files:
                left_out.append(
                    f"more than {max_files:,} files were handed in beside the notebook, and the "
                    "others were left out"
                )
                return
            if left < 0:
                left_out.append(
                    f"the files beside the notebook have more than {max_bytes // 2**20} MiB: "
                    f"{name.as_posix()[:200]} and others were left out"
                )
                return
            yield name, path


def _walk(folder: Path, depth: int, most: int) -> Iterator[tuple[Path, int]]:
    """Yield files and their sizes, in the order of their names, `most` of each folder."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(itertools.islice(found, most), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if depth and not entry.name.endswith(".ipynb"):
                    yield from _walk(Path(entry.path), depth - 1, most)
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path), entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue


def copy_files(
    folders: Iterable[Path],
    target: Path,
    own: Iterable[Path] = (),
    max_bytes: int = MAX_FILES_BYTES,
    max_files: int = MAX_FILES,
) -> None:
    """Copy the files that `ordinary_files` yields."""
    for name, path in ordinary_files(folders, own, max_bytes, max_files):
        with contextlib.suppress(OSError):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            copy_file(path, target / name)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's content, and whether it is a program. Raises OSError."""
    shutil.copyfile(source, target)
    if source.stat().st_mode & stat.S_IXUSR:
        target.chmod(0o755)


def hash_files(folders: Iterable[Path] = (), own: Iterable[Path] = ()) -> str:
    """Return the SHA-256 of what `copy_files` copies: names, contents, and which are programs."""
    return hash_contents(ordinary_files(folders, own))


def hash_contents(files: Iterable[tuple[Path, Path]]) -> str:
    """Return the SHA-256 of files as `copy_file` copies them; unreadable ones do not count."""
    digest = hashlib.sha256()
    for name, path in files:
        with contextlib.suppress(OSError), path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
            mark = "*" if os.fstat(file.fileno()).st_mode & stat.S_IXUSR else ""
            digest.update(f"{name.as_posix()}\0{content}{mark}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def size_of(folder: Path) -> tuple[int, int]:
    """Return the number and the bytes of the files in a folder of the course's own."""
    sizes = [size for _, size in _walk(folder, _ANY_NUMBER, _ANY_NUMBER)]
    return len(sizes), sum(sizes)


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
