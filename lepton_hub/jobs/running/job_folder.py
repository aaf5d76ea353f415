"""A job's files on a worker's disk: inputs, working folder, results."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lepton_hub.catalogue.names import check_path
from lepton_hub.jobs.running.left_files import RESULTS, LeftFile, LeftFiles

PREFIX = "job-"
WORK = "work"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True)
class GivenFile:
    """A file provided to a job: its path, and its content in the store."""

    path: str
    sha256: str
    size: int


class JobFolder:
    """The folders of one job.

    given: what it may read. scratch: the only folder it may write to, which contains work, its
    working directory, and results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.given, self.scratch = folder / "given", folder / "scratch"
        self.work, self.results = self.scratch / WORK, self.scratch / RESULTS
        for made in (self.given, self.work, self.results):
            made.mkdir(parents=True)
        # Held open, so that replacements the program puts in their place are not followed.
        self._scratch = os.open(self.scratch, _FOLDER)
        self._work = os.open(self.work, _FOLDER)
        self._results = os.open(self.results, _FOLDER)

    def close(self) -> None:
        """Close the folders."""
        for folder in (self._work, self._results, self._scratch):
            os.close(folder)

    def add(
        self, reference: str | None, path: str, pieces: Iterable[bytes], more: bool = False
    ) -> int:
        """Write a file where the job reads it; return the number of bytes. Raises OSError.

        reference: an input's, whose files go to `given/SPACE/NAME@NUMBER`; None for the program's,
        which go to its working folder. more: whether to append to the file.
        """
        folder = self.work if reference is None else self.given / reference
        target = folder.joinpath(*check_path(path).split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "ab" if more else "xb") as out:
            return sum(out.write(piece) for piece in pieces)

    def describe(self, reference: str, told: Mapping[str, object]) -> None:
        """Write an input's metadata as JSON beside its folder. Raises OSError."""
        folder = self.given / reference
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(told)
        folder.with_name(f"{folder.name}.json").write_text(text, encoding="utf-8")

    def link(self) -> None:
        """Link inputs and results into the working folder, unless a file is in the way."""
        for name, target in (("inputs", self.given), (RESULTS, self.results)):
            with contextlib.suppress(FileExistsError):
                (self.work / name).symlink_to(target)

    def open_in_work(self, name: str) -> BinaryIO | None:
        """Open a file in the working folder that the program may be writing; None if it is missing.

        Only regular files are opened: no links, devices or pipes.
        """
        return _opened(name, self._work)

    def left_files(self, most_bytes: int) -> tuple[list[LeftFile], list[str]]:
        """Return the files an ended program left, and a message for each one left out.

        These are the files in results, and TensorBoard files in the working folder.
        """
        self._results = self._as_left(self._results, RESULTS)
        self._work = self._as_left(self._work, WORK)
        found = LeftFiles(most_bytes)
        found.take_results(self._results)
        found.take_events(self._work)
        return found.files, found.left_out

    def _as_left(self, held: int, name: str) -> int:
        """Return an open folder; if the program has replaced it, the replacement."""
        if os.fstat(held).st_nlink:
            return held
        try:
            made = os.open(name, _FOLDER, dir_fd=self._scratch)
        except OSError:  # none, or a link
            return held
        os.close(held)
        return made


@contextlib.contextmanager
def job_folder(parent: Path) -> Iterator[JobFolder]:
    """Create folders for a job, and remove them at the end. Raises OSError."""
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
    """Raise OSError if a disk lacks room for a job: the hub needs some, too."""
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def remove_left_behind(parent: Path) -> int:
    """Remove the folders of killed workers; return the number removed."""
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
    """Remove a folder, even if its program removed permissions or nested it deeply."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(folder)], check=False, capture_output=True)
