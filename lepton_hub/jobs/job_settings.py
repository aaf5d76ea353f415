"""How the compute pool runs: workers, limits, quotas."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

GIB = 2**30


@dataclass(frozen=True)
class JobSettings:
    """How jobs run. Times in seconds, sizes in bytes.

    folder: where workers keep a job's files while it runs. workers: how many the hub starts; 0
        where they run elsewhere. walls: "auto" refuses jobs on a machine that cannot close them in;
        "none" runs them without walls.
    scheduler: the address of a Dask scheduler, on whose workers programs run; "" for this machine.
    running, processor_hours: an organisation's quotas: jobs that run at once, and processor-hours
        within a day. waiting: how many jobs of one person may wait.
    processors, memory, seconds: the most that a job may ask for; usual_*: what it gets unasked.
    files: bytes that a job may write. attempts: how many workers may die of a job before it is
        given up.
    lease: for how long a worker that is not heard of keeps its job. poll: how often a worker looks
        for one. back_off: how long a job waits after a worker died, longer each time.
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
