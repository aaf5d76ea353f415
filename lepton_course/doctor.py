"""`lepton doctor`: check what a learner needs of this machine, and say how to get what is missing.

A clone of the course adds what grading needs.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lepton_course.errors import CourseError
from lepton_course.pages.new_versions import pairs
from lepton_course.progress.database import DATABASE, HIDDEN, count_damaged, transaction
from lepton_course.syllabus import PACKAGED, is_ready, load_syllabus
from lepton_course.wording import counted

GIB = 2**30
MEMORY_GIB = 2.0
"""Free memory for one notebook, which may take 2 GiB."""
DISK_GIB = 0.5

PACKAGES = ("torch", "tensorflow", "keras", "jupyterlab", "ipywidgets")


@dataclass(frozen=True)
class Finding:
    """The result of one check of this machine. remedy: what to do if it is not good."""

    name: str
    good: bool
    found: str
    remedy: str = ""
    needed: bool = False
    """The work is impossible without it."""


def examine_for_learning(workspace: Path | None) -> list[Finding]:
    """Check what a learner needs, without changing anything; `workspace`: the learner's, if any."""
    return [
        python_version(),
        *(package(name) for name in PACKAGES),
        course(PACKAGED),
        *_machine(workspace or Path.home()),
        *([Finding("workspace", True, "none here: lepton learn DIR makes one")]
          if workspace is None else workspace_findings(workspace)),
    ]  # fmt: skip


def python_version() -> Finding:
    """Check Python's version."""
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    remedy = "The course needs Python 3.11 to 3.13: make install PYTHON=python3.12"
    return Finding("Python", good, platform.python_version(), remedy, needed=True)


def package(name: str) -> Finding:
    """Check that a Python package, or its build without CUDA, is installed."""
    found = next(filter(None, map(_version, (name, f"{name}-cpu"))), "")
    remedy = "Install the course again: make install in a clone, or pip install lepton_course-*.whl"
    return Finding(name, bool(found), found or "not installed", remedy, needed=True)


def course(curriculum: Path) -> Finding:
    """Check that there are notebooks to hand out."""
    try:
        ready = [module for module in load_syllabus(curriculum) if is_ready(module, curriculum)]
    except CourseError as error:
        return Finding("notebooks", False, "none", str(error), needed=True)
    return Finding("notebooks", bool(ready), counted(len(ready), "module"), "lepton build", True)


def workspace_findings(workspace: Path) -> list[Finding]:
    """Check a learner's workspace: can it be written, is its progress whole, is it up to date."""
    writable = os.access(workspace, os.W_OK) and os.access(workspace / HIDDEN, os.W_OK)
    remedy = "Your work cannot be saved here. Make a workspace elsewhere: lepton learn DIR"
    new = pairs(workspace)
    return [
        Finding("workspace", writable, str(workspace), remedy),
        _progress(workspace),
        Finding("new versions", not new, counted(len(new), "notebook") if new else "none",
                "lepton changes shows them beside yours."),
    ]  # fmt: skip


def report(findings: Iterable[Finding]) -> bool:
    """Print findings as a table, and what to do; return whether nothing is missing that is needed.

    What is not good is marked ✗.
    """
    from rich.console import Console
    from rich.table import Table

    kept = list(findings)
    table = Table("", "", "found")
    for finding in kept:
        table.add_row("✓" if finding.good else "✗", finding.name, finding.found)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)
    for finding in kept:
        if not finding.good:
            print(f"\n{finding.name}: {finding.remedy}")
    return all(finding.good for finding in kept if finding.needed)


def _progress(workspace: Path) -> Finding:
    path = workspace / HIDDEN / DATABASE
    if not path.exists():
        return Finding("progress", True, "nothing recorded yet")
    try:
        total, damaged = transaction(path, count_damaged)
    except (sqlite3.Error, OSError) as error:
        remedy = f"{path} cannot be used ({error}). Restore a copy: lepton progress --import FILE"
        return Finding("progress", False, "cannot be read", remedy)
    found = counted(total, "record")
    if damaged:
        found += f", {damaged} of them damaged"
    remedy = "Damaged records are left out. A copy restores them: lepton progress --import FILE"
    return Finding("progress", not damaged, found, remedy)


def _machine(folder: Path) -> list[Finding]:
    import psutil

    memory = psutil.virtual_memory().available / GIB
    disk = shutil.disk_usage(folder).free / GIB
    return [
        Finding("memory", memory >= MEMORY_GIB, f"{memory:.1f} GiB free",
                f"A notebook may take {MEMORY_GIB:g} GiB: close programs, and other notebooks."),
        Finding("disk", disk >= DISK_GIB, f"{disk:.1f} GiB free in {folder}",
                "Notebooks may not be saved when the disk is full: make room."),
    ]  # fmt: skip


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
