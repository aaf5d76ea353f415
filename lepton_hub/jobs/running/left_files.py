"""Collect the files an ended program left, without trusting or following anything.

A file that cannot be stored is left out, and the log says why: it must never look like a failure of
the worker, or the job would be retried again and again.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lepton_hub.catalogue.names import PATH, NameProblem, check_path, same_on_any_computer

MOST_FILES, MOST_DEPTH = 1000, 20
PIECE = 1 << 20
EVENTS = ".tfevents."
"""The substring in names of TensorBoard files."""
RESULTS = "results"
TENSORBOARD = "tensorboard/"
OWN_FOLDER = (
    f"{RESULTS}: this folder was created by the program; results belong in the folder that "
    "LEPTON_JOB_RESULTS names"
)


@dataclass(frozen=True)
class LeftFile:
    """A file that a job left. path: in the version to be created.

    pieces: reads it from the start at each call.
    """

    path: str
    size: int
    pieces: Callable[[], Iterator[bytes]]


class LeftFiles:
    """Collects the files that can be stored. most_bytes: the limit on their total.

    left_out: a message for each of the others.
    """

    def __init__(self, most_bytes: int) -> None:
        self.files: list[LeftFile] = []
        self.left_out: list[str] = []
        self._left = most_bytes
        self._names: set[str] = set()
        self._folders: set[str] = set()

    def take_results(self, folder: int) -> None:
        """Take the files in an open folder."""
        place = Path(f"/proc/self/fd/{folder}")
        for path in _walk(place, self.left_out):
            self._take(path, place / path)

    def take_events(self, folder: int) -> None:
        """Take TensorBoard's files in an open folder."""
        place = Path(f"/proc/self/fd/{folder}")
        for path in _walk(place, []):
            if EVENTS in path.rpartition("/")[2]:
                self._take(f"{TENSORBOARD}{path}", place / path)
        with_same_name = _status(place / RESULTS)
        if with_same_name and stat.S_ISDIR(with_same_name.st_mode):
            self.left_out.append(OWN_FOLDER)

    def _take(self, path: str, place: Path) -> None:
        status = None
        problem = self._problem_of(path)
        if not problem:  # a valid path is short enough to be opened
            status = _status(place)
            if status is None or not os.access(place, os.R_OK):
                problem = "it cannot be read"
            elif len(self.files) >= MOST_FILES:
                problem = f"more than {MOST_FILES} files"
            elif status.st_size > self._left:
                problem = "the files are too large"
        if problem or status is None:
            self.left_out.append(f"{shown(path)}: {problem}")
            return
        self._left -= status.st_size
        name = same_on_any_computer(path)
        self._names.add(name)
        self._folders.update(_folders_of(name))
        self.files.append(LeftFile(path, status.st_size, functools.partial(_pieces, place)))

    def _problem_of(self, path: str) -> str:
        """Return why a file with this path cannot be part of the version, or ""."""
        try:
            check_path(path)
            path.encode()
        except (NameProblem, UnicodeEncodeError):
            return "its name cannot be stored"
        name = same_on_any_computer(path)
        if name in self._names:
            return "another file's name differs only in capitals or in how accents are encoded"
        if name in self._folders or not self._names.isdisjoint(_folders_of(name)):
            return "its name is used by both a file and a folder"
        return ""


def shown(path: str) -> str:
    """Return a path for the log: on one line, and shortened."""
    return "".join(one if one.isprintable() else "\ufffd" for one in path[:PATH])


def _folders_of(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _walk(folder: Path, left_out: list[str], below: str = "", depth: int = 0) -> Iterator[str]:
    """Yield the paths of regular files, sorted; nothing else is followed."""
    try:
        with os.scandir(folder / below) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        left_out.append(f"{shown(below) or RESULTS}: it cannot be read")
        return
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            is_file = entry.is_file(follow_symlinks=False)
        except OSError:  # a file system that does not say so at once, in a folder that is closed
            left_out.append(f"{shown(path)}: it cannot be read")
            continue
        if is_file:
            yield path
        elif not is_folder:
            left_out.append(f"{shown(path)}: it is not a regular file")
        elif depth < MOST_DEPTH and len(path) < PATH:
            yield from _walk(folder, left_out, path, depth + 1)
        else:
            left_out.append(f"{shown(path)}: it is nested too deeply")


def _status(place: Path) -> os.stat_result | None:
    try:
        return place.lstat()
    except OSError:
        return None


def _pieces(place: Path) -> Iterator[bytes]:
    with open(place, "rb") as opened:
        while piece := opened.read(PIECE):
            yield piece
