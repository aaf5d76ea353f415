"""Processes that look at what a learner wrote, with limits on their memory and processor time.

A learner's file is parsed and rendered there, and never in the process that writes grades or serves
pages. Work that takes too much ends the process; the next piece gets a new one.
"""

from __future__ import annotations

import atexit
import importlib
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

_SIZE = struct.Struct("!cQ")
_DONE, _REFUSED = b"d", b"r"
_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; from {module} import serve; serve({work!r}, {limits})"
)


class TooMuchWork(Exception):
    """The work took more time or memory than it may."""


class RefusedWork(Exception):
    """The work cannot be done; the message is the reason, in one sentence."""


class LimitedProcess:
    """A process that does one kind of work, started at first use.

    work: "module:function" of a function from bytes to bytes, which may raise RefusedWork.
    cpu_seconds: for one piece of work.
    """

    def __init__(self, work: str, cpu_seconds: float, memory_bytes: int = 2**30) -> None:
        self.work = work
        self.cpu_seconds = cpu_seconds
        self.memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = threading.Lock()
        atexit.register(self.stop)

    def do(self, data: bytes) -> bytes:
        """Return the work's result. Raises TooMuchWork, and RefusedWork as the work does."""
        with self._lock:
            process = self._running()
            try:
                assert process.stdin is not None and process.stdout is not None
                _send(process.stdin, b"w", data)
                answer = _receive(process.stdout)
            except OSError:
                answer = None
            if answer is None:
                self.stop()
                raise TooMuchWork(self.work)
        kind, content = answer
        if kind == _REFUSED:
            raise RefusedWork(content.decode())
        return content

    def start(self) -> None:
        """Start the process, which takes a moment in which this one can do something else."""
        with self._lock:
            self._running()

    def stop(self) -> None:
        """End the process, if this process has started it."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        """Return the process; a fork of this process gets one of its own."""
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            root = str(Path(__file__).resolve().parents[2])
            limits = (self.cpu_seconds, self.memory_bytes)
            path = [root, *(folder for folder in sys.path if folder)]
            program = _PROGRAM.format(path=path, module=__name__, work=self.work, limits=limits)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
            self._owner = os.getpid()
        return self._process


def serve(work: str, limits: tuple[float, int]) -> None:
    """Do pieces of work that come over stdin, until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner
    cpu_seconds, memory_bytes = limits
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the work prints must not stand between its results
    module, _, name = work.partition(":")
    function = getattr(importlib.import_module(module), name)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    while (request := _receive(requests)) is not None:
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # its signal ends the process
        try:
            kind, content = _DONE, function(request[1])
        except RefusedWork as error:
            kind, content = _REFUSED, str(error).encode("utf-8", "replace")
        except (MemoryError, RecursionError):
            return
        signal.setitimer(signal.ITIMER_PROF, 0)
        del request
        _send(answers, kind, content)


def _send(pipe: BinaryIO, kind: bytes, content: bytes) -> None:
    """Write one message. Raises OSError."""
    data = memoryview(_SIZE.pack(kind, len(content)) + content)
    while data:
        data = data[pipe.write(data) :]
    pipe.flush()


def _receive(pipe: BinaryIO) -> tuple[bytes, bytes] | None:
    """Return the next message's kind and content, or None when the pipe has ended."""
    head = _exactly(pipe, _SIZE.size)
    if head is None:
        return None
    kind, size = _SIZE.unpack(head)
    content = _exactly(pipe, size)
    return None if content is None else (kind, content)


def _exactly(pipe: BinaryIO, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = pipe.read(min(size - len(parts), 2**20))
        if not part:
            return None
        parts += part
    return bytes(parts)
