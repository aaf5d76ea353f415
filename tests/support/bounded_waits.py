"""Waits that end: what does not come in time fails a test, and never stops the whole suite."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

PATIENCE_SECONDS = 120.0
"""Long enough for the slowest machine."""


def until(is_so: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so; fail after so many seconds. what: for whoever reads that."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"After {seconds:g} s, still not so: {what}"
        time.sleep(0.02)


def join_all(threads: Iterable[threading.Thread], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for threads; fail where one goes on after so many seconds, all together."""
    end = time.monotonic() + seconds
    left = [one.name for one in threads if not _ends(one, end - time.monotonic())]
    assert not left, f"After {seconds:g} s, threads go on: {', '.join(left)}"


def wait_and_kill(process: subprocess.Popen, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a process; kill it with its group, if it leads one, where it takes longer."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    kill_with_group(process)
    process.wait(PATIENCE_SECONDS)


@contextmanager
def killed_after(process: subprocess.Popen, seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Kill a process that has not done in time what is waited for: who reads its pipe goes on."""
    timer = threading.Timer(seconds, kill_with_group, [process])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def kill_with_group(process: subprocess.Popen) -> None:
    """Kill a process, and all of its group where it leads one."""
    with suppress(ProcessLookupError):
        if process.poll() is None and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _ends(thread: threading.Thread, seconds: float) -> bool:
    thread.join(max(0.0, seconds))
    return not thread.is_alive()
