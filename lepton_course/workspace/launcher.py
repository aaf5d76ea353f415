"""Put a way to run `lepton` into the workspace: a learner's shell need not know where it is."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from lepton_course.workspace.install import write_atomically

MARK = "Made by `lepton learn`"

_SHELL = f"""\
#!/bin/sh
# {MARK}: runs the course's command from this folder, as in ./lepton progress
exec {{python}} -m lepton_course.cli "$@"
"""

_WINDOWS = f"""\
@rem {MARK}: runs the course's command from this folder, as in lepton progress
@"{{python}}" -m lepton_course.cli %*
"""


def write_launcher(folder: Path, windows: bool = os.name == "nt") -> Path | None:
    """Write the launcher into a workspace; return it, or None where a learner's file has its name.

    Raises OSError when the folder cannot be written.
    """
    target = folder / ("lepton.cmd" if windows else "lepton")
    python = sys.executable if windows else shlex.quote(sys.executable)
    text = (_WINDOWS if windows else _SHELL).format(python=python)
    if os.path.lexists(target):
        found = target.read_text(errors="replace") if target.is_file() else ""
        if MARK not in found:
            return None
        if found == text and os.access(target, os.X_OK):
            return target
    write_atomically(target, text.encode())
    target.chmod(target.stat().st_mode | 0o111)
    return target


def lepton_command() -> str:
    """Return what to type for `lepton` where there is no launcher: its name, if the shell knows it.

    A `lepton` of another installation does not count.
    """
    found = shutil.which("lepton")
    if found and Path(found).parent == Path(sys.executable).parent:
        return "lepton"
    return f"{shlex.quote(sys.executable)} -m lepton_course.cli"
