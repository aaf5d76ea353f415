"""Dask's own programs, and certificates for them as docs/cluster.md makes them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from conftest import CLONE

TLS = "DASK_DISTRIBUTED__COMM__TLS__"
"""How the variables of Dask begin that name certificates."""


def make_keys(folder: Path) -> Path:
    """Make a certificate authority and one certificate of it."""
    folder.mkdir()
    for line in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=class",
        "req -newkey rsa:2048 -nodes -keyout me.key -out me.csr -subj /CN=grader",
        "x509 -req -in me.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out me.pem -days 30",
    ):
        command = ["openssl", *line.split()]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    with (folder / "me.key").open("a") as file:
        file.write("CANARY-key\n")
    return folder


def start(
    stack: contextlib.ExitStack, folder: Path, keys: Path, program: str, *options: str
) -> subprocess.Popen[bytes]:
    """Start one of Dask's programs with these keys, until the end of the test."""
    tls = ["--tls-ca-file", "ca.pem", "--tls-cert", "me.pem", "--tls-key", "me.key"]
    environment = {**os.environ, "PYTHONPATH": str(CLONE), "TMPDIR": str(folder)}
    running = subprocess.Popen(
        [sys.executable, "-m", "dask", program, *options, *tls],
        cwd=keys,
        env=environment,
        stderr=(folder / f"{keys.name}-{program}.log").open("ab"),
        start_new_session=True,
    )

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait(60)

    stack.callback(end)
    return running


def start_scheduler(stack: contextlib.ExitStack, folder: Path, keys: Path) -> str:
    """Start a scheduler that speaks TLS; return its address."""
    file = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--protocol", "tls"]
    options += ["--scheduler-file", str(file)]
    start(stack, folder, keys, "scheduler", "--no-dashboard", *options)
    assert eventually(file.is_file)
    return str(json.loads(file.read_text())["address"])


def eventually(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Wait until something is so; return whether it is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(found)


@contextlib.contextmanager
def certificates_in_environment(keys: Path) -> Iterator[None]:
    """Have Dask's configuration name certificates, for processes that start meanwhile."""
    files = {"CA_FILE": "ca.pem", "CLIENT__CERT": "me.pem", "CLIENT__KEY": "me.key"}
    told = {f"{TLS}{name}": str(keys / file) for name, file in files.items()}
    with mock.patch.dict(os.environ, told):
        yield
