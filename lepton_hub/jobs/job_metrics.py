"""Metrics that a job's program reports as lines of JSON in `metrics.jsonl`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lepton_hub.jobs.job_tables import ComputeJob, JobScalar

FILE = "metrics.jsonl"
MOST_POINTS, MOST_NAMES, LONGEST_LINE, LONGEST_NAME = 10_000, 50, 4096, 64


@dataclass(frozen=True)
class MetricPoint:
    """A metric's value. step: the program's own step count."""

    name: str
    step: int
    value: float


class MetricLines:
    """Parses lines as they arrive; lines that are not metrics are skipped."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines = 0
        self._points = 0
        self._names: set[str] = set()

    def read(self, data: bytes) -> list[MetricPoint]:
        """Return the points of the lines completed so far."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: LONGEST_LINE + 1]  # a line that is too long is skipped to its end
        return [point for line in lines for point in self._points_of(line)]

    def _points_of(self, line: bytes) -> Iterator[MetricPoint]:
        self._lines += 1
        told = _parsed(line)
        step = told.get("step", self._lines - 1)
        if not _is_step(step):
            return
        for name, value in told.items():
            known = name in self._names or len(self._names) < MOST_NAMES
            if name == "step" or not _is_name(name) or not _is_number(value) or not known:
                continue
            if self._points >= MOST_POINTS:
                return
            self._names.add(name)
            self._points += 1
            yield MetricPoint(name, step, float(value))


def write_metrics(session: Session, job: ComputeJob, points: Sequence[MetricPoint]) -> None:
    """Add points to a job, which must be locked."""
    for point in points:
        number = job.metric_points
        session.add(JobScalar(job_id=job.id, number=number, **vars(point)))
        job.metric_points += 1
    session.flush()


def forget_metrics(session: Session, job: ComputeJob) -> None:
    """Delete the metrics of earlier attempts."""
    session.execute(delete(JobScalar).where(JobScalar.job_id == job.id))
    job.metric_points = 0


def read_metrics(session: Session, job: ComputeJob) -> dict[str, list[tuple[int, float]]]:
    """Return steps and values by name."""
    found: dict[str, list[tuple[int, float]]] = {}
    query = select(JobScalar).where(JobScalar.job_id == job.id).order_by(JobScalar.number)
    for point in session.scalars(query):
        found.setdefault(point.name, []).append((point.step, point.value))
    return found


def _parsed(line: bytes) -> dict[str, object]:
    if len(line) > LONGEST_LINE:
        return {}
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_step(value: object) -> bool:
    return type(value) is int and abs(value) < 2**62


def _is_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300 and math.isfinite(value)  # type: ignore[arg-type,operator]
