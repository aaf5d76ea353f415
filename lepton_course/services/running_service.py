"""Start a web service in a process of its own, on loopback, that ends with this process."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

LOOPBACK = "127.0.0.1"  # an address, because "localhost" needs a name service
LOOK_SECONDS = 0.02
STOP_SECONDS = 10.0
LOG_LINES = 15
HERE = Path(__file__).parent


class ServiceFailed(RuntimeError):
    """A service ended, or was not ready in time; the message has the end of its log."""


class RunningService:
    """A service in another process, as `start_service` returns it. It can be used as a context.

    url: such as "http://127.0.0.1:43211". port: an int.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: IO[bytes]) -> None:
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self._process = process
        self._log = log
        self._stop = weakref.finalize(self, _end, process)  # also when nobody refers to it any more

    @property
    def is_running(self) -> bool:
        """Whether the service's process is there."""
        return self._process.poll() is None

    def log(self) -> str:
        """Return what the service has printed so far, errors included."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def stop(self) -> None:
        """End the service and all that it has started. Does nothing the second time."""
        self._stop()

    def __enter__(self) -> RunningService:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<service at {self.url}, {'running' if self.is_running else 'stopped'}>"


def start_service(
    target: str | Callable[[], Any],
    *,
    ready: str = "/health",
    folder: str | Path = ".",
    environment: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> RunningService:
    """Start an ASGI application, such as one of FastAPI, as a service; return when it is ready.

        service = start_service("forecasts.app:app", ready="/ready")
        httpx.get(service.url + "/forecast", params={"day": "2016-05-04"})
        service.stop()

    target: "module:name" of an application in `folder`, or a function that returns one. The
        function may be defined in a notebook cell; the globals it uses are copied.
    ready: the path that answers with status 200 as soon as the service can work.
    folder: where the service runs, and where Python looks for its modules first.
    environment: variables to add to this process's own.
    timeout: seconds that it may take to be ready.

    The service runs in a process of its own, on a free port that only this machine reaches. It ends
    with `stop()`, with the context, when nothing refers to it any more, and with this process,
    however that ends. It computes with one thread, unless its code or `environment` says otherwise.

    Raises ServiceFailed, with the end of the service's log, when it ends or is not ready in time;
    ModuleNotFoundError without uvicorn.
    """
    __tracebackhide__ = True  # in a notebook only the cell and the message matter
    if sys.platform == "win32":
        raise OSError("start_service hands an open socket on. On Windows, use it under WSL.")
    if importlib.util.find_spec("uvicorn") is None:
        raise ModuleNotFoundError(
            "a service needs uvicorn; to install it:  pip install 'lepton-course[serving]'"
        )
    log = tempfile.TemporaryFile()  # noqa: SIM115  the service keeps it; it has no name to clean up
    with _listening() as listener, _named(target) as (name, files):
        process = _start(name, folder, environment, log, listener, files)
        service = RunningService(process, listener.getsockname()[1], log)
    try:
        _await_ready(service, ready, timeout)
    except BaseException:
        service.stop()
        raise
    return service


def _start(
    name: str,
    folder: str | Path,
    environment: Mapping[str, str] | None,
    log: IO[bytes],
    listener: socket.socket,
    files: tuple[int, ...],
) -> subprocess.Popen[bytes]:
    serving = [str(HERE / "application_server.py"), str(listener.fileno()), str(folder), name]
    python = [sys.executable, "-u"]
    return subprocess.Popen(
        [*python, "-S", str(HERE / "process_guard.py"), str(os.getpid()), *python, *serving],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        pass_fds=(listener.fileno(), *files),
        start_new_session=True,  # interrupting a cell does not interrupt the service
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
    )


@contextlib.contextmanager
def _listening() -> Iterator[socket.socket]:
    """Open a socket on a free port. It is handed on, so nobody else can take the port."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(2048)
        yield listener


@contextlib.contextmanager
def _named(target: str | Callable[[], Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name a target for the command line; a function goes into a file that stays open."""
    if isinstance(target, str):
        if not re.fullmatch(r"[\w.]+:\w+", target):
            raise ValueError(f'the target is "module:name", not {target!r}')
        yield target, ()
        return
    import cloudpickle

    with tempfile.TemporaryFile() as file:
        file.write(cloudpickle.dumps(target))
        file.seek(0)
        yield str(file.fileno()), (file.fileno(),)


def _await_ready(service: RunningService, path: str, timeout: float) -> None:
    until = time.monotonic() + timeout
    answer = "none"
    while time.monotonic() < until:
        if not service.is_running:
            raise ServiceFailed(f"the service ended while it started.{_end_of(service.log())}")
        status = _status(service.port, path, until - time.monotonic())
        if status == 200:
            return
        answer = f"status {status}" if status else answer
        time.sleep(LOOK_SECONDS)
    raise ServiceFailed(
        f"GET {path} did not answer with status 200 within {timeout:g} s; the last answer: "
        f"{answer}.{_end_of(service.log())}"
    )


def _status(port: int, path: str, seconds: float) -> int | None:
    """Return the status of an answer, or None for no answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=max(0.05, min(1.0, seconds)))
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _end_of(log: str) -> str:
    lines = log.strip().splitlines()[-LOG_LINES:]
    return " The end of its log:\n" + "\n".join(lines) if lines else " It has printed nothing."


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the guard's standard input, which ends it and the service, and wait for that."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # Linux kills the service with it
        process.wait()
