"""The machines of a Dask cluster, behind the same interface as the hub's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from lepton_hub.catalogue.names import PATH, NameProblem, check_path
from lepton_hub.jobs.cluster.courier_process import CourierProcess
from lepton_hub.jobs.job_log import plain_text
from lepton_hub.jobs.job_queue import UsedResources
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.jobs.pool_queries import Capacity
from lepton_hub.jobs.running.job_rooms import HeardOutput, JobRoom, MachineLost, ProgramTask
from lepton_hub.jobs.running.left_files import MOST_FILES, PIECE, LeftFile
from lepton_hub.jobs.running.program_process import ProgramEnd

PIECES = 4
"""The number of a file's chunks in flight."""
LATE_SECONDS = 120.0
"""Grace period after a job's time limit in which its machine must report the end."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds before retrying an unusable cluster, backing off each time."""

Size = Annotated[int, Field(ge=0, le=2**50)]
Model = TypeVar("Model", bound=BaseModel)


class Answered(BaseModel):
    """A worker's answer, which is untrusted."""

    model_config = ConfigDict(strict=True)


class TakenRoom(Answered):
    """Room for a job on a worker."""

    name: str
    processors: Annotated[int, Field(ge=1, le=2**20)]
    memory: Annotated[int, Field(ge=1, le=2**60)]


class StoppedAnswer(Answered):
    """A program's usage: processor time in seconds, and peak memory in bytes."""

    used: list[Annotated[FiniteFloat, Field(ge=0, le=2**60, strict=False)]] = Field(
        min_length=2, max_length=2
    )


class HeardAnswer(StoppedAnswer):
    """A program's new output. output: the number of bytes printed; the rest are metrics."""

    end: list[int | str] | None
    output: Size


class ResultsAnswer(Answered):
    """The files a program left, with their sizes."""

    files: Annotated[list[list[str | int]], Field(max_length=MOST_FILES)]
    left_out: list[str]


class RoomOnCluster:
    """Room for one job on a worker of the cluster."""

    def __init__(self, courier: CourierProcess, told: TakenRoom) -> None:
        self.name = plain_text(told.name)
        self.capacity = Capacity(told.processors, told.memory)
        self._courier = courier
        self._most_bytes = 0
        self._closed = False
        self._processors, self._begun, self._until = 1, 0.0, 0.0

    def begin(self, needed: int) -> None:
        """Create folders for a job that may use a given number of bytes. Raises OSError."""
        self._courier.ask("begin", {"needed": needed})

    def write(self, reference: str | None, path: str, pieces: Iterable[bytes]) -> None:
        """Write a file of an input, or of the program (None). Raises OSError."""
        more = False
        for piece in _regrouped(pieces, PIECES * PIECE):
            self._courier.ask("write", {"reference": reference, "path": path, "more": more}, piece)
            more = True
            if reference is None:
                self._most_bytes += len(piece)

    def describe(self, reference: str, told: Mapping[str, object]) -> None:
        """Write an input's metadata beside it. Raises OSError."""
        self._courier.ask("describe", {"reference": reference, "told": told})

    def start(self, task: ProgramTask) -> None:
        """Start the program. Raises OSError, ProgramNotStarted."""
        self._most_bytes += task.file_bytes
        self._begun = time.monotonic()
        self._until = self._begun + task.seconds + LATE_SECONDS
        self._processors = task.processors
        self._courier.ask("start", {"task": asdict(task)})

    def listen(self, seconds: float) -> HeardOutput:
        """Return new output, waiting up to the timeout. Raises OSError, ProgramNotStarted.

        A machine cannot claim that a program runs beyond its time limit, nor that it used more
        processor time than there was, which its team would be charged for.
        """
        asked = time.monotonic()
        told, data = self._courier.ask("listen", {"seconds": seconds})
        heard = _checked(HeardAnswer, told)
        end = None if heard.end is None else _end(heard.end)
        if end is None:
            if time.monotonic() > self._until:
                raise MachineLost("its program does not end")
            if len(data) < PIECE:  # it should have waited for more
                time.sleep(max(0.0, asked + seconds - time.monotonic()))
        return HeardOutput(data[: heard.output], data[heard.output :], self._used(heard), end)

    def stop(self) -> UsedResources:
        """Kill the program and all its descendants; return its usage. Raises OSError."""
        told, _ = self._courier.ask("stop")
        return self._used(_checked(StoppedAnswer, told))

    def left_files(self) -> tuple[list[LeftFile], list[str]]:
        """Return the files the ended program left, and a message for each one left out."""
        told, _ = self._courier.ask("results")
        answer = _checked(ResultsAnswer, told)
        files: list[LeftFile] = []
        left = self._most_bytes
        for number, one in enumerate(answer.files):
            path, size = _left_file(one)
            left -= size
            files.append(LeftFile(path, size, self._reading(number, size)))
        if left < 0 or len({file.path.casefold() for file in files}) < len(files):
            raise MachineLost("it answers nonsense")
        return files, [plain_text(why[: PATH + 100]) for why in answer.left_out]

    def close(self) -> None:
        """Kill the program if it is running, and remove the job's files there."""
        if not self._closed:
            self._closed = True
            with suppress(OSError):  # if this does not arrive, silence ends the job
                self._courier.ask("end")

    def _used(self, told: StoppedAnswer) -> UsedResources:
        """Return a program's usage, capped at the processor time there was."""
        begun = self._begun or time.monotonic()
        most = (time.monotonic() - begun) * self._processors
        return UsedResources(min(told.used[0], most), int(told.used[1]))

    def _reading(self, number: int, size: int) -> Callable[[], Iterator[bytes]]:
        def read() -> Iterator[bytes]:
            first, left = True, size
            while left > 0:
                told = {"file": number, "first": first, "pieces": PIECES}
                _, data = self._courier.ask("read", told)
                first = False
                expected = min(left, PIECES * PIECE)
                left -= len(data)
                if len(data) != expected:  # single bytes would take for ever
                    raise MachineLost("a file is not what it was")
                yield data

        return read


class ClusterMachines:
    """The workers of a Dask cluster. address: its scheduler's."""

    def __init__(self, address: str, settings: JobSettings) -> None:
        self._address, self._settings = address, settings
        self._courier: CourierProcess | None = None
        self._pause, self._not_before = FIRST_PAUSE, 0.0
        self._told: set[str] = set()

    @contextmanager
    def room(self) -> Iterator[JobRoom | None]:
        """Reserve room for one job, and release it at the end; None if there is none now."""
        found = self._take()
        try:
            yield found
        finally:
            if found is not None:
                found.close()

    def close(self) -> None:
        """Close the connection."""
        if self._courier is not None:
            self._courier.close()
            self._courier = None

    def _take(self) -> RoomOnCluster | None:
        if time.monotonic() < self._not_before:
            return None
        if self._courier is not None and self._courier.ended:
            self.close()
        try:
            if self._courier is None:
                self._courier = CourierProcess(self._address, self._settings.lease)
            told, _ = self._courier.ask("room", {"silence": self._settings.lease})
            self._tell(told.get("notes"))
            taken = None if told.get("job") is None else _checked(TakenRoom, told)
        except OSError as error:
            self.close()
            self._not_before = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._tell([str(error)])
            return None
        if self._pause > FIRST_PAUSE:
            self._pause = FIRST_PAUSE
            self._tell(["The cluster can be used again"])
            self._told.clear()
        return taken and RoomOnCluster(self._courier, taken)

    def _tell(self, notes: object) -> None:
        """Print, once each, why a worker or the scheduler cannot be used."""
        for note in notes if isinstance(notes, list) else []:
            line = plain_text(str(note)[:1000]).replace("\n", " ")
            if line not in self._told and len(self._told) < 1000:
                self._told.add(line)
                print(f"lepton hub work: {line}.", file=sys.stderr, flush=True)


def _checked(model: type[Model], told: Mapping[str, Any]) -> Model:
    """Return an answer, validated. Raises MachineLost."""
    try:
        return model.model_validate(dict(told))
    except ValidationError as error:
        raise MachineLost("it answers nonsense") from error


def _end(told: list[int | str]) -> ProgramEnd:
    match told:
        case [int(status), str(reason)] if abs(status) < 2**31:
            return ProgramEnd(status, plain_text(reason)[:500])
    raise MachineLost("it answers nonsense")


def _left_file(told: list[str | int]) -> tuple[str, int]:
    match told:
        case [str(path), int(size)] if size >= 0:
            with suppress(NameProblem):
                return check_path(path), size
    raise MachineLost("it answers nonsense")


def _regrouped(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in chunks of about equal size; a single empty one if there are none."""
    ready = bytearray()
    given = False
    for piece in pieces:
        ready += piece
        if len(ready) >= size:
            yield bytes(ready)
            ready.clear()
            given = True
    if ready or not given:
        yield bytes(ready)
