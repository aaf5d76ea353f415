"""Processor time of a family of processes, also of those that end and that nobody waits for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


class ProcessorTime:
    """Adds up what processes have used, measurement after measurement.

    The kernel adds a process's time to that of the parent that waits for it. Where no parent does,
    the last value that was seen counts. A process that starts and ends between two measurements is
    never seen; of such there are, on average, as many as of new ones that run at a measurement, and
    so these count as if they had run since the one before.
    """

    def __init__(self) -> None:
        self._before: dict[tuple[int, str], tuple[int, int]] = {}
        self._lost_ticks = 0
        self._unseen_seconds = 0.0
        self._wall_seconds = 0.0

    def measure(self, states: Mapping[int, Sequence[str]], wall_seconds: float) -> float:
        """Return the seconds used so far.

        states: by process number, the fields of `/proc/PID/stat` after the name. wall_seconds: the
        time of this measurement.
        """
        now = {}
        new_ones_running = 0
        for pid, fields in states.items():
            process = pid, fields[19]  # and when it started
            now[process] = (_sum(fields[11:13]), _sum(fields[13:15]))
            new_ones_running += process not in self._before and fields[0] == "R"
        gone = sum(map(sum, (self._before[process] for process in self._before.keys() - now)))
        stayed = self._before.keys() & now.keys()
        waited_for = sum(now[process][1] - self._before[process][1] for process in stayed)
        self._lost_ticks += max(0, gone - waited_for)
        if self._before:  # the first process of all is no child
            elapsed = wall_seconds - self._wall_seconds
            self._unseen_seconds += min(new_ones_running, CORES) * elapsed
        self._before, self._wall_seconds = now, wall_seconds
        return (sum(map(sum, now.values())) + self._lost_ticks) / TICKS + self._unseen_seconds


def _sum(fields: Sequence[str]) -> int:
    return sum(map(int, fields))
