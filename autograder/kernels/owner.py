"""The owner's side of the zygote: start it, request kernels from it, keep them."""

from __future__ import annotations

import array
import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from autograder.kernels.kernel_request import IN_WALLS, WITHOUT_WALLS
from autograder.sandbox.walls import World, environment_inside, plain_environment

FRAMEWORKS = {
    # Torch imports its compiler when the first optimizer is made, which takes over a second.
    "torch": ("torch", "torch._dynamo"),
    "tensorflow": ("tensorflow",),
}
ALSO = ("matplotlib.pyplot", "lepton_course.checks.check", "lepton_course.exercises.remote")
PRELOAD = (*chain(*FRAMEWORKS.values()), *ALSO)
"""Modules that kernels have imported before their first cell."""

_IMPORT = rb"(?:import|from)[ \t]+%s\b"

START_SECONDS = 60.0
STOP_SECONDS = 5.0


def modules_to_preload(notebooks: Iterable[Path]) -> tuple[str, ...]:
    """Return the modules that a zygote should import: a framework only if a notebook imports it.

    The output of a check names all of them, in its form for reporting a mistake.
    """
    named: set[str] = set()
    for notebook in notebooks:
        with contextlib.suppress(OSError):  # who reads it for its own sake reports that
            data = notebook.read_bytes()
            named.update(name for name in FRAMEWORKS if re.search(_IMPORT % name.encode(), data))
    return (*chain(*(modules for name, modules in FRAMEWORKS.items() if name in named)), *ALSO)


class KernelNotStarted(RuntimeError):
    """The zygote could not start a kernel; the message says why."""


@dataclass(frozen=True)
class Link:
    """A connection to a zygote: the socket for requests, and the folder that the zygote removes."""

    socket: socket.socket
    folder: Path


@dataclass
class WarmKernel:
    """A running kernel, as its owner holds it."""

    stream: socket.socket
    ended: int | None = None
    reason: str | None = None
    _incoming: bytes = b""

    def signal(self, number: int) -> None:
        """Send a signal to the kernel's process group."""
        try:
            self.stream.sendall(json.dumps({"signal": number}).encode() + b"\n")
        except OSError:
            self._lost()

    def poll(self) -> int | None:
        """Return the exit status of a kernel that has ended, or None while it runs."""
        while self.ended is None and select.select([self.stream], [], [], 0)[0]:
            message = self.receive()
            if message is None:
                self._lost()
            elif "ended" in message:
                self.ended, self.reason = message["ended"], message["reason"]
        return self.ended

    def receive(self) -> dict[str, Any] | None:
        """Return the watcher's next message, or None when the watcher has gone."""
        while b"\n" not in self._incoming:
            try:
                data = self.stream.recv(65536)
            except OSError:
                return None
            if not data:
                return None
            self._incoming += data
        line, _, self._incoming = self._incoming.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        """Release the kernel, killing whatever of it still runs."""
        self.stream.close()
        if self.ended is None:
            self._lost()

    def _lost(self) -> None:
        self.ended, self.reason = -9, "the process that watches the kernel has gone"


class Zygote:
    """A zygote process, started when first needed.

    It ends when the last copy of its socket is closed, for whatever reason, and then removes its
    folder. Scratch folders are made in that folder, so nothing is left behind even when the owner
    is killed.
    """

    def __init__(self, preload: tuple[str, ...] = PRELOAD) -> None:
        self.preload = preload
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def ensure_preloaded(self, modules: tuple[str, ...]) -> None:
        """Ensure that new kernels have imported these modules, and perhaps others.

        A running zygote that lacks one is replaced; its kernels stay with their owners.
        """
        if self._link is None:
            self.preload = modules
        elif not set(modules) <= set(self.preload):
            self.stop()
            self.preload = modules

    def link(self) -> Link:
        """Return what another process needs to use this zygote too; see `adopt`."""
        return self._running()

    def adopt(self, link: Link) -> None:
        """Use another process's zygote for as long as it answers."""
        self._link = link

    def make_folder(self) -> Path:
        """Return a new private folder that is removed with the zygote at the latest."""
        return Path(tempfile.mkdtemp(prefix="", dir=self._running().folder))

    def start_kernel(
        self, connection_file: str, cwd: str, env: dict[str, str], world: World | None
    ) -> WarmKernel:
        """Start a kernel that reads `connection_file`, replacing a dead zygote once.

        Raises KernelNotStarted.
        """
        request = {"connection_file": connection_file, "cwd": cwd, "env": env, "world": None}
        if world:
            # The kernel has the request in its memory, so it must hold nothing secret.
            request["env"] = environment_inside(env, world)
            request["world"] = {
                "scratch": str(world.scratch),
                "readable": [str(path) for path in world.readable],
                "limits": asdict(world.limits),
                "walls": asdict(world.walls),
            }
        line = json.dumps(request).encode() + b"\n"
        for attempt in (1, 2):
            try:
                return self._ask(IN_WALLS if world else WITHOUT_WALLS, line)
            except (OSError, EOFError) as error:
                self.stop()
                if attempt == 2:
                    raise KernelNotStarted(f"the zygote does not answer: {error}") from error
        raise AssertionError("unreachable")

    def _ask(self, kind: bytes, line: bytes) -> WarmKernel:
        link = self._running()
        ours, theirs = socket.socketpair()
        with theirs:
            fds = array.array("i", [theirs.fileno()])
            link.socket.sendmsg([kind], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        ours.settimeout(START_SECONDS)
        kernel = WarmKernel(ours)
        try:
            ours.sendall(line)
            answer = kernel.receive()
            if answer is None:
                raise EOFError("it closed the connection")
            if "failed" in answer:
                raise KernelNotStarted(answer["failed"])
        except BaseException:
            ours.close()
            raise
        ours.settimeout(None)
        return kernel

    def _running(self) -> Link:
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._link = None
            if self._link is None:
                self._start()
            assert self._link is not None
            return self._link

    def _start(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="lepton-"))
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "autograder.kernels.zygote", str(theirs.fileno())]
            self._process = subprocess.Popen(
                [*command, str(folder), *self.preload],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=Path(__file__).parents[2],
                # Kernels inherit its memory, including its initial environment.
                env={
                    # Idle threads must sleep, not spin: other kernels share these cores.
                    "OMP_WAIT_POLICY": "PASSIVE",
                    **plain_environment(os.environ),
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                    "TORCH_CPP_LOG_LEVEL": "ERROR",
                    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
                },
                start_new_session=True,  # Ctrl-C in the owner's terminal is for the owner
            )
        self._link = Link(ours, folder)

    def stop(self) -> None:
        """Release the zygote. Running kernels stay with their owners."""
        with self._lock:
            if self._link is not None:
                self._link.socket.close()
            if self._process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(STOP_SECONDS)
            self._link = self._process = None


shared = Zygote()
"""This process's zygote."""
