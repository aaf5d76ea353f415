"""Start a learner's JupyterLab: the hub's spawner runs this file as the learner."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from lepton_course.errors import CourseError
from lepton_course.workspace.install import update_workspace
from lepton_course.workspace.lab_settings import (
    encryption_options,
    set_environment,
    terminal_options,
)
from lepton_course.workspace.launcher import write_launcher

SETTINGS = Path(__file__).resolve().parents[1] / "learner"
"""What differs from `lepton learn`: nbgrader's list of assignments is there."""


def main() -> None:
    """Bring the workspace up to date, then become the server."""
    workspace = Path.home() / "lepton"
    workspace.mkdir(exist_ok=True)
    try:
        update_workspace(workspace)
        write_launcher(workspace)
    except (CourseError, OSError) as error:  # a full disk: let the learner in to tidy up
        print(f"The workspace could not be brought up to date: {error}", file=sys.stderr)
    set_environment()
    places = [str(SETTINGS), os.environ["JUPYTER_CONFIG_PATH"]]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(places)
    os.chdir(workspace)
    arguments = [
        sys.executable, "-P", "-m", "jupyterhub.singleuser",
        f"--ServerApp.root_dir={workspace}",
        *encryption_options(),
        *terminal_options(),
        *kernel_options(),
        *sys.argv[1:],
    ]  # fmt: skip
    os.execv(sys.executable, arguments)


def kernel_options() -> list[str]:
    """Return options with which the server speaks to its kernels through sockets in /tmp.

    Of TCP's ports, another learner's kernel that starts at the same moment could get the same one.
    /tmp is the learner's own, and its name short: a socket's may have 107 characters.
    """
    os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="jupyter-")
    return ["--KernelManager.transport=ipc"]


if __name__ == "__main__":
    main()
