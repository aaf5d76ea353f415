"""A pool of worker processes in which a dying process loses no other process's work."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import forkserver
from typing import Any, TypeVar

Key = TypeVar("Key")
Task = TypeVar("Task")
Result = TypeVar("Result")


TASKS_PER_WORKER = 2
"""Tasks fetched per worker before one comes back: one runs, one waits."""


class WorkerDied(Exception):
    """The process that worked on a task died; returned in place of a result."""


def default_workers(tasks: int) -> int:
    """Return one worker per CPU core, but no more than there are tasks."""
    return max(1, min(tasks, len(os.sched_getaffinity(0))))


def start_importing(module: str) -> None:
    """Have the fork server import the module of the workers' function.

    It takes a second, in which this process can do something else.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload([module])
    forkserver.ensure_running()


def map_unordered(
    function: Callable[[Task], Result],
    tasks: Iterable[tuple[Key, Task]],
    workers: int,
    set_up: Callable[..., None],
    *arguments: Any,
) -> Iterator[tuple[Key, Result | WorkerDied]]:
    """Yield `function(task)` for each task, with its key, as it arrives.

    tasks: fetched as workers need them; the caller makes one while others are worked on. set_up:
    called with `arguments` in each worker first. When the caller stops early, is interrupted or
    killed, the workers are killed.
    """
    start_importing(function.__module__)  # once, for all workers
    source = iter(tasks)
    left: dict[Key, Task] = {}
    while True:
        with contextlib.suppress(BrokenProcessPool), _pool(workers, set_up, arguments) as pool:
            yield from _results(pool, function, left, source, TASKS_PER_WORKER * workers)
            return
        # One task at a time, to find the one that kills its process.
        for key in list(left):
            suspect = {key: left.pop(key)}
            try:
                with _pool(1, set_up, arguments) as pool:
                    yield from _results(pool, function, suspect, iter(()), 1)
            except BrokenProcessPool:
                yield key, WorkerDied("the process that graded it was killed")
                break


@contextlib.contextmanager
def _pool(
    workers: int, set_up: Callable[..., None], arguments: tuple[Any, ...]
) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(workers, context, _set_up_worker, (set_up, arguments)) as pool:
        try:
            yield pool
        except BrokenProcessPool:
            raise
        except BaseException:  # else the pool would wait for running tasks
            for process in multiprocessing.active_children():
                process.kill()
            raise


def _results(
    pool: ProcessPoolExecutor,
    function: Callable[[Task], Result],
    left: dict[Key, Task],
    source: Iterator[tuple[Key, Task]],
    most: int,
) -> Iterator[tuple[Key, Result]]:
    """Run the tasks in `left` and those of the source; remove each from `left` when done.

    most: tasks fetched from the source before one comes back. Raises BrokenProcessPool.
    """
    running = {pool.submit(function, task): key for key, task in left.items()}
    while True:
        for key, task in islice(source, max(0, most - len(running))):
            left[key] = task
            running[pool.submit(function, task)] = key
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            key = running.pop(future)
            result = future.result()
            del left[key]
            yield key, result


def _set_up_worker(set_up: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner
    threading.Thread(target=_end_with_owner, daemon=True).start()
    set_up(*arguments)


def _end_with_owner() -> None:
    """Kill this worker when its owner ends: the fork server lives as long as any worker does."""
    owner = multiprocessing.parent_process()
    assert owner is not None
    owner.join()
    os.kill(os.getpid(), signal.SIGKILL)
