"""Processor time and memory of a process with all those below it."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def process_tree(pid: int) -> list[int]:
    """Return a process and all below it that run."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(n) for task in tasks for n in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(below for child in children for below in process_tree(child))]


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process tree, with those of it that have ended, in s."""
    return sum(map(_own_ticks, process_tree(pid))) / TICKS


def memory_mib(pid: int) -> float:
    """Return the proportional set size of a process tree: what processes share is divided."""
    return sum(map(_own_kib, process_tree(pid))) / 1024


def _own_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, fields[11:15]))  # its own, and of children that it has waited for


def _own_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
