"""Serve an ASGI application with uvicorn on a socket that this process has inherited.

    python application_server.py SOCKET FOLDER TARGET

SOCKET is the number of an open file that listens. TARGET is "module:name" of an application in
FOLDER, or the number of an open file with a pickled function that returns one.

This file is run by its path, so that a service starts without what it does not use.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
from pathlib import Path
from typing import Any

GRACE_SECONDS = 1
"""How long answers in progress are waited for at the end."""


def application(target: str, folder: str) -> Any:
    """Return the application that a target names; see above."""
    sys.path[0] = folder  # in place of this file's own folder
    if target.isdigit():
        import cloudpickle

        with open(int(target), "rb") as file:
            return cloudpickle.load(file)()
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def serve(listening: int, folder: str, target: str) -> None:
    """Serve until this process is asked to end."""
    import uvicorn

    os.chdir(folder)
    app = application(target, folder)
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS, backlog=2048
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listening)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), str(Path(sys.argv[2]).resolve()), sys.argv[3])
