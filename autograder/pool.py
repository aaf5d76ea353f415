"""A pool of worker processes. One that dies does not take the others' work along."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from typing import Any, TypeVar

Key = TypeVar("Key")
Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerDied(Exception):
    """The process that worked on a task ended; given back in place of a result."""


def default_workers(tasks: int) -> int:
    """One worker per CPU core, and no more than there are tasks."""
    return max(1, min(tasks, len(os.sched_getaffinity(0))))


def start_importing(module: str) -> None:
    """Has the process that workers are forked from import the module of their function.

    It takes a second, in which this process can do something else; see `map_unordered`.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload([module])
    forkserver.ensure_running()


def map_unordered(
    function: Callable[[Task], Result],
    tasks: Mapping[Key, Task],
    workers: int,
    set_up: Callable[..., None],
    *arguments: Any,
) -> Iterator[tuple[Key, Result | WorkerDied]]:
    """Yields `function(task)` for each task, by its key, as it comes.

    set_up: called with `arguments` in each worker first. When the caller stops early, is
    interrupted or killed, the workers are killed.
    """
    start_importing(function.__module__)  # once, for all workers
    context = multiprocessing.get_context("forkserver")
    left = dict(tasks)
    alone = False
    while left:
        # Where a worker has died, one task at a time, to find out whose fault it was.
        batch = dict([next(iter(left.items()))]) if alone else dict(left)
        with ProcessPoolExecutor(
            min(workers, len(batch)),
            context,
            _set_up_worker,
            (set_up, arguments),
        ) as pool:
            keys = {pool.submit(function, task): key for key, task in batch.items()}
            try:
                for future in as_completed(keys):
                    result = future.result()
                    left.pop(keys[future])
                    yield keys[future], result
            except BrokenProcessPool:
                if alone:
                    [key] = batch
                    left.pop(key)
                    yield key, WorkerDied("the process that graded it was killed")
                alone = not alone
            except BaseException:
                for process in multiprocessing.active_children():
                    process.kill()
                raise


def _set_up_worker(set_up: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner
    threading.Thread(target=_end_with_owner, daemon=True).start()
    set_up(*arguments)


def _end_with_owner() -> None:
    """An owner that is killed says nothing. The fork server stays as long as one worker does."""
    owner = multiprocessing.parent_process()
    assert owner is not None
    owner.join()
    os.kill(os.getpid(), signal.SIGKILL)
