"""The worker's handle on a running program: start it, read its output and usage, kill it."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lepton_hub.jobs.job_queue import UsedResources

_WATCHER = "lepton_hub.jobs.sandboxed_program"
_PLAIN = ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH")
SURVEY_SECONDS = 60
NO_WALLS = {"namespaces": False, "landlock": False, "system_calls": False}


class NoWalls(Exception):
    """This machine cannot sandbox jobs; the message says why, and what to do."""


class ProgramNotStarted(OSError):
    """A program could not be started, through no fault of its own."""


@dataclass(frozen=True)
class ProgramLimits:
    """A program's limits, in seconds and bytes, named as in the sandbox."""

    cpu_seconds: int
    wall_seconds: int
    memory_bytes: int
    file_bytes: int
    scratch_bytes: int


@dataclass(frozen=True)
class ProgramOrder:
    """A program to run.

    command: with the program's absolute path. folder: its working directory, within scratch, the
    only folder it may write to. readable: what else it may read. environment: its variables, none
    of them secret. walls: by name.
    """

    command: Sequence[str]
    folder: Path
    scratch: Path
    readable: Sequence[Path]
    environment: Mapping[str, str]
    limits: ProgramLimits
    processors: int
    walls: Mapping[str, bool]


@dataclass(frozen=True)
class ProgramEnd:
    """How a program ended. reason: the limit at which it was stopped, or ""."""

    status: int
    reason: str


class RunningProgram:
    """A program that is running or has ended. It does not outlive this process."""

    def __init__(self, order: ProgramOrder) -> None:
        """Start a program. Raises OSError."""
        self.end: ProgramEnd | None = None
        self.used = UsedResources()
        self._told = b""
        read, write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _WATCHER, str(write)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[write],
                env=plain_environment(),  # the watcher's child could read whatever the watcher has
                start_new_session=True,
            )
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        self._status = read
        assert self._process.stdin and self._process.stdout
        self._output = self._process.stdout.fileno()
        for descriptor in (self._status, self._output):
            os.set_blocking(descriptor, False)
        request = {
            **asdict(order),
            "command": list(order.command),
            "readable": [str(path) for path in order.readable],
            "folder": str(order.folder),
            "scratch": str(order.scratch),
        }
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def read(self, seconds: float, most: int = 1 << 20) -> bytes:
        """Return what the program has printed since the last call, waiting up to the timeout.

        Also updates `end`, set once the program has ended, and `used`. Raises ProgramNotStarted.
        """
        found = bytearray()
        until = time.monotonic() + seconds
        while self.end is None and len(found) < most:
            left = until - time.monotonic()
            if left <= 0:
                break
            ready, _, _ = select.select([self._output, self._status], [], [], left)
            if self._output in ready:
                found += _available(self._output) or b""
            if self._status in ready:
                self._hear()
        while self.end is not None and (more := _available(self._output)):
            found += more
        return bytes(found)

    def stop(self) -> None:
        """Kill the program and all its descendants; wait until none is left.

        Afterwards, `used` is its total usage.
        """
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        with suppress(ProgramNotStarted):
            self._hear()
        self._process.stdout.close()  # type: ignore[union-attr]
        if self._status >= 0:
            os.close(self._status)
            self._status = -1

    def _hear(self) -> None:
        data = _available(self._status)
        *lines, self._told = (self._told + (data or b"")).split(b"\n")
        for line in lines:
            self._understand(json.loads(line))
        if data == b"" and self.end is None:
            raise ProgramNotStarted("the process that watches the program has gone")

    def _understand(self, told: dict[str, Any]) -> None:
        if "failed" in told:
            raise ProgramNotStarted(told["failed"])
        self.used = UsedResources(float(told["used"][0]), int(told["used"][1]))
        if "ended" in told:
            self.end = ProgramEnd(told["ended"], told["reason"] or "")


@functools.cache
def walls_here() -> dict[str, bool]:
    """Return this machine's walls, by name. Raises NoWalls if a job could escape.

    They are tested in a separate process, since this one may have threads.
    """
    if importlib.util.find_spec("autograder") is None:
        raise NoWalls("The grader's package, which provides the sandbox, is not installed.")
    try:
        result = subprocess.run(
            [sys.executable, "-P", "-m", _WATCHER, "survey"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, env=plain_environment(),
            timeout=SURVEY_SECONDS,
        )  # fmt: skip
        found = json.loads(result.stdout)
    except (ValueError, subprocess.TimeoutExpired) as error:
        raise NoWalls("The sandbox could not be tried on this machine.") from error
    walls = found["walls"]
    if not walls["namespaces"] or not walls["system_calls"]:
        raise NoWalls(f"Jobs cannot be sandboxed on this machine: {'; '.join(found['problems'])}.")
    return walls


def plain_environment() -> dict[str, str]:
    """Return the environment variables a Python program needs; none is secret."""
    return {name: os.environ[name] for name in _PLAIN if name in os.environ}


def _available(descriptor: int) -> bytes | None:
    """Return the available bytes: b"" at the end, None if there are none yet."""
    try:
        return os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return None
