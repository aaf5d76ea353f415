"""The Dask worker's side: reserve room for jobs, and run their programs in the sandbox.

The hub's side invokes each step through Dask (`worker_steps`) and gets plain data back. A worker
takes as many concurrent jobs as it has threads. It never contacts the hub: it has no address, token
or key of it, and of a job only what the hub has written into its folder. A job it hears nothing
about for a while is over: its program is killed, its files are removed.
"""

from __future__ import annotations

import atexit
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from distributed import Worker

from lepton_hub.jobs.cluster.code_version import code_version
from lepton_hub.jobs.running.job_folder import remove_left_behind
from lepton_hub.jobs.running.job_rooms import ProgramTask
from lepton_hub.jobs.running.left_files import LeftFile
from lepton_hub.jobs.running.local_room import LocalRoom
from lepton_hub.jobs.running.program_process import NoWalls, ProgramNotStarted, walls_here

FOLDER = "lepton-jobs"
"""Beside the Dask workers' own folders, which Dask removes."""
ENDED_SECONDS = 600.0
"""Seconds for which unclaimed results are kept."""

Told = dict[str, Any]
Answer = tuple[Told, bytes]


@dataclass
class HeldRoom:
    """A job's room on this worker. silence: seconds without contact after which the job ends."""

    room: LocalRoom
    silence: float
    heard: float = field(default_factory=time.monotonic)
    files: list[LeftFile] = field(default_factory=list)
    reading: tuple[int, Iterator[bytes]] | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)


class UnknownJob(Exception):
    """The worker has no such job, or no longer has it."""


class RoomsOnWorker:
    """The jobs of one Dask worker. folder: for their files. slots: the most concurrent jobs."""

    def __init__(self, folder: Path, slots: int) -> None:
        self._folder, self._slots = folder, slots
        self._rooms: dict[str, HeldRoom] = {}
        self._refused = _without_walls()
        self._lock = threading.Lock()
        remove_left_behind(folder)
        atexit.register(self.end_all)
        threading.Thread(target=self._watch, daemon=True).start()

    def offer(self, told: Told, _: bytes) -> Answer:
        """Return the number of free slots, and this machine's versions and capacity."""
        if self._refused:
            return {"refused": self._refused}, b""
        return {"code": code_version(), "free": self._slots - len(self._rooms)}, b""

    def take(self, told: Told, _: bytes) -> Answer:
        """Reserve room for a job, if there is any."""
        room = LocalRoom(self._folder, walls_here())
        job = secrets.token_hex(16)
        with self._lock:
            if len(self._rooms) >= self._slots:
                return {"job": None}, b""
            self._rooms[job] = HeldRoom(room, told["silence"])
        return {"job": job, **asdict(room.capacity)}, b""

    def begin(self, told: Told, _: bytes) -> Answer:
        """Make the job's folders."""
        with self._held(told) as held:
            held.room.begin(told["needed"])
        return {}, b""

    def write(self, told: Told, data: bytes) -> Answer:
        """Write a piece of a file."""
        with self._held(told) as held:
            held.room.append(told["reference"], told["path"], [data], told["more"])
        return {}, b""

    def describe(self, told: Told, _: bytes) -> Answer:
        """Write an input's metadata."""
        with self._held(told) as held:
            held.room.describe(told["reference"], told["told"])
        return {}, b""

    def start(self, told: Told, _: bytes) -> Answer:
        """Start the program."""
        with self._held(told) as held:
            held.room.start(ProgramTask(**told["task"]))
        return {}, b""

    def listen(self, told: Told, _: bytes) -> Answer:
        """Return the program's new output."""
        with self._held(told) as held:
            heard = held.room.listen(told["seconds"])
        end = None if heard.end is None else [heard.end.status, heard.end.reason]
        used = [heard.used.processor_seconds, heard.used.memory_bytes]
        answer = {"used": used, "end": end, "output": len(heard.output)}
        return answer, heard.output + heard.metrics

    def stop(self, told: Told, _: bytes) -> Answer:
        """Kill the program, and return its usage; its files stay until fetched."""
        with self._held(told) as held:
            used = held.room.stop()
            held.silence = max(held.silence, ENDED_SECONDS)
        return {"used": [used.processor_seconds, used.memory_bytes]}, b""

    def results(self, told: Told, _: bytes) -> Answer:
        """Return the files the program left."""
        with self._held(told) as held:
            held.files, left_out = held.room.left_files()
            files = [[file.path, file.size] for file in held.files]
        return {"files": files, "left_out": left_out}, b""

    def read(self, told: Told, _: bytes) -> Answer:
        """Return the next pieces of a file, or the first ones; b"" at its end."""
        with self._held(told) as held:
            number = told["file"]
            if told["first"] or held.reading is None or held.reading[0] != number:
                held.reading = number, held.files[number].pieces()
            return {}, b"".join(islice(held.reading[1], told["pieces"]))

    def keep(self, told: Told, _: bytes) -> Answer:
        """Receive a heartbeat: the job is still wanted."""
        with self._lock:
            if told["job"] in self._rooms:
                self._rooms[told["job"]].heard = time.monotonic()
        return {}, b""

    def end(self, told: Told, _: bytes) -> Answer:
        """Kill the job's program if it is running, remove its files, and release its room."""
        self._end(told["job"])
        return {}, b""

    def end_all(self) -> None:
        """End all jobs: the worker stops."""
        for job in list(self._rooms):
            self._end(job)

    def _held(self, told: Told) -> _Turn:
        with self._lock:
            if told["job"] not in self._rooms:
                raise UnknownJob
            return _Turn(self._rooms[told["job"]])

    def _end(self, job: str) -> None:
        with self._lock:
            held = self._rooms.get(job)
        if held is None:
            return
        try:
            with held.turn, suppress(OSError):
                held.room.close()
        finally:
            with self._lock:  # only now: until then the machine is busy with it
                self._rooms.pop(job, None)

    def _watch(self) -> None:
        while True:
            time.sleep(0.2)
            moment = time.monotonic()
            with self._lock:
                held = list(self._rooms.items())
            for job, room in held:
                if moment - room.heard > room.silence:
                    with suppress(Exception):  # this thread must go on
                        self._end(job)


def _without_walls() -> str:
    """Return why this machine cannot sandbox jobs, or ""."""
    try:
        walls_here()
    except NoWalls as error:
        return str(error)
    return ""


class _Turn:
    """Serialises a job's steps, each of which counts as a heartbeat."""

    def __init__(self, held: HeldRoom) -> None:
        self._held = held

    def __enter__(self) -> HeldRoom:
        self._held.turn.acquire()
        self._held.heard = time.monotonic()
        return self._held

    def __exit__(self, *_: object) -> None:
        self._held.heard = time.monotonic()
        self._held.turn.release()


STEPS: dict[str, Callable[[RoomsOnWorker, Told, bytes], Answer]] = {
    step.__name__: step
    for step in (
        RoomsOnWorker.offer, RoomsOnWorker.take, RoomsOnWorker.begin, RoomsOnWorker.write,
        RoomsOnWorker.describe, RoomsOnWorker.start, RoomsOnWorker.listen, RoomsOnWorker.stop,
        RoomsOnWorker.results, RoomsOnWorker.read, RoomsOnWorker.keep, RoomsOnWorker.end,
    )
}  # fmt: skip

_rooms: dict[str, RoomsOnWorker] = {}
_lock = threading.Lock()


def take_step(step: str, told: Told, data: bytes, worker: Worker) -> Answer:
    """Take one step of a job on this Dask worker, and return the answer."""
    try:
        with _lock:
            if worker.address not in _rooms:
                folder = Path(worker.local_directory).parent / FOLDER
                _rooms[worker.address] = RoomsOnWorker(folder, worker.state.nthreads)
        return STEPS[step](_rooms[worker.address], told, data)
    except UnknownJob:
        return {"problem": "unknown"}, b""
    except ProgramNotStarted:
        return {"problem": "not started"}, b""
    except OSError as error:
        return {"problem": "system", "number": error.errno, "why": error.strerror}, b""
