"""Run a function in several processes of this machine, through torch's elastic launcher: `run`.

Workers are forked from a process that has imported torch and run nothing (`multiprocessing`'s
fork server), so a run starts in a few tenths of a second. The first run starts that process, which
takes as long as importing torch; it ends with the process that called `run`.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import forkserver
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, Std
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from lepton_course.distributed.worker import Trouble, read_trouble, work

START_SECONDS = 60

IMPORTED_LATE = ("torch._dynamo", "torch.distributed.checkpoint.state_dict")
"""Modules that torch imports at an optimizer's first step, or a checkpoint's first save: half a
second in each worker, unless the process that they are forked from has them."""

LOOPBACK = "127.0.0.1"  # an address, because "localhost" needs a name service


class WorkerFailed(RuntimeError):
    """A worker raised an exception or died; the message holds its traceback."""


class WorkersTimedOut(TimeoutError):
    """The workers did not finish in time; the message says where each of them was."""


def run(
    function: Callable[..., Any],
    *args: Any,
    workers: int = 2,
    timeout: float = 120,
    restarts: int = 0,
    backend: bool = True,
) -> list[Any]:
    """Run function(*args) in several processes and return their results in the order of ranks.

        def greet():
            x = torch.tensor([1.0 + dist.get_rank()])
            dist.all_reduce(x)
            return x.item()

        distributed.run(greet, workers=2)  # [3.0, 3.0]

    function: may be defined in a notebook cell. The globals it uses are copied to the workers as
        they are now; changes to them stay in the worker. What it prints is shown with its rank.
        A process group is ready for it: gloo on the CPU, NCCL where each worker has its own GPU.
    args: given to the function in every worker.
    workers: number of processes, at least 1.
    timeout: seconds that the function may take; starting the workers does not count.
    restarts: how many times all workers are restarted after one failed; the environment variable
        TORCHELASTIC_RESTART_COUNT counts them.
    backend: False starts no process group, for use with another framework.

    The list holds one result per worker, rank 0 first. Each worker computes with one thread, unless
    it calls torch.set_num_threads. Interrupting the kernel ends all workers.
    Raises WorkerFailed with the traceback of the first worker that failed, WorkersTimedOut, and
    ValueError for fewer than one worker.
    """
    __tracebackhide__ = True  # in a notebook only the cell and the message matter
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    folder = Path(tempfile.mkdtemp(prefix="lepton-run-"))
    try:
        problem = _launch(folder, function, args, workers, timeout, restarts, backend)
        if problem is None:
            return [
                pickle.loads((folder / f"result-{rank}").read_bytes()) for rank in range(workers)
            ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    raise problem


def _launch(
    folder: Path,
    function: Callable[..., Any],
    args: Sequence[Any],
    workers: int,
    timeout: float,
    restarts: int,
    backend: bool,
) -> Exception | None:
    """Run the workers to their end; return the exception to raise, or None when all succeeded.

    Results are left in `folder`.
    """
    (folder / "task").write_bytes(cloudpickle.dumps((function, args)))
    _start_server()
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=workers,
        run_id=folder.name,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{LOOPBACK}:0",
        rdzv_configs={"timeout": START_SECONDS},
        local_addr=LOOPBACK,
        max_restarts=restarts,
        monitor_interval=0.05,
        start_method="forkserver",
        log_line_prefix_template="[rank ${rank}] ",
        logs_specs=DefaultLogsSpecs(str(folder), redirects=Std.ALL, tee=Std.ALL),
    )
    arguments = (str(folder), timeout, _environment(), backend)
    try:
        with _quiet(), _signals_kept(), _main_hidden():
            elastic_launch(config, work)(*arguments)
    except ChildFailedError as error:
        codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
        done = {rank for rank in range(workers) if (folder / f"result-{rank}").exists()}
        return _problem(read_trouble(folder), codes, done, workers, timeout)
    except SignalException as error:
        if error.sigval == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise SystemExit(128 + error.sigval) from None
    return None


def _start_server() -> None:
    """Start the process that workers are forked from, unless it is already running."""
    multiprocessing.set_forkserver_preload(["lepton_course.distributed.worker", *IMPORTED_LATE])
    quiet = {"OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR", "KINETO_LOG_LEVEL": "99"}
    before = {name: os.environ.get(name) for name in quiet}
    os.environ.update(quiet)
    try:
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_OF_THE_LAUNCHER = ("RANK", "WORLD_SIZE", "LOCAL_", "GROUP_", "ROLE_", "MASTER_", "TORCHELASTIC_")


def _environment() -> dict[str, str]:
    """Return this process's environment for the workers, with gloo on the loopback only."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    own = {k: v for k, v in os.environ.items() if not k.startswith(_OF_THE_LAUNCHER)}
    return {**own, "GLOO_SOCKET_IFNAME": loopback, "OMP_NUM_THREADS": "1"}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the launcher, which logs failures with a long traceback of its own."""
    talkative = ("torch.distributed.elastic", "torch.multiprocessing")
    names = [name for name in logging.root.manager.loggerDict if name.startswith(talkative)]
    loggers = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in loggers.items():
            logger.setLevel(level)


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Restore the signal handlers at the end: the launcher leaves its own in place."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Hide `__main__`, or each worker would first run the script or program that called `run`.

    The workers need nothing of it: what the function uses of `__main__` travels with it.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


# --- error messages ---


def _problem(
    troubles: list[Trouble],
    codes: dict[int, int],
    done: set[int],
    workers: int,
    timeout: float,
) -> Exception:
    """Return the exception to raise. codes: exit codes of the workers that ended first, by rank."""
    late = {trouble.rank: trouble for trouble in troubles if trouble.kind == "timed out"}
    if late:
        said = dict.fromkeys(done, "was done") | {r: _standing(t) for r, t in late.items()}
        places = "\n".join(f"rank {rank} {said[rank]}" for rank in sorted(said))
        return WorkersTimedOut(
            f"{workers} workers were not done after {timeout:g} s. Where they were:\n{places}"
        )
    spoke = {trouble.rank for trouble in troubles}
    silent = [rank for rank in codes if rank not in spoke]
    if silent:
        rank = silent[0]
        return WorkerFailed(f"rank {rank} of {workers} {_died(codes[rank])}")
    first = troubles[0]
    title = f"rank {first.rank} of {workers} failed: {first.text.splitlines()[0]}"
    return WorkerFailed(f"{title}\n\nOn rank {first.rank}:\n{_traceback(first)}{first.text}")


def _died(code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        more = " (perhaps because memory ran out)" if name == "SIGKILL" else ""
        return f"was killed by {name}{more}"
    return f"ended with exit code {code} before it was done"


def _standing(trouble: Trouble) -> str:
    """Say where a worker was: the last line of code that is not a library's."""
    libraries = (sys.prefix, sys.base_prefix)
    own = [frame for frame in trouble.frames if not frame[0].startswith(libraries)]
    file, number, name = (own or trouble.frames)[-1]
    line = traceback.FrameSummary(file, number, name).line
    return f"was in {name}, {_file(file)}, line {number}: {line}"


def _traceback(trouble: Trouble) -> str:
    """Format the frames with their source lines, which for cells only this process knows."""
    lines = []
    for file, number, name in trouble.frames:
        lines.append(f"  {_file(file)}, line {number}, in {name}\n")
        line = traceback.FrameSummary(file, number, name).line
        lines += [f"    {line}\n"] if line else []
    return "".join(lines)


def _file(name: str) -> str:
    """Return a file's name, or `Cell In[3]` for a cell of this notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    found = shell.compile.format_code_name(name) if shell else None
    return " ".join(found) if found else f"File {name}"
