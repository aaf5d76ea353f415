"""A process that reads learners' notebooks, with limits on its memory and its processor time.

What a learner wrote is parsed there, and never in the process that writes grades. What comes back
is a clean notebook of bounded size. A file that takes too long ends the process and is refused;
the next file gets a new one.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from autograder.submissions.notebook_cleaning import UnreadableNotebook, clean_notebook

CPU_SECONDS = 20
MEMORY_BYTES = 2**30
_SIZE = struct.Struct("!cQ")
_CLEAN, _REFUSED = b"c", b"r"
_TOO_MUCH = "the file takes too much time or memory to read: clear its outputs and its metadata"
_PROGRAM = "import sys; sys.path.insert(0, {root!r}); from {module} import serve; serve()"


class ReadingProcess:
    """Reads notebooks in a process of its own, started at first use."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def read(self, data: bytes) -> tuple[dict[str, Any], list[str]]:
        """Return what `clean_notebook` returns. Raises UnreadableNotebook."""
        with self._lock:
            process = self._running()
            try:
                assert process.stdin is not None and process.stdout is not None
                _send(process.stdin, b"n", data)
                answer = _receive(process.stdout)
            except OSError:
                answer = None
            if answer is None:
                self.stop()
                raise UnreadableNotebook(_TOO_MUCH)
        kind, content = answer
        if kind == _REFUSED:
            raise UnreadableNotebook(content.decode())
        notebook, notes = json.loads(content)
        return notebook, notes

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
            program = _PROGRAM.format(root=root, module=__name__)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
            self._owner = os.getpid()
        return self._process


shared_reader = ReadingProcess()
atexit.register(shared_reader.stop)


def serve() -> None:
    """Read notebooks from stdin and write clean ones to stdout, until stdin ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    while (request := _receive(requests)) is not None:
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process
        try:
            kind, content = _CLEAN, json.dumps(clean_notebook(request[1])).encode()
        except UnreadableNotebook as error:
            kind, content = _REFUSED, str(error).encode("utf-8", "replace")
        except (MemoryError, RecursionError):
            kind, content = _REFUSED, _TOO_MUCH.encode()
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
