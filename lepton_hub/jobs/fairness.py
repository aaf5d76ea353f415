"""Fair scheduling: the next job as a pure function of queue, running jobs and past usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class WaitingJob:
    """A queued job. share: the team or person whose turn it takes; account: whose quotas apply."""

    id: int
    share: str
    account: str
    priority: int = 0


@dataclass(frozen=True)
class PoolLoad:
    """Running jobs, and processor time used in the last 24 hours, in seconds.

    Missing keys mean zero.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    running: Mapping[str, int] = field(default_factory=dict)
    account_seconds: Mapping[str, float] = field(default_factory=dict)
    account_running: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Quota:
    """An organisation's quota: concurrent jobs, and seconds of processor time in 24 hours."""

    running: int
    seconds: float

    def has_room(self, load: PoolLoad, account: str) -> bool:
        """Return whether an organisation's quota has room for one more job."""
        return (
            load.account_running.get(account, 0) < self.running
            and load.account_seconds.get(account, 0.0) < self.seconds
        )


def next_job(waiting: Iterable[WaitingJob], load: PoolLoad, quota: Quota) -> WaitingJob | None:
    """Return the job to start next; None if none may start.

    The share with the least processor time goes first, ties broken by fewer running jobs; within a
    share, the job with the highest priority, then the one submitted first.
    """
    fitting = [job for job in waiting if quota.has_room(load, job.account)]
    by_share: dict[str, list[WaitingJob]] = {}
    for job in fitting:
        by_share.setdefault(job.share, []).append(job)
    first = [min(jobs, key=lambda job: (-job.priority, job.id)) for jobs in by_share.values()]

    def place(job: WaitingJob) -> tuple[float, int, int]:
        return load.seconds.get(job.share, 0.0), load.running.get(job.share, 0), job.id

    return min(first, key=place, default=None)
