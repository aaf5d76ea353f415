"""Start a course's JupyterLab with formgrader: the hub runs this file as the course's account."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lepton_course.workspace.lab_settings import terminal_options

SETTINGS = Path(__file__).resolve().parents[1] / "course"
FRAMES = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
"""JupyterLab shows formgrader in a frame, which JupyterHub forbids unless told otherwise."""


def main() -> None:
    """Become the server of the class in the current folder."""
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
    ]  # fmt: skip
    os.execv(sys.executable, arguments)


if __name__ == "__main__":
    main()
