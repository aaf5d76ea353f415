"""The code and package versions that a Dask worker must share with the hub."""

from __future__ import annotations

import functools
import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import lepton_course
import lepton_hub.jobs

_PACKAGES = ("distributed", "ipykernel", "keras", "nbclient", "numpy", "torch")
"""The packages that run a program, and those it most likely uses."""
REMEDY = "Check out the same commit there, run `make install`, and restart the worker"


@functools.cache
def code_version() -> dict[str, str]:
    """Return the versions on which a job's run depends, by name."""
    digest = hashlib.sha256()
    for folder in _folders():
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{path.relative_to(folder)}\n".encode())
            digest.update(path.read_bytes())
    found = {"lepton-course": digest.hexdigest()[:12], "Python": platform.python_version()}
    return found | {name: _version(name) for name in _PACKAGES}


def difference(here: dict[str, str], there: dict[str, str]) -> str:
    """Describe the differences from a worker's versions; "" if there are none."""
    other = [
        f"{name} {there.get(name, 'missing')} instead of {here.get(name, 'none')}"
        for name in dict.fromkeys([*here, *there])
        if here.get(name) != there.get(name)
    ]
    return f"it has {', '.join(other)}. {REMEDY}" if other else ""


def _folders() -> list[Path]:
    """Return the source folders that matter on a worker: not those of the hub's service."""
    jobs = Path(lepton_hub.jobs.__file__).parent
    course = Path(lepton_course.__file__).parent
    grader = find_spec("autograder")
    places = grader.submodule_search_locations if grader else None
    sandbox = [Path(place) / "sandbox" for place in places or ()]
    return [jobs, *sandbox, course]


def _version(name: str) -> str:
    """Return a package's version without its local build label."""
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return "missing"
