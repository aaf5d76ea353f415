"""Grades on a Dask cluster, when one machine is too small.

The same function, zygote and walls as on this machine, in each worker; nothing but results comes
back, and only this process writes the gradebook. A worker that is killed, cut off or stopped takes
nothing along: Dask gives its tasks to others when it notices, and what nobody has answered for long
is given to an idle worker as well. Grading has no effects, so the first answer counts and another
is dropped.

Dask sends pickles between its processes, so all of its machines must be trusted. Submissions stay
in their sandboxes, which have no network and inherit no connection.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed

from autograder.assignment import Task
from autograder.classroom import ClassError
from autograder.cluster_worker import REMEDY, Needs, Outfit, Parcel, grade_parcel, pack, refusal
from autograder.pool import WorkerDied
from autograder.sandbox.walls import Walls
from autograder.store import grader_parts
from autograder.worker import AnyAssignment, Outcome, preload_for

CONNECT_SECONDS = 10

PATIENCE_SECONDS = 30.0
"""How long a worker may say nothing about a task before an idle one gets it, too."""

LOOK_SECONDS = 1.0
"""How often to look who is there, and who is idle."""


class Cluster:
    """The workers of a Dask scheduler. A context manager; raises ClassError.

    tell: called with a sentence about each worker that is refused.
    """

    def __init__(self, address: str, walls: Walls, tell: Callable[[str], None]) -> None:
        self.address = address
        self.needs = Needs(grader_parts(), walls)
        self.tell = tell
        self.name = f"lepton-{secrets.token_hex(8)}"
        self.refused: set[str] = set()
        self.dressed = False

    def __enter__(self) -> Cluster:
        try:
            self.client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClassError(
                f"No Dask scheduler answers at {self.address} ({error}). `dask scheduler` starts "
                "one; docs/cluster.md says how."
            ) from error
        try:
            self._look()
        except BaseException:
            self.client.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        if self.dressed:  # a worker that does not answer must not be waited for
            undress = threading.Thread(target=self._undress, daemon=True)
            undress.start()
            undress.join(CONNECT_SECONDS)
        self.client.close(timeout=CONNECT_SECONDS)

    def slots(self, tasks: int) -> int:
        return sum(self.there().values())

    def there(self) -> dict[str, int]:
        """How many notebooks run at a time in each worker that is used."""
        workers = self.client.nthreads()
        return {worker: n for worker, n in workers.items() if worker not in self.refused}

    def grade(
        self, assignment: AnyAssignment, tasks: Mapping[str, Task]
    ) -> Iterator[tuple[str, Outcome]]:
        """Yields what became of each task, by student, as it comes."""
        outfit = Outfit(self.name, self.needs, assignment, preload_for(tasks.values()))
        self.client.subscribe_topic(self.name, lambda event: self._heard(**event[1]))
        self.dressed = True
        with contextlib.suppress(Exception):  # a worker that cannot take it is told of, too
            self.client.register_plugin(outfit, name=self.name)
        try:
            yield from _Round(self, tasks).results()
        except OSError as error:
            raise ClassError(
                f"The Dask scheduler at {self.address} was lost. What was graded until then is "
                "kept: start the command again, and it goes on."
            ) from error

    def _look(self) -> None:
        """Refuses workers that are there and cannot serve."""
        answers = self.client.run(refusal, needs=self.needs, on_error="return")
        for worker, answer in answers.items():
            if isinstance(answer, Exception):
                cause = f"{type(answer).__name__}: {answer}"
                answer = f"The worker {worker} is not used: it cannot grade ({cause}). {REMEDY}."
            self._heard(worker, answer)
        if not answers:
            self.tell(f"The cluster at {self.address} has no workers yet. Waiting for the first.")
        elif self.slots(1) == 0:
            raise ClassError("No worker of the cluster can be used.")

    def _heard(self, worker: str, refused: str) -> None:
        if refused and worker not in self.refused:
            self.refused.add(worker)
            self.tell(refused)

    def _undress(self) -> None:
        with contextlib.suppress(Exception):
            self.client.unregister_worker_plugin(self.name)


class _Round:
    """The way of some tasks through a cluster."""

    def __init__(self, cluster: Cluster, tasks: Mapping[str, Task]) -> None:
        self.cluster = cluster
        self.client = cluster.client
        self.left = dict(tasks)
        self.unsent = iter(tasks)
        self.sent: dict[str, list[Future]] = {}
        self.since: dict[str, float] = {}
        self.students: dict[Future, str] = {}
        self.arrivals = as_completed(loop=self.client.loop, with_results=True, raise_errors=False)

    def results(self) -> Iterator[tuple[str, Outcome]]:
        """Yields each answer as it comes. Raises OSError when the scheduler is lost."""
        next_look = 0.0
        while self.left:
            if time.monotonic() >= next_look:
                room = max(1, 2 * self.cluster.slots(len(self.left)))
                self._help_out()
                next_look = time.monotonic() + LOOK_SECONDS
            for student in islice(self.unsent, max(0, room - len(self.sent))):
                self._send(student)
            arrived = self.arrivals.next_batch(block=False)
            for future, result in arrived:
                yield from self._taken(future, result)
            if not arrived:
                time.sleep(0.02)

    def _send(self, student: str, workers: list[str] | None = None) -> None:
        """Submits a task; what is beside the notebook is read now, and let go when it is done."""
        task = self.left[student]
        future = self.client.submit(
            grade_parcel,
            self.cluster.name,
            Parcel(task, pack(task.folder)),
            key=f"{self.cluster.name}-{secrets.token_hex(8)}",
            resources={self.cluster.name: 1},
            workers=workers,
            allow_other_workers=workers is not None,
            retries=2,
        )
        self.sent.setdefault(student, []).append(future)
        self.since[student] = time.monotonic()
        self.students[future] = student
        self.arrivals.add(future)

    def _taken(self, future: Future, result: Any) -> Iterator[tuple[str, Outcome]]:
        """The first answer for a student; a failure only where no other worker is at it."""
        student = self.students.pop(future)
        if student not in self.left:
            return  # another worker was faster
        self.sent[student].remove(future)
        if future.status == "finished":
            outcome = result
        elif future.status == "error" and isinstance(result[1], KilledWorker):
            outcome = WorkerDied("each worker that graded it has died")
        elif future.status == "error":
            outcome = WorkerDied(f"the cluster could not grade it: {result[1]!r}")
        else:
            raise OSError("the tasks were cancelled")  # by the client, which gave up connecting
        if isinstance(outcome, WorkerDied) and self.sent[student]:
            return
        del self.left[student]
        for other in self.sent.pop(student):
            other.cancel()
        yield student, outcome

    def _help_out(self) -> None:
        """Gives an idle worker what another has been silent about for long."""
        overdue = [
            student
            for student, since in sorted(self.since.items(), key=lambda item: item[1])
            if student in self.sent and time.monotonic() - since > PATIENCE_SECONDS
        ]
        if not overdue:
            return
        busy = self.client.processing()
        for worker, slots in self.cluster.there().items():
            here = busy.get(worker, ())
            for _ in range(slots - len(here)):
                others = [s for s in overdue if all(f.key not in here for f in self.sent[s])]
                if others:
                    overdue.remove(others[0])
                    self._send(others[0], [worker])
