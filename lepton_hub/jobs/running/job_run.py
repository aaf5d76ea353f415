"""One attempt at a job: prepare its folder, run its program, store its results."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.catalogue.contents import see_contents
from lepton_hub.catalogue.items import NotAllowed, NotVisible
from lepton_hub.catalogue.versions import PathTwice
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_access import LookUp, asker_now, asker_then
from lepton_hub.jobs.job_log import BoundedLog, begin_attempt, plain_text, write_log
from lepton_hub.jobs.job_metrics import MetricLines, MetricPoint, forget_metrics, write_metrics
from lepton_hub.jobs.job_queue import (
    JobLease,
    LeaseLost,
    UsedResources,
    end_attempt,
    finish_job,
    give_back,
    held_job,
    record_use,
)
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.job_types import JobState
from lepton_hub.jobs.running.ending_words import (
    Trouble,
    left_out_lines,
    problem_of,
    trouble_in_words,
)
from lepton_hub.jobs.running.job_results import (
    JobPlan,
    ending_job,
    plan_of,
    store_files,
    succeed,
)
from lepton_hub.jobs.running.job_rooms import JobRoom, MachineLost
from lepton_hub.jobs.running.lease_keeper import LeaseKeeper
from lepton_hub.jobs.running.program_process import ProgramEnd, ProgramNotStarted
from lepton_hub.storage import BlobDamaged, BlobMissing, BlobStore

LISTEN_SECONDS = 1.0
LONGEST_PAUSE = 300.0
TRIES = 5
"""Attempts at storing results before the job is given back."""

GONE = "Its program or one of its inputs no longer exists for the person who submitted the job."
NOT_YOURS = (
    "The person who submitted the job may no longer add versions to the item for its results."
)
DAMAGED = "A file it needs is damaged. Whoever shared it can share it again."
NO_RESULTS = "The job left no files.\n"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Workplace:
    """A worker's environment. stop: set when the worker is to end."""

    sessions: sessionmaker[Session]
    store: BlobStore
    settings: JobSettings
    look_up: LookUp | None = None
    stop: threading.Event = field(default_factory=threading.Event)


class WorkerStopping(Exception):
    """The worker was asked to end while a job ran."""


class JobRun:
    """One attempt at a job."""

    def __init__(
        self, place: Workplace, room: JobRoom, lease: JobLease, keeper: LeaseKeeper
    ) -> None:
        self.place, self.room, self.lease, self.keeper = place, room, lease, keeper
        self.used = UsedResources()
        self.begun = self.stopped = False

    def run(self) -> None:
        """Run the job to its end, or requeue it."""
        settings = self.place.settings
        try:
            self._perform()
        except LeaseLost:
            self._close("taken away")
        except NotVisible:
            self._try_to_end(
                lambda session: finish_job(session, self.lease, JobState.FAILED, GONE, now())
            )
        except WorkerStopping:
            self._try_to_end(
                lambda session: give_back(
                    session, self.lease, settings, "The worker was stopped.", now(), counts=False
                )
            )
        except ProgramNotStarted as error:  # the program may have caused it
            self._give_back(error, counts=True)
        except MachineLost as error:
            self._give_back(error, counts=self.begun)
        except BlobDamaged:
            self._try_to_end(
                lambda session: finish_job(session, self.lease, JobState.FAILED, DAMAGED, now())
            )
        except Trouble as error:
            self._give_back(error, counts=False)
        except Exception as error:  # a bug in the hub must not kill one worker after another
            self._give_back(error, counts=True)

    def _give_back(self, error: Exception, counts: bool) -> None:
        """Requeue the job. Failures that are not its own never count towards giving it up."""
        settings = self.place.settings
        pause = min(settings.back_off * self.lease.attempt, LONGEST_PAUSE)
        why = f"The worker could not run it: {trouble_in_words(error)}."
        print(f"lepton hub work: {why} ({error!r})", file=sys.stderr, flush=True)
        self._try_to_end(
            lambda session: give_back(session, self.lease, settings, why, now(), counts, pause)
        )

    def _perform(self) -> None:
        with self.place.sessions.begin() as session:
            then = asker_then(held_job(session, self.lease))
        person = asker_now(then, self.place.look_up)
        with self.place.sessions.begin() as session:
            job = held_job(session, self.lease)
            plan = plan_of(session, job, person)
            forget_metrics(session, job)
            begin_attempt(session, job)
        try:
            self._prepare(plan)
            self.begun = True
            self.room.start(plan.task(self.place.settings.files))
            end = self._follow()
            self._stop()
            problem = problem_of(end.status, end.reason)
            if problem:
                self._end(lambda s: finish_job(s, self.lease, JobState.FAILED, problem, now()))
            else:
                self._keep_results(person)
        finally:
            if not self.stopped:
                with suppress(OSError):  # its machine is gone, and with it the record of its usage
                    self._stop()
            self.room.close()

    def _stop(self) -> None:
        """Kill the program. Its usage counts, whatever becomes of the job."""
        self.stopped = True
        used = self.room.stop()
        self.used = UsedResources(
            max(self.used.processor_seconds, used.processor_seconds),
            max(self.used.memory_bytes, used.memory_bytes),
        )

    def _prepare(self, plan: JobPlan) -> None:
        """Write the job's files."""
        room = self.room
        room.begin(plan.size + self.place.settings.files)
        try:
            for file in plan.program.files:
                room.write(None, file.path, self._pieces(file.sha256))
            for given in {given.reference: given for given in plan.inputs}.values():
                room.describe(given.reference, given.told)
                for file in given.files:
                    room.write(given.reference, file.path, self._pieces(file.sha256))
        except BlobMissing as error:  # the item was deleted just now
            raise NotVisible from error
        self.keeper.check()

    def _pieces(self, sha256: str) -> Iterator[bytes]:
        """Read a content, as long as this worker holds the lease."""
        for piece in self.place.store.read(sha256):
            self.keeper.check()
            if self.place.stop.is_set():
                raise WorkerStopping
            yield piece

    def _follow(self) -> ProgramEnd:
        """Record the program's output, metrics and usage until it ends; return its end."""
        log, metrics = BoundedLog(), MetricLines()
        while True:
            heard = self.room.listen(LISTEN_SECONDS)
            log.add(heard.output)
            self.keeper.check()
            if self.place.stop.is_set():
                raise WorkerStopping
            ended = heard.end is not None
            points = metrics.read(heard.metrics)
            if ended:
                points += metrics.read(b"\n")  # the last line may be unterminated
            self._write(log.take(last=ended), points, heard.used)
            if heard.end:
                return heard.end

    def _write(self, text: str, points: list[MetricPoint], used: UsedResources) -> None:
        changed = used != self.used
        self.used = used
        if not (text or points or changed):
            return
        with self.place.sessions.begin() as session:
            job = held_job(session, self.lease)
            write_log(session, job, text)
            write_metrics(session, job, points)
            record_use(session, self.lease, used, now())

    def _keep_results(self, person: Person) -> None:
        """Store the job's results and end it; retry for a while if the disk is full."""
        files, left_out = self.room.left_files()

        def store() -> None:
            stored, refused = store_files(self.place.store, files, self.keeper.check)
            lines = left_out_lines([*left_out, *refused])
            seen = see_contents(self.place.sessions, self.place.store, stored)
            with self.place.sessions.begin() as session:
                job = ending_job(session, self.lease)
                write_log(session, job, plain_text(lines if stored else NO_RESULTS + lines))
                succeed(session, seen, self.lease, person, now())

        try:
            self._patiently(store)
        except (NotVisible, NotAllowed):
            self._end(lambda s: finish_job(s, self.lease, JobState.FAILED, NOT_YOURS, now()))
        except PathTwice as error:
            why = f"Its results cannot be stored: {error} is both a file and a folder."
            self._end(lambda s: finish_job(s, self.lease, JobState.FAILED, why, now()))

    def _end(self, work: Callable[[Session], object]) -> None:
        """End the job in a separate transaction."""

        def end() -> None:
            with self.place.sessions.begin() as session:
                work(session)

        self._patiently(end)

    def _patiently(self, work: Callable[[], Result]) -> Result:
        """Retry something through transient failures. Raises LeaseLost, and the last failure.

        The program has finished, so running it again would cost more than retrying.
        """
        for number in range(TRIES):
            try:
                return work()
            except MachineLost:
                raise
            except Trouble:
                if number == TRIES - 1:
                    raise
                self.keeper.lost.wait(self.place.settings.back_off * 2**number / 5)
                self.keeper.check()
        raise AssertionError("unreachable")

    def _try_to_end(self, work: Callable[[Session], object]) -> None:
        """End the attempt; if that fails, the lease expires, and another worker claims the job."""
        try:
            with self.place.sessions.begin() as session:
                record_use(session, self.lease, self.used, now())
                work(session)
        except LeaseLost:
            self._close("taken away")
        except Trouble as error:
            print(f"lepton hub work: {trouble_in_words(error)}", file=sys.stderr, flush=True)

    def _close(self, how: str) -> None:
        """Record the end of an attempt whose lease was lost."""
        try:
            with self.place.sessions.begin() as session:
                record_use(session, self.lease, self.used, now())
                end_attempt(session, self.lease, how, now())
        except SQLAlchemyError as error:
            print(f"lepton hub work: {trouble_in_words(error)}", file=sys.stderr, flush=True)
