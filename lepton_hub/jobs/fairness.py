"""Which job goes next: a pure function of what waits, runs and was used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class WaitingJob:
    """A job that waits. share: whose turn it is; account: whose quotas count."""

    id: int
    share: str
    account: str
    priority: int = 0


@dataclass(frozen=True)
class PoolLoad:
    """What runs, and what was used in the last 24 hours, in seconds of processor time.

    Whoever is missing has none.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    running: Mapping[str, int] = field(default_factory=dict)
    account_seconds: Mapping[str, float] = field(default_factory=dict)
    account_running: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Quota:
    """What an organisation may have: jobs at once, and seconds of processor time in 24 hours."""

    running: int
    seconds: float

    def has_room(self, load: PoolLoad, account: str) -> bool:
        """Return whether one more job of an organisation may start."""
        return (
            load.account_running.get(account, 0) < self.running
            and load.account_seconds.get(account, 0.0) < self.seconds
        )


def next_job(waiting: Iterable[WaitingJob], load: PoolLoad, quota: Quota) -> WaitingJob | None:
    """Return the job that goes next; None where nothing may start.

    First comes the share that has used the least processor time, then the one of which less runs;
    within a share the job of the highest priority, then the one that was asked for first.
    """
    fitting = [job for job in waiting if quota.has_room(load, job.account)]
    by_share: dict[str, list[WaitingJob]] = {}
    for job in fitting:
        by_share.setdefault(job.share, []).append(job)
    first = [min(jobs, key=lambda job: (-job.priority, job.id)) for jobs in by_share.values()]

    def place(job: WaitingJob) -> tuple[float, int, int]:
        return load.seconds.get(job.share, 0.0), load.running.get(job.share, 0), job.id

    return min(first, key=place, default=None)
