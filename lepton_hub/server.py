"""Serve the hub's application over HTTP."""

from __future__ import annotations

import gc
import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette

PATIENCE_SECONDS = 60


def listening(host: str, port: int, patience: float = PATIENCE_SECONDS) -> socket.socket:
    """Return a listening socket, retrying while a killed hub still holds the port.

    Raises OSError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    end = time.monotonic() + patience
    while True:
        found = socket.socket(family)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
            found.listen(2048)
        except OSError:
            found.close()
            if time.monotonic() >= end:
                raise
            time.sleep(0.1)
        else:
            return found


def keep_what_is_loaded() -> None:
    """Exclude long-lived objects, above all modules, from garbage collection.

    Scanning them takes longer than most requests, one of which would have to wait for it.
    """
    gc.collect()
    gc.freeze()


def serve(app: Starlette, listener: socket.socket, seconds: float | None = None) -> None:
    """Serve until this process is asked to stop, or for a number of seconds.

    Access logging is off, since the URLs of links are secret; the audit log records requests. The
    application itself evaluates proxies' headers (`Forwarding`).
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    keep_what_is_loaded()
    if seconds is not None:
        timer = threading.Timer(seconds, setattr, (server, "should_exit", True))
        timer.daemon = True
        timer.start()
    server.run(sockets=[listener])
