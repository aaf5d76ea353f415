"""Render in a separate process, which is killed if a text takes too long."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from hashlib import sha256

from lepton_hub.rendering.notebook_reading import NotANotebook
from lepton_hub.rendering.safe_markdown import plain_html
from lepton_hub.rendering.text_differences import whole_difference

START_SECONDS = 30.0
_KEPT_CHARACTERS = 16_000_000
_SPARED_SECONDS, _MOST_FAILED = 600.0, 1000
_MOST_WAITING, _ROOM_SECONDS = 16, 0.5
"""The length of the queue, and the seconds to wait for a place in it: each text in it occupies one
of the hub's threads, so many slow texts could block the hub for everybody."""
_WORKER = "lepton_hub.rendering.rendering_worker"


class RenderingFailed(Exception):
    """A text took too long, or cannot be rendered."""


class BoundedRenderer:
    """Renders texts, one at a time. Those that take longer than `seconds` are shown as plain text.

    The latest results are cached, up to 16 million characters. Texts that took too long are not
    retried for ten minutes. If the queue is full, a text is shown as plain text.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self.seconds = seconds
        self._worker: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()  # for the process
        self._lock = threading.Lock()  # for the cache, held only briefly
        self._room = threading.BoundedSemaphore(_MOST_WAITING)
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._kept_size = 0
        self._failed: OrderedDict[str, float] = OrderedDict()

    def markdown(self, text: str, attachments: str = "") -> str:
        """Return Markdown as safe HTML (see `safe_markdown`)."""
        try:
            return self._result("markdown", text, attachments) or ""
        except RenderingFailed:
            return plain_html(text)

    def page(self, text: str, attachments: str = "") -> str:
        """Return Markdown as safe HTML for a page, with formulas as MathML (see `formulas`)."""
        try:
            return self._result("page", text, attachments) or ""
        except RenderingFailed:
            return plain_html(text)

    def notebook(self, content: str, for_page: bool = False) -> str:
        """Return a notebook as safe HTML. Raises NotANotebook, also for one that takes too long.

        for_page: with formulas as MathML, as `page` has them.
        """
        try:
            return self._result("notebook page" if for_page else "notebook", content) or ""
        except RenderingFailed as error:
            raise NotANotebook("it takes too long to render") from error

    def difference(self, before: str, after: str, names: tuple[str, str]) -> str:
        """Return a unified difference of two texts, or a coarse one if that takes too long."""
        try:
            return self._result("difference", before, after, *names) or ""
        except RenderingFailed:
            return whole_difference(before, after, names)

    def merge(self, base: str, one: str, other: str) -> str | None:
        """Merge two sides' changes; None if they overlap, or it takes too long."""
        try:
            return self._result("merge", base, one, other)
        except RenderingFailed:
            return None

    def close(self) -> None:
        """Kill the process; the next text starts a new one."""
        with self._turn:
            self._end()

    def _result(self, task: str, *arguments: str) -> str | None:
        request = json.dumps([task, arguments]).encode() + b"\n"
        key = sha256(request).hexdigest()
        known = self._known(key)
        if known is not None:
            return known
        if not self._room.acquire(timeout=_ROOM_SECONDS):
            raise RenderingFailed("too many texts are queued")
        try:
            with self._turn:
                known = self._known(key)  # another thread may have rendered it meanwhile
                if known is not None:
                    return known
                status, result = self._ask(key, request)
        finally:
            self._room.release()
        if status == "refused":
            raise NotANotebook(str(result))
        if status != "ok":
            raise RenderingFailed(str(result))
        if result is not None:
            self._keep(key, result)
        return result

    def _known(self, key: str) -> str | None:
        """Return a text's cached result. Raises RenderingFailed if it took too long recently."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            if self._failed.get(key, 0.0) > time.monotonic():
                raise RenderingFailed("it took too long recently")
        return None

    def _ask(self, key: str, request: bytes) -> tuple[str, str | None]:
        try:
            worker = self._running()
            line = _exchange(worker, request, time.monotonic() + self.seconds)
        except (OSError, TimeoutError) as error:
            self._end()
            with self._lock:
                self._failed[key] = time.monotonic() + _SPARED_SECONDS
                if len(self._failed) > _MOST_FAILED:
                    self._failed.popitem(last=False)
            raise RenderingFailed("it took too long") from error
        status, result = json.loads(line)
        return status, result

    def _running(self) -> subprocess.Popen[bytes]:
        if self._worker is None or self._worker.poll() is not None:
            self._end()
            self._worker = subprocess.Popen(
                [sys.executable, "-P", "-m", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # and no secrets
            )
            for pipe in (self._worker.stdin, self._worker.stdout):
                os.set_blocking(pipe.fileno(), False)
            ready = json.dumps(["markdown", ["", ""]]).encode() + b"\n"
            _exchange(self._worker, ready, time.monotonic() + START_SECONDS)
        return self._worker

    def _end(self) -> None:
        worker = self._worker
        self._worker = None
        if worker is not None:
            worker.kill()
            with suppress(OSError):
                worker.stdin.close()
            worker.stdout.close()
            worker.wait()

    def _keep(self, key: str, result: str) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = result
            self._kept_size += len(result)
            while self._kept_size > _KEPT_CHARACTERS:
                _, oldest = self._kept.popitem(last=False)
                self._kept_size -= len(oldest)


def _exchange(worker: subprocess.Popen[bytes], request: bytes, until: float) -> bytes:
    """Send a request and return the line that answers it. Raises TimeoutError, OSError."""
    source = worker.stdout.fileno()
    target = worker.stdin.fileno()
    left = memoryview(request)
    answer = bytearray()
    events = select.poll()
    events.register(source, select.POLLIN)
    events.register(target, select.POLLOUT)
    while not answer.endswith(b"\n"):
        ready = dict(events.poll(max(0.0, until - time.monotonic()) * 1000))
        if not ready:
            raise TimeoutError
        if target in ready:
            left = left[os.write(target, left) :]
            if not left:
                events.unregister(target)
        if source in ready:
            piece = os.read(source, 1 << 20)
            if not piece:
                raise BrokenPipeError
            answer += piece
    return bytes(answer)
