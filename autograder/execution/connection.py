"""The connection to a learner's kernel: which peer, how large a message, and what is parsed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zmq.asyncio
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

import lepton_course
from autograder.execution.job import CannotRun, Job
from autograder.kernels.client import PromptAsyncClient
from autograder.kernels.manager import WarmKernelManager
from autograder.sandbox import walls
from lepton_course.untrusted.bounded_json import TooMuch, bounded_json

MESSAGE_BYTES = 64 * 2**20
"""Largest message accepted from a kernel; a kernel that sends more is disconnected."""

WAITING_MESSAGES = 32

SEND_MILLISECONDS = 5_000

RECONNECT_MILLISECONDS = 10 * 24 * 3600 * 1000
"""After the end of any run. Told never to reconnect (-1), ZeroMQ drops what a lost peer has sent,
and aborts the process when that is in the middle of a message that it is reading."""

MESSAGE_VALUES = 250_000
"""Most values in a part of a message that is parsed; each may take a hundred bytes of memory."""

TOO_MUCH = "lepton: too much"
"""Key of what stands for a part of a message that was not parsed."""


def unpack(data: bytes) -> Any:
    """Return the value of a part of a kernel's message, unless it would take too much memory."""
    try:
        return bounded_json(bytes(data), MESSAGE_VALUES, errors="replace")
    except TooMuch:
        return {TOO_MUCH: True}


class ConnectOnceClient(PromptAsyncClient):
    """A kernel client that connects once, before any of the learner's code runs, and never again.

    The sockets lie in the learner's folder, so a later connection might be led elsewhere.
    """

    @default("context")
    def _hardened_context(self) -> zmq.asyncio.Context:
        self._created_context = True
        return _hardened(zmq.asyncio.Context())


def kernel_manager(job: Job, scratch: Path, warm: bool) -> AsyncKernelManager:
    """Return the manager of a kernel for a job, not started yet. Raises CannotRun.

    warm: fork it from the zygote, which walls need.
    """
    if not warm:
        if job.walls:
            raise CannotRun("this machine has no walls for a kernel")
        # ipc sockets: over TCP, two kernels that start together can take the same port.
        manager = AsyncKernelManager(
            kernel_name="python3",
            transport="ipc",
            ip=str(scratch / "k"),
            client_factory=PromptAsyncClient,
        )
        manager.session.unpack = unpack
        return manager
    course = Path(lepton_course.__file__).parent
    world = walls.World(scratch, (course,), job.limits.resources, job.walls) if job.walls else None
    manager = WarmKernelManager(world=world, client_factory=ConnectOnceClient)
    _hardened(manager.context)
    manager.session.unpack = unpack
    return manager


def _hardened(context: zmq.asyncio.Context) -> zmq.asyncio.Context:
    """Set the options of a context whose sockets face the learner's process."""
    context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)
    context.setsockopt(zmq.SNDTIMEO, SEND_MILLISECONDS)  # without a peer it would wait for ever
    context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)
    context.setsockopt(zmq.RCVHWM, WAITING_MESSAGES)
    return context
