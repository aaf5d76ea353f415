"""The zygote: a process that imports the frameworks once and forks a ready kernel per notebook.

Protocol. The owner holds one end of a datagram socket pair; the zygote holds the other. To start
a kernel the owner sends one message that carries a stream socket (SCM_RIGHTS). On that stream:

    owner     one JSON line: {"connection_file", "cwd", "env", "world": {…} | null}
    zygote    {"started": true}, or {"failed": "why"}
    owner     {"signal": n}, any number of times
    zygote    {"ended": exit status, "reason": "why it was stopped" | null}

For each kernel there are two processes. The *watcher* is forked first; it reads the request,
forks the kernel, passes signals on, watches the limits, and kills everything that the kernel has
started when the kernel ends, when a limit is passed, or when the owner's end of the stream
closes, however that came about. It runs none of the learner's code. The *kernel* is an ordinary
IPython kernel.

The zygote itself only imports. It must never run an operation of torch or TensorFlow: one thread
pool started before the fork, and every kernel would hang at its first operation.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.ultratb import AutoFormattedTB

from autograder.files import remove_folder
from autograder.sandbox import linux, walls
from autograder.sandbox.watch import descendants, measure, over_limit

ALWAYS = (
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "autograder.kernels.testing",
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
    "stack_data",
    "tornado.platform.asyncio",
)
"""What every kernel needs, whatever its notebook imports, and what shows an exception."""

WATCH_SECONDS = 0.1

NICENESS = 10
"""Of closed-in kernels: their watchers, and those who judge them, go first."""


def main(socket_fd: int, folder: Path, preload: list[str]) -> None:
    """Imports `preload` and serves requests until the owner's end of the socket closes.

    At the end, when all its kernels have ended, it removes `folder`.
    """
    try:
        serve(socket_fd, preload)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
    finally:
        remove_folder(folder)


def serve(socket_fd: int, preload: list[str]) -> None:
    """Imports `preload`, then forks a watcher for each request."""
    sys.modules.pop("rfc3987_syntax", None)  # see autograder/__init__.py; learners may have it
    gc.disable()  # what is imported stays: there is nothing to collect
    for name in (*ALWAYS, *preload):
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # a notebook that imports it will say so itself
    _know_backends()
    _know_sources()
    if threading.active_count() != 1:
        raise RuntimeError(f"imports left threads running: {threading.enumerate()}")
    gc.freeze()  # keeps pages shared: the collector will not touch what is here now
    gc.enable()
    with socket.socket(fileno=socket_fd) as owner:
        while True:
            stream = _receive_stream(owner)
            if stream is None:
                return
            _reap()
            pid = os.fork()
            if pid == 0:
                owner.close()
                _run_and_exit(lambda stream=stream: watch(stream))
            stream.close()


def _know_backends() -> None:
    """Matplotlib looks through all installed packages when it first chooses a backend."""
    registry = sys.modules.get("matplotlib.backends.registry")
    if registry is not None:
        registry.backend_registry.list_all()


def _know_sources() -> None:
    """Who first shows an exception finds every module's file, and how to colour Python."""
    try:
        raise ValueError
    except ValueError:
        AutoFormattedTB(mode="Context").structured_traceback(*sys.exc_info())


def _receive_stream(owner: socket.socket) -> socket.socket | None:
    """The stream of the next request; None when the owner has gone."""
    while True:
        poller = select.poll()
        poller.register(owner, select.POLLIN)
        for _, event in poller.poll(1000):
            if not event & select.POLLIN:
                return None
            message, ancillary, *_ = owner.recvmsg(64, socket.CMSG_SPACE(4))
            if not message:
                return None
            for _, _, data in ancillary:
                fds = array.array("i")
                fds.frombytes(data[:4])
                return socket.socket(fileno=fds[0])
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _run_and_exit(action: Any) -> None:
    """Runs `action` in a forked process, which ends here whatever happens."""
    code = 1
    try:
        action()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@dataclass(frozen=True)
class Request:
    """What the owner asks for."""

    connection_file: str
    cwd: str
    env: dict[str, str]
    world: walls.World | None


def read_request(stream: socket.socket) -> Request | None:
    """The request on a stream; None when the owner has gone."""
    line = b""
    while not line.endswith(b"\n"):
        data = stream.recv(65536)
        if not data:
            return None
        line += data
    fields = json.loads(line)
    world = fields.pop("world")
    if world is not None:
        world = walls.World(
            Path(world["scratch"]),
            tuple(Path(path) for path in world["readable"]),
            walls.Limits(**world["limits"]),
            walls.Walls(**world["walls"]),
        )
    return Request(world=world, **fields)


def watch(stream: socket.socket) -> None:
    """The watcher: starts one kernel and stays until nothing of it is left."""
    request = read_request(stream)
    if request is None:
        return
    os.setsid()
    world = request.world
    if world:
        world.home.mkdir(exist_ok=True)
    ready_read, ready_write = os.pipe()
    try:
        if world and world.walls.namespaces:
            walls.enter_namespaces()
        else:
            linux.become_subreaper()
    except OSError as error:
        _send(stream, {"failed": str(error)})
        return
    kernel = os.fork()
    if kernel == 0:
        stream.close()
        os.close(ready_read)
        _run_and_exit(lambda: run_kernel(request, ready_write))
    os.close(ready_write)
    with os.fdopen(ready_read, "rb") as pipe:
        answer = pipe.read()  # until the kernel listens, or its process has ended
    if answer != b"ready":
        os.waitpid(kernel, 0)
        _send(stream, {"failed": answer.decode(errors="replace") or "the kernel did not start"})
        return
    _send(stream, {"started": True})
    status, reason = _follow(stream, kernel, world)
    _send(stream, {"ended": status, "reason": reason})


def _follow(
    stream: socket.socket, kernel: int, world: walls.World | None
) -> tuple[int, str | None]:
    """Until the kernel ends: passes signals on, and stops it at a limit or when unwanted."""
    began = time.monotonic()
    reason = None
    incoming = b""
    pidfd = os.pidfd_open(kernel)
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    poller.register(pidfd, select.POLLIN)
    next_measure = 0.0
    while True:
        events = dict(poller.poll(WATCH_SECONDS * 1000))
        if pidfd in events:
            break
        if stream.fileno() in events:
            data = stream.recv(65536)
            if not data:
                break
            incoming += data
            *lines, incoming = incoming.split(b"\n")
            for line in lines:
                _signal_kernel(kernel, int(json.loads(line)["signal"]))
        if world and time.monotonic() >= next_measure:
            usage = measure(kernel, world, time.monotonic() - began)
            reason = over_limit(usage, world.limits)
            if reason:
                break
            next_measure = time.monotonic() + WATCH_SECONDS
    status = _kill_all(kernel, bool(world and world.walls.namespaces))
    os.close(pidfd)
    return status, reason


def _signal_kernel(kernel: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(kernel, number)


def _kill_all(kernel: int, in_namespace: bool) -> int:
    """Kills the kernel with all that it started; returns the kernel's exit status.

    In a process namespace the death of its first process is the death of all. Without one, this
    process adopts what the kernel leaves behind and kills it.
    """
    status = _wait(kernel, os.WNOHANG)
    if status is None:
        os.kill(kernel, signal.SIGKILL)
        status = _wait(kernel, 0)
    while not in_namespace and (left := descendants(os.getpid())):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()
    return status if status is not None else -signal.SIGKILL


def _wait(pid: int, flags: int) -> int | None:
    found, status = os.waitpid(pid, flags)
    return os.waitstatus_to_exitcode(status) if found else None


def run_kernel(request: Request, ready: int) -> None:
    """The kernel's process, from the fork to its end."""
    # A session of its own: where the system shares its cores between sessions, a kernel with many
    # busy processes leaves the watcher, who must stop it, a fair share. Elsewhere niceness does.
    os.setsid()
    if request.world:
        os.nice(NICENESS)
    linux.die_with_parent(signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request.env)
    os.environ.pop("JPY_PARENT_PID", None)  # means nothing in another process namespace
    _only_these_descriptors({0, 1, 2, ready})
    try:
        if request.world:
            walls.close_in(request.world)
        os.chdir(request.cwd)
        app = _listening(request)
    except OSError as error:
        os.write(ready, str(error).encode())
        raise
    # Only now: who connects before the sockets are there tries again 0.1 s later.
    os.write(ready, b"ready")
    os.close(ready)
    sys.path.insert(0, "")
    app.start()


def _listening(request: Request) -> Any:
    """A kernel that has opened its sockets. Files in its working folder are not imported yet."""
    from ipykernel.kernelapp import IPKernelApp

    from autograder.kernels.testing import TestingKernel

    _limit_threads()
    sys.argv = ["ipykernel_launcher"]
    sys.path[:] = [path for path in sys.path if path]
    app = IPKernelApp.instance(kernel_class=TestingKernel)
    options = ["--HistoryManager.enabled=False", "--InteractiveShellApp.ignore_cwd=True"]
    app.initialize(["-f", request.connection_file, *options])
    _show_figures(app.shell)
    return app


def _show_figures(shell: Any) -> None:
    """What importing matplotlib does in a kernel; in the zygote there was none yet."""
    inline = "matplotlib_inline" in os.environ.get("MPLBACKEND", "")
    if inline and "matplotlib.pyplot" in sys.modules:
        shell.enable_matplotlib("inline")


def _limit_threads() -> None:
    """Torch has looked at this variable in the zygote already, and must be told again."""
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


def _send(stream: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the owner may have gone; nobody is left to be told
        stream.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
