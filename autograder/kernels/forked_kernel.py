"""The kernel's own process, from the fork to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from functools import partial
from typing import Any

from ipykernel.kernelapp import IPKernelApp

from autograder.kernels.kernel_request import Request
from autograder.kernels.premade_kernel import (
    ARGUMENTS,
    NO_EXTENSIONS,
    OPTIONS,
    PremadeKernelApp,
    forget_premade,
    show_figures,
)
from autograder.kernels.shell_commands import use_pipes_without_terminals
from autograder.kernels.testing_kernel import TestingKernel
from autograder.sandbox import linux, walls
from autograder.sandbox.control_group import ControlGroup

NICENESS = 10
"""Niceness of sandboxed kernels: their watchers and judges take precedence."""

PIPE_SECONDS = 5.0
"""For a thread of the kernel to open its event pipe."""


def run_kernel(request: Request, ready: int, group: ControlGroup | None) -> None:
    """Run the kernel in a freshly forked process until it ends. group: counts its memory."""
    if group:
        with contextlib.suppress(OSError):  # measured it is anyway
            group.enter()
    # A session of its own: a system that shares its cores between sessions then leaves the watcher,
    # which must stop the kernel, a fair share. On other systems niceness does so.
    os.setsid()
    if request.world:
        os.nice(NICENESS)
    linux.die_with_parent(signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request.env)
    os.environ.pop("JPY_PARENT_PID", None)  # meaningless in another process namespace
    _only_these_descriptors({0, 1, 2, ready})
    try:
        if request.world:
            walls.close_in(request.world)
        os.chdir(request.cwd)
        app = _listening(request)
        if request.world:
            walls.close_connections(request.world)
    except OSError as error:
        os.write(ready, str(error).encode())
        raise
    # Only now: a client that connects before the sockets exist retries after 0.1 s.
    os.write(ready, b"ready")
    os.close(ready)
    sys.path.insert(0, "")
    app.start()


def _listening(request: Request) -> Any:
    """Return a kernel that has opened its sockets; its working folder is not importable yet."""
    _limit_threads()
    sys.argv = list(ARGUMENTS)
    sys.path[:] = [path for path in sys.path if path]
    if request.world and PremadeKernelApp.initialized():
        app = PremadeKernelApp.instance()
        app.complete(request.connection_file)
    else:
        forget_premade()
        app = IPKernelApp.instance(kernel_class=TestingKernel)
        options = [*OPTIONS, *NO_EXTENSIONS] if request.world else OPTIONS
        app.initialize(["-f", request.connection_file, *options])
        show_figures(app.shell)
    use_pipes_without_terminals()
    _open_event_pipes(app)
    return app


def _open_event_pipes(app: Any) -> None:
    """Have the threads that send output open their event pipes, as they would at its first use.

    By then a cell may have left no descriptor, and the thread would end with its loop.
    """
    output = app.iopub_thread
    for thread in (output, app.control_thread):
        opened = threading.Event()
        thread.io_loop.add_callback(partial(output.schedule, opened.set))
        opened.wait(PIPE_SECONDS)


def _limit_threads() -> None:
    """Tell torch its number of threads again: it has already read the variable in the zygote."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    torch = sys.modules.get("torch")
    if torch is not None and threads.isdigit():
        torch.set_num_threads(int(threads))


def _only_these_descriptors(keep: set[int]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:
                continue
