"""Settings of the compute pool: workers, limits, quotas."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

GIB = 2**30


@dataclass(frozen=True)
class JobSettings:
    """Settings of the compute pool. Times are in seconds, sizes in bytes.

    folder: where workers keep a job's files while it runs. workers: the number the hub starts; 0 if
    they run elsewhere. walls: "auto" refuses jobs on a machine that cannot sandbox them; "none"
    runs them unsandboxed. scheduler: the address of a Dask scheduler, on whose workers programs
    run; "" for this machine. running, processor_hours: an organisation's quotas of concurrent jobs
    and processor-hours in 24 hours. waiting: the maximum number of queued jobs per person.
    processors, memory, seconds: a job's maximum limits; usual_*: the defaults. files: bytes that a
    job may write. attempts: the number of lost attempts after which a job is given up. lease: a
    lease's duration without renewal. poll: how often an idle worker looks for a job. back_off: how
    long a job waits after a lost attempt, longer each time.
    """

    folder: Path
    workers: int = 1
    walls: Literal["auto", "none"] = "auto"
    scheduler: str = ""
    running: int = 4
    processor_hours: int = 96
    waiting: int = 50
    processors: int = os.cpu_count() or 1
    memory: int = 8 * GIB
    seconds: int = 86_400
    usual_memory: int = 2 * GIB
    usual_seconds: int = 3600
    files: int = 2 * GIB
    attempts: int = 3
    lease: float = 30.0
    poll: float = 1.0
    back_off: float = 5.0
