"""A job's files on a worker's disk: what it reads, where it works, what it leaves."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lepton_hub.catalogue.names import PATH, NameProblem, check_path

PREFIX = "job-"
MOST_FILES, MOST_DEPTH = 1000, 20
PIECE = 1 << 20
EVENTS = ".tfevents."
"""What TensorBoard's files have in their names."""


@dataclass(frozen=True)
class GivenFile:
    """A file that a job gets: the path where it stands, and its content in the store."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class LeftFile:
    """A file that a job has left. path: in the version that it becomes part of.

    pieces: reads it, from its beginning each time.
    """

    path: str
    size: int
    pieces: Callable[[], Iterator[bytes]]


class JobFolder:
    """The folders of one job.

    given: what it may read. scratch: the one folder that it may write to, with work, in which it
    begins, and results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.given, self.scratch = folder / "given", folder / "scratch"
        self.work, self.results = self.scratch / "work", self.scratch / "results"
        for made in (self.given, self.work, self.results):
            made.mkdir(parents=True)
        # Held open, so that whatever the program puts in their places is not followed.
        self._work = os.open(self.work, os.O_RDONLY | os.O_DIRECTORY)
        self._results = os.open(self.results, os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        """Let go of the folders."""
        os.close(self._work)
        os.close(self._results)

    def add(
        self, reference: str | None, path: str, pieces: Iterable[bytes], more: bool = False
    ) -> int:
        """Write a file where the job reads it; return how many bytes. Raises OSError.

        reference: of an input, whose files stand in `given/SPACE/NAME@NUMBER`; None for the
        program's, which stand in its working folder. more: whether the file has its beginning.
        """
        folder = self.work if reference is None else self.given / reference
        target = folder.joinpath(*check_path(path).split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "ab" if more else "xb") as out:
            return sum(out.write(piece) for piece in pieces)

    def describe(self, reference: str, told: Mapping[str, object]) -> None:
        """Write what is known of an input beside its folder, as JSON. Raises OSError."""
        folder = self.given / reference
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(told)
        folder.with_name(f"{folder.name}.json").write_text(text, encoding="utf-8")

    def link(self) -> None:
        """Have the inputs and the results at hand in the working folder, if no file is there."""
        for name, target in (("inputs", self.given), ("results", self.results)):
            with contextlib.suppress(FileExistsError):
                (self.work / name).symlink_to(target)

    def open_in_work(self, name: str) -> BinaryIO | None:
        """Open a file of the working folder that the program may be writing; None: none is there.

        Nothing else is opened: no link, no device, no pipe.
        """
        return _opened(name, self._work)

    def left_files(self, most_bytes: int) -> tuple[list[LeftFile], list[str]]:
        """Return what an ended program has left, and a sentence for what is left out.

        That is what stands in results, and TensorBoard's files of the working folder.
        """
        found: list[LeftFile] = []
        left_out: list[str] = []
        results = Path(f"/proc/self/fd/{self._results}")
        work = Path(f"/proc/self/fd/{self._work}")
        places = [(path, results / path) for path in _walk(results, left_out)]
        events = (path for path in _walk(work, []) if EVENTS in path.rpartition("/")[2])
        places += [(f"tensorboard/{path}", work / path) for path in events]
        seen: set[str] = set()
        for path, place in places:
            size = place.lstat().st_size
            problem = _problem_of(path, place, seen)
            if not problem and len(found) >= MOST_FILES:
                problem = f"more than {MOST_FILES} files"
            if not problem and (most_bytes := most_bytes - size) < 0:
                problem = "the files are too large"
            if problem:
                left_out.append(f"{path[:PATH]}: {problem}")
                continue
            seen.add(path.casefold())
            found.append(LeftFile(path, size, functools.partial(_pieces, place)))
        return found, left_out


@contextlib.contextmanager
def job_folder(parent: Path) -> Iterator[JobFolder]:
    """Make folders for a job, that are removed at the end. Raises OSError."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = JobFolder(folder)
        try:
            yield made
        finally:
            made.close()
    finally:
        _remove(folder)
        os.close(lock)


def check_space(folder: Path, needed: int) -> None:
    """Raise OSError where a disk has less room than a job may take: the hub needs some, too."""
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def remove_left_behind(parent: Path) -> int:
    """Remove the folders of workers that were killed; return how many."""
    count = 0
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
                count += 1
            finally:
                os.close(lock)
    return count


def _pieces(place: Path) -> Iterator[bytes]:
    with open(place, "rb") as opened:
        while piece := opened.read(PIECE):
            yield piece


def _walk(folder: Path, left_out: list[str], below: str = "", depth: int = 0) -> Iterator[str]:
    """Yield the paths of ordinary files, sorted; nothing else is followed."""
    try:
        with os.scandir(folder / below) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        left_out.append(f"{below}: it cannot be read")
        return
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir(follow_symlinks=False):
            if depth < MOST_DEPTH:
                yield from _walk(folder, left_out, path, depth + 1)
            else:
                left_out.append(f"{path[:PATH]}: it lies too deep")
        elif entry.is_file(follow_symlinks=False):
            yield path
        else:
            left_out.append(f"{path[:PATH]}: it is no ordinary file")


def _problem_of(path: str, place: Path, seen: set[str]) -> str:
    """Return why a file cannot be part of a version, or ""."""
    try:
        check_path(path)
        path.encode()
    except (NameProblem, UnicodeEncodeError):
        return "its name cannot be kept"
    if path.casefold() in seen:
        return "another file has the same name but for capitals"
    return "" if os.access(place, os.R_OK) else "it cannot be read"


def _opened(name: str, folder: int) -> BinaryIO | None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")


def _remove(folder: Path) -> None:
    """Remove a folder, also one that its program has closed or nested deeply."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(folder)], check=False, capture_output=True)
