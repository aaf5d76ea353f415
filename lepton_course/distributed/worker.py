"""Do a worker's share of a `run`, in each of the processes that it starts.

This module is imported once, in a process that does nothing else, and each worker is forked from
there. So it imports what workers will need, and must not run a torch operation.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import cloudpickle
import torch
import torch.distributed as dist
import torch.distributed.fsdp  # slow to import, and many functions need it
import torch.nn.parallel

from lepton_course.devices import wanted_device

GRACE_SECONDS = 0.3
"""Seconds that a worker stays after an error. The cause may be another one that died silently: the
launcher names the first that ends, and then ends the others."""


@dataclass(frozen=True)
class Trouble:
    """An early end of a worker.

    when: time.time(). kind: "raised" or "timed out". text: the exception in words.
    frames: its traceback as (file, line number, function), outermost first; after a timeout, the
        stack at that moment.
    """

    rank: int
    when: float
    kind: str
    text: str
    frames: tuple[tuple[str, int, str], ...]


@contextlib.contextmanager
def process_group() -> Iterator[None]:
    """Join the process group that torchrun, or `run`, describes in the environment; leave it after.

        with process_group():
            dist.all_reduce(x)

    The backend is NCCL where each process of this machine has its own GPU, and gloo otherwise.
    """
    gpu = device() if _has_own_gpu() else None
    if gpu:
        torch.cuda.set_device(gpu)
    store, rank, size = next(dist.rendezvous("env://"))
    # The launcher keeps its store when it restarts workers. Without a prefix of its own, an attempt
    # could find the addresses of the previous one.
    store = dist.PrefixStore(f"attempt-{_number('TORCHELASTIC_RESTART_COUNT', 0)}", store)
    dist.init_process_group(
        "nccl" if gpu else "gloo", store=store, rank=rank, world_size=size, device_id=gpu
    )
    yield
    # A worker that leaves early would cut the others off. After an error this is skipped, because
    # it might wait forever.
    dist.barrier()
    dist.destroy_process_group()


def device() -> torch.device:
    """Return this process's own device: its GPU where each process has one, else the CPU."""
    if _has_own_gpu():
        return torch.device("cuda", _number("LOCAL_RANK", 0))
    return torch.device("cpu")


def _has_own_gpu() -> bool:
    wanted = wanted_device() or "cuda"
    if not wanted.startswith("cuda") or not torch.cuda.is_available():
        return False
    return torch.cuda.device_count() >= _number("LOCAL_WORLD_SIZE", 1)


def _number(variable: str, otherwise: int) -> int:
    return int(os.environ.get(variable, otherwise))


def work(folder: str, timeout: float, environment: dict[str, str], backend: bool) -> None:
    """Run the task in a worker; the launcher calls this.

    Runs the pickled (function, arguments) in `folder` and writes there a result or a `Trouble`.
    timeout: seconds after which the worker ends itself.
    environment: of the process that called `run`.
    backend: whether to join the process group first.
    """
    os.environ.update(environment)
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    for number in (signal.SIGINT, signal.SIGTERM):  # end at once, also in the middle of a receive
        signal.signal(number, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    place = Path(folder)
    for name in ("trouble", "result"):  # left by the previous attempt
        (place / f"{name}-{rank}").unlink(missing_ok=True)
    threading.Thread(target=_end_with_caller, daemon=True).start()
    timer = threading.Timer(timeout, _time_out, (place, rank))
    timer.daemon = True
    try:
        function, args = pickle.loads((place / "task").read_bytes())
        with process_group() if backend else contextlib.nullcontext():
            timer.start()
            _write(place / f"result-{rank}", _packed(function(*args)))
            timer.cancel()
    except BaseException as error:
        _end(place, _raised(rank, error), GRACE_SECONDS)


def _packed(result: Any) -> bytes:
    try:
        return cloudpickle.dumps(result)
    except Exception as error:
        raise TypeError(
            f"the result cannot be sent back to the notebook: {error}. Return numbers, tensors, "
            "or tuples, lists and dicts of them."
        ) from None


def _end_with_caller() -> None:
    """End this process when the one that called `run` is gone."""
    caller = multiprocessing.parent_process()
    assert caller is not None
    wait([caller.sentinel])
    os._exit(1)


def _time_out(folder: Path, rank: int) -> None:
    """End this process, reporting where its main thread was."""
    stack = sys._current_frames().get(threading.main_thread().ident)
    where = traceback.extract_stack(stack)
    _end(folder, Trouble(rank, time.time(), "timed out", "", _own(where)), 3 * GRACE_SECONDS)


def _raised(rank: int, error: BaseException) -> Trouble:
    text = "".join(traceback.format_exception_only(error)).strip()
    frames = _own(traceback.extract_tb(error.__traceback__))
    return Trouble(rank, time.time(), "raised", text, frames)


def _own(frames: traceback.StackSummary) -> tuple[tuple[str, int, str], ...]:
    """Return the frames below this module's last one."""
    last = max((i for i, frame in enumerate(frames) if frame.filename == __file__), default=-1)
    return tuple((f.filename, f.lineno or 0, f.name) for f in list(frames)[last + 1 :])


def _end(folder: Path, trouble: Trouble, grace: float = 0.0) -> None:
    """Report the trouble and end this process, skipping clean-up that might wait for others."""
    _write(folder / f"trouble-{trouble.rank}", pickle.dumps(trouble))
    sys.stdout.flush()
    sys.stderr.flush()
    time.sleep(grace)
    os._exit(1)


def _write(path: Path, content: bytes) -> None:
    """Write all of it or nothing, as the launcher may look at any moment."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    beside.write_bytes(content)
    beside.replace(path)


def read_trouble(folder: Path) -> list[Trouble]:
    """Return what workers reported before they ended, in order of time."""
    found = [pickle.loads(path.read_bytes()) for path in folder.glob("trouble-*[0-9]")]
    return sorted(found, key=lambda trouble: trouble.when)
