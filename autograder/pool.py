"""Runs many jobs, some at a time. One that fails does not stop the rest.

A thread only watches its kernel, which is a process of its own; the learner's work happens there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed, wait

from autograder.execution import CannotRun, Job, Run, kill_running_kernels, run

Outcome = Run | CannotRun


def default_workers(jobs: int) -> int:
    """One worker per CPU core, and no more than there are jobs."""
    return max(1, min(jobs, len(os.sched_getaffinity(0))))


def run_all(jobs: Mapping[str, Job], workers: int) -> Iterator[tuple[str, Outcome]]:
    """Yields each job's outcome, by its key, as it comes.

    When the caller stops early, or is interrupted, the kernels that still run are killed.
    """
    with ThreadPoolExecutor(workers) as pool:
        keys = {pool.submit(_run_patiently, job): key for key, job in jobs.items()}
        try:
            for future in as_completed(keys):
                yield keys[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while wait(keys, timeout=0.2).not_done:  # one may just be starting
                kill_running_kernels()
            raise


def _run_patiently(job: Job) -> Outcome:
    """Runs a job; one that fails for no fault of the submission gets a second chance."""
    for _ in range(2):
        try:
            return run(job)
        except CannotRun as error:
            outcome = error
        except Exception as error:
            outcome = CannotRun(f"running it failed: {type(error).__name__}: {error}")
    return outcome
