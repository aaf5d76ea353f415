"""The function that Dask calls on a worker for each step of a job. Both sides import this."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from distributed import Worker

_threads = ThreadPoolExecutor(64, "jobs")
"""A separate thread pool: a step may block, and Dask's own threads may be busy."""


async def on_worker(
    step: str, told: dict[str, Any], data: bytes, dask_worker: Worker
) -> tuple[dict[str, Any], bytes]:
    """Take one step of a job on this Dask worker, and return the answer.

    Never raises: Dask would log the arguments, which may contain somebody's data.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, _taken, step, told, data, dask_worker)


def _taken(
    step: str, told: dict[str, Any], data: bytes, worker: Worker
) -> tuple[dict[str, Any], bytes]:
    try:
        # Imported here: it takes a second, in which Dask's event loop must not block.
        from lepton_hub.jobs.cluster.rooms_on_worker import take_step

        return take_step(step, told, data, worker)
    except ImportError as error:
        return {"problem": "mistake", "why": f"it lacks {error.name}"}, b""
    except Exception as error:
        return {"problem": "mistake", "why": type(error).__name__}, b""
