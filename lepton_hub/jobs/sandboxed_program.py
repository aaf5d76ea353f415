"""Run one program in the course's sandbox, and watch it: a process between a worker and a job.

`python -m lepton_hub.jobs.sandboxed_program STATUS` reads a request from standard input, one line
of JSON, and runs the program, whose output is this process's own standard output. On the descriptor
STATUS it writes lines of JSON: {"used": [seconds, bytes]} now and then, and at the end {"ended":
exit status, "reason": the limit that was exceeded or null, "used": …} or {"failed": why}. When
standard input closes, for whatever reason, the program ends with everything that it started.

This file and `cluster/dask_courier` are the only ones of the hub that import the grader's package,
and only its sandbox. A job's program is as hostile as a submission; walls that are built twice
would be wrong twice. It imports nothing else from the hub, so that it starts fast and has no secret
in memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

from autograder.sandbox import linux
from autograder.sandbox.control_group import ControlGroup, make_group
from autograder.sandbox.limits import ResourceLimits
from autograder.sandbox.resource_usage import UsageMeter, descendants, over_limit
from autograder.sandbox.walls import (
    Walls,
    World,
    close_in,
    enter_namespaces,
    environment_inside,
    survey,
)

WATCH_SECONDS = 0.1
TELL_SECONDS = 0.5
NICENESS = 10
SPARE_BYTES = 16 * 2**20
"""A control group's slack beyond the limit, so that a program hits its process limit first and gets
a MemoryError instead of being killed."""


def main(arguments: list[str]) -> None:
    """Run a program, or with `survey` report the available walls."""
    if arguments == ["survey"]:
        found = survey()
        print(json.dumps({"walls": asdict(found.walls), "problems": found.problems}))
        return
    status = int(arguments[0])
    os.set_inheritable(status, False)
    request = json.loads(_first_line(0))
    world = World(
        Path(request["scratch"]),
        tuple(Path(path) for path in request["readable"]),
        ResourceLimits(**request["limits"]),
        Walls(**request["walls"]),
    )
    world.home.mkdir(exist_ok=True)
    # The kernel counts files in memory, too, and reclaims the page cache of files on disk.
    group = make_group(replace(world.limits, scratch_bytes=SPARE_BYTES))
    try:
        _tell(status, _watched(request, world, group, status))
    finally:
        if group:
            group.remove()


def _watched(
    request: dict[str, Any], world: World, group: ControlGroup | None, status: int
) -> dict[str, Any]:
    """Run the program to its end; return the final report."""
    problem_read, problem_write = os.pipe()
    try:
        if world.walls.namespaces:
            enter_namespaces()
        else:
            linux.become_subreaper()
    except OSError as error:
        return {"failed": str(error)}
    program = os.fork()
    if program == 0:
        _become(request, world, group, problem_write)
    os.close(problem_write)
    with os.fdopen(problem_read, errors="replace") as pipe:
        problem = pipe.read()  # empty as soon as the program runs
    if problem:
        os.waitpid(program, 0)
        return {"failed": problem[:500]}
    code, reason, used = _follow(program, world, status)
    reason = reason or (group.overrun() if group else None)
    return {"ended": code, "reason": reason, "used": used}


def _become(
    request: dict[str, Any], world: World, group: ControlGroup | None, problem: int
) -> NoReturn:
    """Turn this forked process into the program, inside the sandbox."""
    try:
        if group:
            with contextlib.suppress(OSError):  # its memory is measured anyway
                group.enter()
        os.setsid()
        os.nice(NICENESS)
        linux.die_with_parent(signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        _only_output_and(problem)
        _on_few_processors(request["processors"])
        environment = environment_inside(os.environ, world) | request["environment"]
        close_in(world)
        os.chdir(request["folder"])
        os.execve(request["command"][0], request["command"], environment)
    except BaseException as error:
        os.write(problem, (str(error) or type(error).__name__).encode()[:500])
    finally:
        os._exit(1)


def _follow(program: int, world: World, status: int) -> tuple[int, str | None, list[float]]:
    """Wait for the program to end; kill it at a limit, or when the worker is gone."""
    began = told = time.monotonic()
    meter = UsageMeter(world)
    in_memory = _open_memory_folders(program, world)
    spent, peak = 0.0, 0
    reason = None
    ended = os.pidfd_open(program)
    poller = select.poll()
    poller.register(0, select.POLLIN)
    poller.register(ended, select.POLLIN)
    while True:
        events = dict(poller.poll(WATCH_SECONDS * 1000))
        usage = meter.measure(time.monotonic() - began)
        memory = usage.memory_bytes + sum(map(_used_bytes, in_memory))
        if memory > world.limits.memory_bytes:  # mapped files were counted twice
            memory = max(usage.memory_bytes, memory - _mapped_bytes())
        usage = replace(usage, memory_bytes=memory)
        spent = max(spent, usage.cpu_seconds)  # not measured where there are too many processes
        peak = max(peak, memory)
        if ended in events:
            break
        if 0 in events and not os.read(0, 4096):
            break
        reason = over_limit(usage, world.limits)
        if reason:
            break
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            _tell(status, {"used": [spent, peak]})
    code, seconds = _kill_all(program, world.walls.namespaces)
    for descriptor in (ended, *in_memory):
        os.close(descriptor)
    return code, reason, [max(spent, seconds), peak]


def _open_memory_folders(program: int, world: World) -> list[int]:
    """Open the folders whose files are in memory, which per-process figures do not include.

    They are private to the program; held open, they can be measured whatever it does.
    """
    found: list[int] = []
    for name in ("tmp", "dev/shm") if world.walls.namespaces else ():
        with contextlib.suppress(OSError):  # it has ended
            found.append(os.open(f"/proc/{program}/root/{name}", os.O_PATH))
    return found


def _used_bytes(folder: int) -> int:
    """Return the bytes used in a folder's file system."""
    found = os.fstatvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def _mapped_bytes() -> int:
    """Return the total bytes of in-memory files that processes have mapped."""
    found = 0
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("RssShmem:"):
                    found += int(line.split()[1]) * 1024
    return found


def _kill_all(program: int, in_namespace: bool) -> tuple[int, float]:
    """Kill the program and its descendants; return its exit status and processor time.

    In a PID namespace, killing the first process kills all. Without one, this process is the
    subreaper of what the program leaves behind.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(program, signal.SIGKILL)
    _, state, used = os.wait4(program, 0)
    while not in_namespace and (left := descendants(os.getpid())):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    return os.waitstatus_to_exitcode(state), used.ru_utime + used.ru_stime


def _only_output_and(keep: int) -> None:
    """Close all open files but standard output and error, and `keep`, which closes at `exec`."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(1, 2)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in (0, 1, 2, keep):
            with contextlib.suppress(OSError):
                os.close(int(name))
    os.set_inheritable(keep, False)


def _on_few_processors(count: int) -> None:
    """Set the CPU affinity to a number of processors, chosen by this process's id."""
    usable = sorted(os.sched_getaffinity(0))
    first = os.getpid() % len(usable)
    chosen = (usable[first:] + usable[:first])[:count]
    os.sched_setaffinity(0, chosen)


def _first_line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(descriptor, 65536)
        if not data:
            sys.exit("no request came")
        line += data
    return line


def _tell(status: int, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the worker may be gone
        os.write(status, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
