"""A Dask worker's part in `lepton class grade --scheduler`.

It accepts a kit if it has what is required, and then runs and judges submissions as any worker of
this machine would. Dask keeps the kit there until the grader has finished or gone.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from distributed import get_worker

from autograder.judging.course import GradableAssignment, GradingTask
from autograder.judging.result_cache import grader_parts
from autograder.kernels.owner import shared
from autograder.sandbox.walls import Walls, survey
from autograder.submissions.submission import submitted_notebooks
from autograder.submissions.untrusted_files import ordinary_files
from autograder.workers.worker import Outcome, grade_task, threads_each

REMEDY = "Check out the same commit there, run `make install`, and start the worker anew"


@dataclass(frozen=True)
class Requirements:
    """A worker's requirements: exactly this code, and at least these walls."""

    parts: Mapping[str, str]
    walls: Walls

    def missing(self) -> str:
        """Return what this machine lacks, in words, or "" if it can serve."""
        here = grader_parts()
        names = dict.fromkeys([*self.parts, *here])
        other = [
            f"{name} {here.get(name, 'missing')} instead of {self.parts.get(name, 'none')}"
            for name in names
            if here.get(name) != self.parts.get(name)
        ]
        if other:
            return f"it has {', '.join(other)}. {REMEDY}"
        found = survey()
        lacking = [
            name
            for name in ("namespaces", "landlock", "system_calls")
            if getattr(self.walls, name) and not getattr(found.walls, name)
        ]
        if lacking:
            problems = "; ".join(found.problems)
            return f"it cannot close submissions in ({problems}). `lepton doctor` there says more"
        return ""


class Refused(Exception):
    """A worker cannot serve; the message says why."""


@dataclass(frozen=True)
class Kit:
    """What a worker gets once: an assignment, its files, and the modules its zygote imports."""

    assignment: GradableAssignment
    files: Mapping[str, bytes]
    preload: tuple[str, ...]

    @classmethod
    def of(cls, assignment: GradableAssignment, preload: tuple[str, ...]) -> Kit:
        """Return a kit with the assignment's files as they are now."""
        return cls(assignment, _pack(own=[assignment.folder]), preload)


@dataclass(frozen=True)
class Parcel:
    """A task with the files of its folder, for a machine that does not have them."""

    task: GradingTask
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, task: GradingTask) -> Parcel:
        """Return a parcel with the task's files as they are now."""
        return cls(task, _pack([task.folder]))


def accept_kit(kit: Kit, requirements: Requirements) -> Kit:
    """Prepare this worker for a kit, and return the kit. Raises Refused."""
    missing = requirements.missing()
    if missing:
        raise Refused(missing)
    _zygote.needed_by(kit)
    return kit


def grade_parcel(kit: Kit, parcel: Parcel) -> Outcome:
    """Run and judge one submission on this worker."""
    worker = get_worker()
    with tempfile.TemporaryDirectory(dir=worker.local_directory) as name:
        given, handed_in = Path(name, "given"), Path(name, "handed_in")
        _unpack(kit.files, given)
        _unpack(parcel.files, handed_in)
        threads = threads_each(worker.state.nthreads)
        task = replace(parcel.task, folder=handed_in, threads=threads)
        # Dask's threads share one context, and with it one event loop.
        return Context().run(grade_task, replace(kit.assignment, folder=given), task)


class _ZygoteForKits:
    """The worker's zygote, which runs as long as there is a kit."""

    def __init__(self) -> None:
        self.kits = 0
        self.lock = threading.RLock()

    def needed_by(self, kit: Kit) -> None:
        """Have the zygote import the kit's modules, and run until Dask has released the kit."""
        with self.lock:
            self.kits += 1
            if self.kits == 1:  # a zygote with kernels must not be replaced: their folders would go
                shared.ensure_preloaded(kit.preload)
            shared.link()
        weakref.finalize(kit, self._let_go)

    def _let_go(self) -> None:
        with self.lock:
            self.kits -= 1
            if not self.kits:
                shared.stop()


_zygote = _ZygoteForKits()


def _pack(folders: Sequence[Path] = (), own: Iterable[Path] = ()) -> dict[str, bytes]:
    """Return the files that `copy_files` would copy, by name."""
    files = {}
    notebooks = ((Path(p.name), p) for folder in folders for p in submitted_notebooks(folder))
    for name, path in chain(ordinary_files(folders, own), notebooks):
        with contextlib.suppress(OSError):
            files[os.fspath(name)] = path.read_bytes()
    return files


def _unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write packed files into a new folder."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
