"""What Dask calls on a worker for each step of a job. Light, since both sides import it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from distributed import Worker

_threads = ThreadPoolExecutor(64, "jobs")
"""Threads of their own: a step may wait, and Dask's own threads may be busy with other work."""


async def on_worker(
    step: str, told: dict[str, Any], data: bytes, dask_worker: Worker
) -> tuple[dict[str, Any], bytes]:
    """Take one step of a job on this Dask worker, and return what is to be answered.

    Never raises: Dask would print what it was given, which may be a piece of somebody's data.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, _taken, step, told, data, dask_worker)


def _taken(
    step: str, told: dict[str, Any], data: bytes, worker: Worker
) -> tuple[dict[str, Any], bytes]:
    try:
        # Here, since it takes a second, in which Dask's own thread must go on.
        from lepton_hub.jobs.cluster.rooms_on_worker import take_step

        return take_step(step, told, data, worker)
    except ImportError as error:
        return {"problem": "mistake", "why": f"it lacks {error.name}"}, b""
    except Exception as error:
        return {"problem": "mistake", "why": type(error).__name__}, b""
