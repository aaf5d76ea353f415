"""The hub worker's handle on its courier: start it, query it, distrust its answers."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from lepton_hub.jobs.cluster.courier_messages import DATA_LIMIT, HEADER_LIMIT, packed
from lepton_hub.jobs.job_log import plain_text
from lepton_hub.jobs.running.job_rooms import MachineLost
from lepton_hub.jobs.running.program_process import ProgramNotStarted, plain_environment

_COURIER = "lepton_hub.jobs.cluster.dask_courier"
ANSWER_SECONDS = 60.0
"""Timeout of a query; longer than the courier's own timeouts."""
STOP_SECONDS = 5.0


class ClusterUnusable(OSError):
    """No job can be sent to the cluster at present; the message says why."""


class CourierProcess:
    """A process that talks to the cluster. It ends with this one, as does its job."""

    def __init__(self, address: str, silence: float) -> None:
        """Start the process, and wait until it is connected. Raises ClusterUnusable."""
        self.address = address
        missing = [name for name in ("distributed", "autograder") if find_spec(name) is None]
        if missing:
            raise ClusterUnusable(
                f"Running jobs on a Dask cluster requires {' and '.join(missing)}. In the clone, "
                "run "
                ".venv/bin/pip install -c constraints.txt -e '.[hub,distributed]'"
            )
        own = {
            name: value
            for name, value in os.environ.items()
            if name == "HOME" or name.startswith("DASK_")
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _COURIER, address, str(silence)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,  # unbuffered: closing it must not block on a write
            env={**plain_environment(), **own},  # Dask's configuration, or its location
            start_new_session=True,
        )
        assert self._process.stdin
        os.set_blocking(self._process.stdin.fileno(), False)
        self._rest = bytearray()
        try:
            self._answer(time.monotonic() + ANSWER_SECONDS)
        except BaseException:
            self.close()
            raise

    def ask(
        self, step: str, told: Mapping[str, object] | None = None, data: bytes = b""
    ) -> tuple[dict[str, Any], bytes]:
        """Have the courier take a step; return its answer, unvalidated.

        Raises ClusterUnusable, MachineLost, ProgramNotStarted, and OSError of the other machine.
        """
        until = time.monotonic() + ANSWER_SECONDS
        self._write(packed(told or {}, data, step=step), until)
        return self._answer(until)

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End the process, and with it the job it carries."""
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]

    def _write(self, message: bytes, until: float) -> None:
        """Write a message; if it is not read in time, kill the process. Raises ClusterUnusable.

        An attacker who controls that process could stop reading, to make this one wait for ever.
        """
        assert self._process.stdin
        pipe = self._process.stdin.fileno()
        rest = memoryview(message)
        try:
            while rest:
                left = max(0.0, until - time.monotonic())
                if not select.select([], [pipe], [], left)[1]:
                    raise TimeoutError
                rest = rest[os.write(pipe, rest) :]
        except OSError as error:
            self._process.kill()
            raise ClusterUnusable("the process that speaks with the cluster has gone") from error

    def _answer(self, until: float) -> tuple[dict[str, Any], bytes]:
        while (end := self._rest.find(b"\n")) < 0:
            self._read_more(HEADER_LIMIT, until)
        try:
            header = json.loads(self._rest[:end])
            told, size = dict(header["told"]), int(header["bytes"])
        except (ArithmeticError, ValueError, TypeError, KeyError, RecursionError) as error:
            self._process.kill()  # what comes next could be the rest of the late answer
            raise MachineLost("it answers nonsense") from error
        if not 0 <= size <= DATA_LIMIT:
            self._process.kill()
            raise MachineLost("it answers too much")
        while len(self._rest) < end + 1 + size:
            self._read_more(end + 1 + size, until)
        data = bytes(self._rest[end + 1 : end + 1 + size])
        del self._rest[: end + 1 + size]
        _raise_problem(self.address, told)
        return told, data

    def _read_more(self, most: int, until: float) -> None:
        """Read more of an answer, up to a limit. Raises ClusterUnusable."""
        assert self._process.stdout
        pipe = self._process.stdout.fileno()
        left = max(0.0, until - time.monotonic())
        data = b""
        if len(self._rest) < most and select.select([pipe], [], [], left)[0]:
            data = os.read(pipe, 1 << 20)
        if not data:
            self._process.kill()
            raise ClusterUnusable("the process that speaks with the cluster has gone")
        self._rest += data


def _raise_problem(address: str, told: Mapping[str, Any]) -> None:
    problem, why = told.get("problem"), plain_text(str(told.get("why", ""))[:500])
    if problem in ("scheduler", "walls"):
        raise ClusterUnusable(f"The Dask scheduler at {address} cannot be used: {why}")
    if problem == "not started":
        raise ProgramNotStarted("the process that watches the program has gone")
    if problem == "system":
        number = told.get("number")
        number = number if type(number) is int and 0 < number < 4096 else 5
        raise OSError(number, os.strerror(number))
    if problem is not None:
        raise MachineLost(why or "it does not know the job")
