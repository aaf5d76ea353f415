"""Run `!command` in a kernel that has no terminal to run it in."""

from __future__ import annotations

import os
import subprocess
import sys


def use_pipes_without_terminals() -> None:
    """Have IPython run commands over pipes if no terminal can be opened.

    So it is where Landlock is the only wall: the terminals there are those of the whole machine.
    """
    try:
        for descriptor in os.openpty():
            os.close(descriptor)
    except OSError:
        from ipykernel import zmqshell

        zmqshell.system = run_command


def run_command(command: str) -> int:
    """Run a command in a shell, print what it prints, and return its exit status."""
    process = subprocess.Popen(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        for chunk in iter(lambda: process.stdout.read1(65536), b""):
            sys.stdout.write(chunk.decode(errors="replace"))
            sys.stdout.flush()
        return process.wait()
    except BaseException:
        process.kill()
        raise
