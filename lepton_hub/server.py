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
    """Return a socket that listens. A hub that was killed may leave the port a moment later.

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
    """Have Python look for garbage no longer in what is there for good: all modules, above all.

    To look through them takes longer than most answers, and some request would wait for it.
    """
    gc.collect()
    gc.freeze()


def serve(app: Starlette, listener: socket.socket, seconds: float | None = None) -> None:
    """Serve until this process is asked to end, or for so many seconds.

    Requests are in the audit log; the server writes none down, since addresses of links are secret.
    What a proxy says of where they come from, the application judges (`Forwarding`).
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
