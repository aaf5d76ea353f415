"""Grade on a Dask cluster, when one machine is too small.

Each worker uses the same function, zygote and walls as this machine would; only results come back,
and only this process writes the gradebook. Scheduling is done here, and Dask only carries: each
worker first gets a kit, which it accepts or refuses, and then one submission after the other. The
submissions of a lost worker go to others. So do, once others are idle, those that a worker has not
answered for long. Grading has no side effects, so the first answer counts.

Nothing here blocks on a worker, so one that hangs costs the others no time.

Dask sends pickles between its processes, so all of its machines must be trusted. Submissions stay
in their sandboxes, which have no network and inherit no connection.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from distributed import Client, Future, Security, as_completed

from autograder.judging.course import GradableAssignment, GradingTask
from autograder.judging.result_cache import grader_parts
from autograder.sandbox.walls import Walls
from autograder.workers.cluster_worker import (
    REMEDY,
    Kit,
    Parcel,
    Refused,
    Requirements,
    accept_kit,
    grade_parcel,
)
from autograder.workers.process_pool import WorkerDied
from autograder.workers.worker import Outcome, preload_for
from lepton_course.errors import CourseError

CONNECT_SECONDS = 10

LOOK_SECONDS = 1.0
"""Interval between looks at the list of workers."""

SILENCE_SECONDS = 10.0
"""Time after which the user is told that a worker has not answered about its kit."""

PATIENCE_SECONDS = 30.0
"""Time after which an unanswered submission is also given to an idle worker."""

MAX_LOST_WORKERS = 4
"""Number of lost workers after which a submission is given up, since it may be what kills them."""


class ClusterError(CourseError):
    """A Dask cluster that cannot be reached or used."""


class Cluster:
    """The workers of a Dask scheduler, as a context manager that raises ClusterError.

    tell: called with a sentence about each worker that is not used, and when all are gone.
    """

    def __init__(self, address: str, walls: Walls, tell: Callable[[str], None]) -> None:
        self.address = address
        self.requirements = Requirements(grader_parts(), walls)
        self.tell = tell
        self.most = 0

    def __enter__(self) -> Cluster:
        try:
            _check_certificates(self.address)
            self.client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"No Dask scheduler answers at {self.address} ({error}). `dask scheduler` starts "
                "one; docs/cluster.md says how."
            ) from error
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self.client.close(timeout=CONNECT_SECONDS)

    def slots(self, tasks: int) -> int:
        """Return the largest number of notebooks that workers could run at a time so far."""
        return self.most

    def grade(
        self,
        assignment: GradableAssignment,
        tasks: Iterable[tuple[str, GradingTask]],
        folders: Sequence[Path],
    ) -> Iterator[tuple[str, Outcome]]:
        """Yield the outcome of each task, by student, as it arrives. Raises ClusterError."""
        kit = Kit.of(assignment, preload_for(folders))
        try:
            yield from _Distribution(self, kit, tasks).outcomes()
        except OSError as error:
            raise ClusterError(
                f"The Dask scheduler at {self.address} was lost ({error}). What was graded until "
                "then is kept: start the command again, and it goes on."
            ) from error

    def listed(self) -> dict[str, dict[str, Any]]:
        """Return the scheduler's information about each worker, by address. Raises OSError."""
        if self.client.status != "running":
            raise OSError("the connection broke")
        identity = self.client.scheduler.identity
        return self.client.sync(identity, n_workers=-1, callback_timeout=CONNECT_SECONDS)["workers"]


@dataclass(eq=False)
class _Worker:
    """A worker as the grader knows it.

    label: its name for people. slots: notebooks that it runs at a time. taken: whether it accepted
    the kit; None until it has answered. at: the students whose submissions it has.
    """

    address: str
    label: str
    slots: int
    kit: Future
    asked: float
    taken: bool | None = None
    silent: bool = False
    gone: bool = False
    at: set[str] = field(default_factory=set)


class _Distribution:
    """The distribution of a batch of tasks over a cluster's workers."""

    def __init__(
        self, cluster: Cluster, kit: Kit, tasks: Iterable[tuple[str, GradingTask]]
    ) -> None:
        self.cluster = cluster
        self.client = cluster.client
        self.kit = kit
        self.tasks = iter(tasks)
        self.left: dict[str, GradingTask] = {}
        self.unsent: deque[str] = deque()
        self._fetch_next()
        self.workers: dict[str, _Worker] = {}
        self.sent: dict[Future, tuple[str, _Worker]] = {}
        self.since: dict[str, float] = {}
        self.lost: Counter[str] = Counter()
        self.told_of_none = False
        self.arrivals = as_completed(loop=self.client.loop, with_results=True, raise_errors=False)

    def outcomes(self) -> Iterator[tuple[str, Outcome]]:
        """Yield each outcome as it arrives. Raises OSError when the scheduler is lost."""
        next_look = 0.0
        while self.left:
            if time.monotonic() >= next_look:
                self._update_workers()
                next_look = time.monotonic() + LOOK_SECONDS
            self._check_kits()
            self._assign()
            arrived = self.arrivals.next_batch(block=False)
            for future, result in arrived:
                yield from self._arrived(future, result)
            if not arrived:
                time.sleep(0.02)

    def _update_workers(self) -> None:
        """Send new workers a kit, and drop those that have left."""
        listed = self.cluster.listed()
        for address in self.workers.keys() - listed.keys():
            self.workers.pop(address).gone = True
        lost = [future for future, (_, worker) in self.sent.items() if worker.gone]
        self.client.cancel(lost)  # they arrive as cancelled
        for address in listed.keys() - self.workers.keys():
            known = listed[address]
            self.workers[address] = _Worker(
                address=address,
                label=f"{known['name']} ({address})",
                slots=known["nthreads"],
                kit=self._submit(address, accept_kit, self.kit, self.cluster.requirements),
                asked=time.monotonic(),
            )
        if not listed and not self.told_of_none:
            self.cluster.tell(f"The cluster at {self.cluster.address} has no workers: waiting.")
        self.told_of_none = not listed

    def _check_kits(self) -> None:
        """Process the workers' answers about their kits."""
        for worker in self.workers.values():
            if worker.taken is None and worker.kit.done():
                self._answered(worker)
            elif worker.taken is None and not worker.silent:
                worker.silent = time.monotonic() - worker.asked > SILENCE_SECONDS
                if worker.silent:
                    self.cluster.tell(
                        f"The worker {worker.label} does not answer: it is busy, stopped or cut "
                        "off. It is used as soon as it answers."
                    )
        slots = sum(worker.slots for worker in self.workers.values() if worker.taken)
        self.cluster.most = max(self.cluster.most, slots)
        refused = [worker.taken is False for worker in self.workers.values()]
        if refused and all(refused) and not self.cluster.most:
            raise ClusterError("No worker of the cluster can be used.")

    def _answered(self, worker: _Worker) -> None:
        if worker.kit.status == "cancelled":
            raise OSError("it does not know the workers' kits any more")
        worker.taken = worker.kit.status == "finished"
        if not worker.taken:
            reason = _reason(worker.kit.exception())
            self.cluster.tell(f"The worker {worker.label} is not used: {reason}.")

    def _assign(self) -> None:
        """Keep each worker busy, with one submission more than it runs at a time."""
        for worker in self.workers.values():
            if not worker.taken:
                continue
            while self.unsent and len(worker.at) <= worker.slots:
                self._send(self.unsent.popleft(), worker)
                self._fetch_next()
            if len(worker.at) < worker.slots:
                self._reassign_slow(worker)

    def _fetch_next(self) -> None:
        """Fetch the next submission, if none is at hand."""
        if not self.unsent:
            for student, task in islice(self.tasks, 1):
                self.left[student] = task
                self.unsent.append(student)

    def _reassign_slow(self, worker: _Worker) -> None:
        """Give an idle worker the submissions that have been unanswered for longest."""
        now = time.monotonic()
        for student, since in sorted(self.since.items(), key=lambda item: item[1]):
            if now - since < PATIENCE_SECONDS or len(worker.at) == worker.slots:
                return
            if student not in worker.at:
                self._send(student, worker)

    def _send(self, student: str, worker: _Worker) -> None:
        """Send a worker a submission with its files as they are now."""
        parcel = Parcel.of(self.left[student])
        future = self._submit(worker.address, grade_parcel, worker.kit, parcel)
        worker.at.add(student)
        self.sent[future] = student, worker
        self.since[student] = time.monotonic()
        self.arrivals.add(future)

    def _submit(self, address: str, function: Callable[..., Any], *arguments: Any) -> Future:
        return self.client.submit(function, *arguments, workers=[address], pure=False)

    def _arrived(self, future: Future, result: Any) -> Iterator[tuple[str, Outcome]]:
        """Yield a student's first outcome, or a failure if no other worker has the task."""
        student, worker = self.sent.pop(future)
        worker.at.remove(student)
        if student not in self.left:
            return  # another worker was faster
        if future.status == "finished":
            yield self._done(student, result)
            return
        if future.status == "cancelled" and not worker.gone:  # not by `_update_workers`
            raise OSError("it does not know the submissions any more")
        if any(student == other for other, _ in self.sent.values()):
            return
        if future.status == "error":
            why = WorkerDied(f"the cluster could not grade it: {_reason(result[1])}")
            yield self._done(student, why)
            return
        self.lost[student] += 1
        if self.lost[student] < MAX_LOST_WORKERS:
            self.since.pop(student)
            self.unsent.appendleft(student)
        else:
            yield self._done(student, WorkerDied("each worker that graded it has died"))

    def _done(self, student: str, outcome: Outcome) -> tuple[str, Outcome]:
        del self.left[student], self.since[student]
        return student, outcome


def _check_certificates(address: str) -> None:
    """Raise ClusterError if an address needs TLS and Dask's configuration names no certificates.

    Raises OSError where a file that it names cannot be read.
    """
    tls = address.startswith("tls://")
    if tls and Security().get_connection_args("client")["ssl_context"] is None:
        raise ClusterError(
            f"{address} needs certificates: set distributed.comm.tls.ca-file, .client.cert and "
            ".client.key in Dask's configuration; docs/cluster.md says how."
        )


def _reason(error: BaseException | None) -> str:
    """Return why a worker failed, as a phrase for the middle of a sentence."""
    if isinstance(error, Refused):
        return str(error)
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return f"it cannot grade ({words}). {REMEDY}"
