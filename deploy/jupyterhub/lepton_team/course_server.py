"""Start a course's JupyterLab with formgrader: the hub runs this file as the course's account."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from lepton_course.workspace.lab_settings import terminal_options

SETTINGS = Path(__file__).resolve().parents[1] / "course"
FRAMES = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
"""JupyterLab shows formgrader in a frame, which JupyterHub forbids unless told otherwise."""


PATIENCE_SECONDS = 60


def main() -> None:
    """Become the server of the class in the current folder."""
    wait_until_free(urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"]).port or 0)
    os.umask(0o022)  # nbgrader sets rights in the exchange; the class's folder itself is closed
    programs = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ["JUPYTER_CONFIG_PATH"] = str(SETTINGS)
    arguments = [
        sys.executable, "-P", "-m", "jupyterhub.singleuser",
        f"--ServerApp.root_dir={os.getcwd()}",
        f"--ServerApp.tornado_settings={FRAMES}",
        *terminal_options(),
        *sys.argv[1:],
    ]  # fmt: skip
    os.execv(sys.executable, arguments)


def wait_until_free(port: int) -> None:
    """Wait until the server of a hub that was killed has left the port: a hub ends without ours."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return
            except OSError:
                time.sleep(0.1)


if __name__ == "__main__":
    main()
