"""Settings of the JupyterLab that `lepton learn` starts: its kernels, its log, its buttons."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import MutableMapping
from pathlib import Path

JUPYTER = Path(__file__).parents[1] / "jupyter"
"""Settings and the kernel of the learner's JupyterLab, in the form in which Jupyter reads them."""

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "1"}
"""Without it, TensorFlow writes of the processor's features into the terminal on each start."""


def set_environment(environment: MutableMapping[str, str] = os.environ) -> None:
    """Prepare the environment of a learner's JupyterLab and of its kernels."""
    # Kernels of this environment come before others that the user may have installed.
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"
    # No question about news, no instructor's buttons; a kernel that says when it was restarted.
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        places = [str(JUPYTER), environment.get(name)]
        environment[name] = os.pathsep.join(filter(None, places))
    # In its terminals and cells, `lepton` and `python` are those of the course.
    programs = [str(Path(sys.executable).parent), environment.get("PATH")]
    environment["PATH"] = os.pathsep.join(filter(None, programs))
    for name, value in QUIET.items():
        environment.setdefault(name, value)


def encryption_options() -> list[str]:
    """Return options that encrypt the connection to kernels, where jupyter_client can do so.

    Without them, each kernel warns that its connection is in plain text.
    """
    import zmq
    from jupyter_client.manager import KernelManager

    if "transport_encryption" in KernelManager.class_trait_names() and zmq.has("curve"):
        return ["--KernelManager.transport_encryption=auto"]
    return []


def terminal_options() -> list[str]:
    """Return options with which terminals know `lepton`.

    A server without a terminal of its own would start login shells, which set PATH anew.
    """
    shell = os.environ.get("SHELL") or shutil.which("sh")
    if os.name == "nt" or not shell:
        return []
    return [f"--ServerApp.terminado_settings=shell_command={shlex.quote(shell)}"]
