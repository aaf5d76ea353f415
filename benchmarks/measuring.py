"""Run commands side by side and measure them together with every process they start."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from watching import looking

from autograder.sandbox.linux import become_subreaper


@dataclass(frozen=True)
class Command:
    """A command line and the folder to run it in."""

    words: Sequence[str]
    folder: Path


@dataclass(frozen=True)
class Usage:
    """Wall-clock seconds, processor seconds and peak memory in bytes.

    Memory that processes share is counted once (proportional set size); 0 when not watched.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run_side_by_side(commands: Sequence[Command], watch_memory: bool = False) -> Usage:
    """Run all commands at once and wait for them. Raises RuntimeError when one fails."""
    become_subreaper()  # orphans come to this process, so that their time is counted
    before = _cpu_seconds()
    with _watching() if watch_memory else contextlib.nullcontext([0]) as seen:
        began = time.perf_counter()
        started = [
            subprocess.Popen(
                command.words,
                cwd=command.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for command in commands
        ]
        errors = [process.communicate()[1] for process in started]
        seconds = time.perf_counter() - began
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    for process, error in zip(started, errors, strict=True):
        if process.returncode:
            raise RuntimeError(f"{process.args} ended with {process.returncode}: {error[-2000:]}")
    return Usage(seconds, _cpu_seconds() - before, max(seen))


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def _watching() -> Iterator[list[int]]:
    """Sample the memory of all descendants again and again."""
    seen = [0]

    def look() -> None:
        seen.append(sum(map(_own_bytes, psutil.Process().children(recursive=True))))

    with looking(look):
        yield seen


def _own_bytes(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0
