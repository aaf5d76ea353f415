"""The watcher: a process between a kernel's owner and one kernel; see the protocol in `zygote`.

It is forked from the zygote, starts the kernel, passes signals on, enforces the limits, and leaves
nothing behind. It runs none of the learner's code.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from autograder.kernels.forked_kernel import run_kernel
from autograder.kernels.kernel_request import Request, read_request
from autograder.sandbox import linux, walls
from autograder.sandbox.control_group import ControlGroup, make_group
from autograder.sandbox.resource_usage import UsageMeter, descendants, over_limit

WATCH_SECONDS = 0.1


def watch(stream: socket.socket) -> None:
    """Start one kernel, and watch it until nothing of it is left."""
    request = read_request(stream)
    if request is None:
        return
    os.setsid()
    world = request.world
    if world:
        world.home.mkdir(exist_ok=True)
    group = make_group(world.limits) if world else None
    try:
        _watch_in_group(stream, request, group)
    finally:
        if group:
            group.remove()


def _watch_in_group(stream: socket.socket, request: Request, group: ControlGroup | None) -> None:
    world = request.world
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
        run_and_exit(lambda: run_kernel(request, ready_write, group))
    os.close(ready_write)
    with os.fdopen(ready_read, "rb") as pipe:
        answer = pipe.read()  # blocks until the kernel listens or its process has ended
    if answer != b"ready":
        os.waitpid(kernel, 0)
        _send(stream, {"failed": answer.decode(errors="replace") or "the kernel did not start"})
        return
    _send(stream, {"started": True})
    status, reason = _follow(stream, kernel, world)
    reason = reason or (group.overrun() if group else None)
    _send(stream, {"ended": status, "reason": reason})


def _follow(
    stream: socket.socket, kernel: int, world: walls.World | None
) -> tuple[int, str | None]:
    """Pass signals on until the kernel ends; stop it at a limit or when its owner has gone.

    Return the kernel's exit status and the reason why it was stopped, or None.
    """
    began = time.monotonic()
    meter = UsageMeter(world) if world else None
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
        if meter and world and time.monotonic() >= next_measure:
            usage = meter.measure(time.monotonic() - began)
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
    """Kill the kernel with everything that it started; return the kernel's exit status.

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
        reap()
    return status if status is not None else -signal.SIGKILL


def _wait(pid: int, flags: int) -> int | None:
    found, status = os.waitpid(pid, flags)
    return os.waitstatus_to_exitcode(status) if found else None


def reap() -> None:
    """Collect the exit statuses of all children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def run_and_exit(action: Any) -> None:
    """Run `action` in a forked process, which ends here whatever happens."""
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


def _send(stream: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the owner may have gone
        stream.sendall(json.dumps(message).encode() + b"\n")
