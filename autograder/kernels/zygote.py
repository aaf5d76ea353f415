"""The zygote: a process that imports the frameworks once and forks a ready kernel per notebook.

Protocol. The owner holds one end of a datagram socket pair; the zygote holds the other. To start
a kernel the owner sends one message that says whether it is for a kernel in walls, and carries a
stream socket (SCM_RIGHTS). On that stream:

    owner     one JSON line: {"connection_file", "cwd", "env", "world": {…} | null}
    zygote    {"started": true}, or {"failed": "why"}
    owner     {"signal": n}, any number of times
    zygote    {"ended": exit status, "reason": "why it was stopped" | null}

For each kernel there are two processes. The *watcher* is forked first; it reads the request,
forks the kernel, passes signals on, enforces the limits, and kills everything that the kernel has
started when the kernel ends, when a limit is exceeded, or when the owner's end of the stream
closes, for whatever reason. It runs none of the learner's code. The *kernel* is an ordinary
IPython kernel.

The zygote itself only imports. It must never run an operation of torch or TensorFlow: with a thread
pool started before the fork, every kernel would hang at its first operation.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import os
import select
import socket
import sys
import threading
from pathlib import Path

from IPython.core.ultratb import AutoFormattedTB

from autograder.kernels.kernel_request import IN_WALLS
from autograder.kernels.large_pages import use_large_pages
from autograder.kernels.premade_kernel import make_premade
from autograder.kernels.watcher import reap, run_and_exit, watch
from autograder.submissions.untrusted_files import remove_folder
from lepton_course.checks.kernel.quiet_imports import without_noise

ALWAYS = (
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "autograder.kernels.testing_kernel",
    "IPython.extensions.storemagic",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics.execution",
    "IPython.core.oinspect",
    "faulthandler",
    "matplotlib_inline.backend_inline",
    "numpy",
    "pygments.formatters.terminal256",
    "pygments.styles.default",
    "stack_data",
    "tornado.platform.asyncio",
)
"""Modules that every kernel needs, whatever its notebook imports, or for showing an exception."""

FEW_KERNELS = 5
"""So many are forked before the memory moves into large pages: fewer would not repay it."""


def main(socket_fd: int, folder: Path, preload: list[str]) -> None:
    """Import `preload` and serve requests until the owner's end of the socket closes.

    Then, once all its kernels have ended, remove `folder`.
    """
    try:
        serve(socket_fd, folder, preload)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
    finally:
        remove_folder(folder)


def serve(socket_fd: int, folder: Path, preload: list[str]) -> None:
    """Import `preload`, then fork a watcher for each request. folder: for files of its own."""
    gc.disable()  # imported modules stay, so there is nothing to collect
    with without_noise(folder):  # a kernel must find out itself where its temporary files go
        for name in (*ALWAYS, *preload):
            with contextlib.suppress(ImportError):  # the notebook that imports it will raise it
                importlib.import_module(name)
    _preload_backends()
    _preload_tracebacks()
    _ready_to_fork()
    kernels, premade = 0, False
    with socket.socket(fileno=socket_fd) as owner:
        while True:
            stream, in_walls = _receive_stream(owner)
            if stream is None:
                return
            reap()
            if in_walls and not premade:
                premade = True
                gc.disable()
                make_premade(folder)
                _ready_to_fork()
            if kernels == FEW_KERNELS:
                use_large_pages()
            kernels += 1
            pid = os.fork()
            if pid == 0:
                owner.close()
                run_and_exit(lambda stream=stream: watch(stream))
            stream.close()


def _ready_to_fork() -> None:
    """Share all objects there are with the processes to come. Raises RuntimeError on threads."""
    if threading.active_count() != 1:
        raise RuntimeError(f"imports left threads running: {threading.enumerate()}")
    gc.freeze()  # keeps pages shared: the collector will not touch existing objects
    gc.enable()


def _preload_backends() -> None:
    """List matplotlib's backends now: the first choice of one searches all installed packages."""
    registry = sys.modules.get("matplotlib.backends.registry")
    if registry is not None:
        registry.backend_registry.list_all()


def _preload_tracebacks() -> None:
    """Format an exception now: the first one finds all modules' files and loads a highlighter."""
    try:
        raise ValueError
    except ValueError:
        AutoFormattedTB(mode="Context").structured_traceback(*sys.exc_info())


def _receive_stream(owner: socket.socket) -> tuple[socket.socket | None, bool]:
    """Return the stream of the next request, and whether it is for a kernel in walls.

    There is no stream when the owner has gone.
    """
    while True:
        poller = select.poll()
        poller.register(owner, select.POLLIN)
        for _, event in poller.poll(1000):
            if not event & select.POLLIN:
                return None, False
            message, ancillary, *_ = owner.recvmsg(64, socket.CMSG_SPACE(4))
            if not message:
                return None, False
            for _, _, data in ancillary:
                fds = array.array("i")
                fds.frombytes(data[:4])
                return socket.socket(fileno=fds[0]), message == IN_WALLS
        reap()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
