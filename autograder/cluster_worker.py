"""What a Dask worker does for `lepton class grade --scheduler`.

It offers itself when it has what is needed, gets the assignment and a zygote once, and then runs
and judges submissions as any worker of this machine would.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from autograder.assignment import Task
from autograder.files import ordinary_files
from autograder.kernels.owner import shared
from autograder.sandbox.walls import Walls, survey
from autograder.store import grader_parts
from autograder.worker import AnyAssignment, Outcome, grade_task, threads_each

REMEDY = "Check out the same commit there, run `make install`, and start the worker anew"


@dataclass(frozen=True)
class Needs:
    """What a worker must have: exactly this code, and at least these walls."""

    parts: Mapping[str, str]
    walls: Walls

    def missing(self) -> str:
        """What this machine lacks, in words; "" when it can serve."""
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
            for name in ("namespaces", "landlock")
            if getattr(self.walls, name) and not getattr(found.walls, name)
        ]
        if lacking:
            problems = "; ".join(found.problems)
            return f"it cannot close submissions in ({problems}). `lepton doctor` there says more"
        return ""


@dataclass(frozen=True)
class Parcel:
    """A task with the files of its folder, for a machine that does not have them."""

    task: Task
    files: Mapping[str, bytes]


def pack(folder: Path) -> dict[str, bytes]:
    """What `copy_files` copies of a folder."""
    files = {}
    for name, path in ordinary_files([folder]):
        with contextlib.suppress(OSError):
            files[os.fspath(name)] = path.read_bytes()
    return files


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes packed files into a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


class Outfit(WorkerPlugin):
    """What a Dask worker gets to grade one assignment: a zygote, and the assignment's files.

    Workers that may serve offer a resource of this name, one for each notebook at a time; tasks
    go nowhere else.
    """

    def __init__(
        self, name: str, needs: Needs, assignment: AnyAssignment, preload: tuple[str, ...]
    ) -> None:
        self.name = name
        self.needs = needs
        self.assignment = assignment
        self.files = pack(assignment.folder)
        self.preload = preload
        self.folder: Path | None = None
        self.threads = 1

    async def setup(self, worker: Any) -> None:
        """In each worker, also in one that joins later."""
        missing = self.needs.missing()
        if not missing:
            try:
                self._put_on(worker)
            except Exception as error:
                missing = f"it could not be made ready ({type(error).__name__}: {error})"
        if not missing:
            await worker.set_resources(**{self.name: worker.state.nthreads})
        refused = _refusal(worker, missing)
        worker.log_event(self.name, {"worker": worker.address, "refused": refused})

    def _put_on(self, worker: Any) -> None:
        self.threads = threads_each(worker.state.nthreads)
        self.folder = Path(tempfile.mkdtemp(prefix="grade-", dir=worker.local_directory))
        unpack(self.files, self.folder)
        self.assignment = replace(self.assignment, folder=self.folder)
        shared.preload = self.preload
        shared.link()

    def teardown(self, worker: Any) -> None:
        """Leaves nothing behind."""
        folder, self.folder = self.folder, None
        others = [plugin for plugin in worker.plugins.values() if plugin is not self]
        if not any(isinstance(plugin, Outfit) for plugin in others):
            shared.stop()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def grade(self, parcel: Parcel) -> Outcome:
        """Runs and judges one submission."""
        assert self.folder is not None
        try:
            with tempfile.TemporaryDirectory(dir=self.folder.parent) as name:
                unpack(parcel.files, Path(name))
                task = replace(parcel.task, folder=Path(name), threads=self.threads)
                return grade_task(self.assignment, task)
        finally:
            if self.folder is None:  # nobody waits any more; this may have begun a zygote anew
                shared.stop()


def grade_parcel(outfit: str, parcel: Parcel) -> Outcome:
    """What Dask runs."""
    return get_worker().plugins[outfit].grade(parcel)


def refusal(dask_worker: Any, needs: Needs) -> str:
    """In a worker, by name: why it is not used, or ""."""
    return _refusal(dask_worker, needs.missing())


def _refusal(worker: Any, missing: str) -> str:
    where = f"{worker.name} on {socket.gethostname()} ({worker.address})"
    return f"The worker {where} is not used: {missing}." if missing else ""
