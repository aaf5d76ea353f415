"""`lepton doctor` in a clone: also check what grading needs, and say how to get what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import typer

from lepton_course.command_group import WorkspaceFolder, workspace_at
from lepton_course.workspace.doctor import GIB, Finding, examine_for_learning, package, report

NEEDED_GIB = 4.0
"""Free memory for grading, in GiB: 3 for one submission, and some for the grader itself."""


def examine_for_grading() -> list[Finding]:
    """Check what grading needs of this machine, without changing anything."""
    return [
        package("nbgrader"),
        _alembic(),
        *_walls(),
        _attempts(),
        _control_group(),
        _memory(),
        _scratch(),
    ]


def namespaces_remedy(read: Callable[[str], str], in_container: bool) -> str:
    """Return how to get unprivileged user namespaces, judging by the system's settings.

    read: returns the text of a file, or "" if there is no such file.
    """
    if in_container:
        return (
            "This is a container, in which namespaces cannot be created. Start it with "
            "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
            "--security-opt systempaths=unconfined`, or grade outside it."
        )
    for file, forbidding, setting in (
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("user/max_user_namespaces", "0", "15000"),
    ):
        if read(f"/proc/sys/{file}").strip() == forbidding:
            name = file.replace("/", ".")
            return (
                f"The system forbids them with {name}={forbidding}. Ask an administrator for: "
                f"sudo sysctl -w {name}={setting} (to make it permanent, in /etc/sysctl.d)"
            )
    return "Ask an administrator why unprivileged user namespaces are not allowed."


def landlock_remedy(read: Callable[[str], str], release: str) -> str:
    """Return how to get Landlock, judging by the system's settings and the kernel's release.

    read: returns the text of a file, or "" if there is no such file.
    """
    numbers = [int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit()]
    if numbers and tuple(numbers) < (5, 13):
        return f"Linux {release} is too old for Landlock, which was added in 5.13."
    modules = read("/sys/kernel/security/lsm").strip()
    if modules and "landlock" not in modules.split(","):
        return f"Landlock is not enabled. Boot with the kernel option lsm=landlock,{modules}"
    return "This kernel was built without Landlock. Ask for one with CONFIG_SECURITY_LANDLOCK=y."


def doctor(folder: WorkspaceFolder = None) -> None:
    """Check this machine: what learning and grading need, what is missing, how to get it."""
    if not report([*examine_for_learning(workspace_at(folder)), *examine_for_grading()]):
        raise typer.Exit(1)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _alembic() -> Finding:
    from autograder.classroom.classroom import add_programs_to_path

    add_programs_to_path()
    found = shutil.which("alembic")
    remedy = "nbgrader creates its gradebook with this program. Run: make install"
    return Finding("alembic", bool(found), found or "not found", remedy, needed=True)


def _walls() -> list[Finding]:
    from autograder.sandbox.walls import Walls, landlock_in_words, survey, walls_in_words

    found = survey()
    if sys.platform != "linux":
        remedy = "Grade on a Linux machine, or grade work that you trust with --sandbox none."
        return [Finding("walls", False, platform.system(), remedy, needed=True)]
    in_container = Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
    return [
        Finding(
            "wall: namespaces",
            found.walls.namespaces,
            found.no_namespaces or "; ".join(walls_in_words(Walls(True, False, False))[:-1]),
            namespaces_remedy(_read, in_container),
            needed=not found.walls,
        ),
        Finding(
            "wall: Landlock",
            found.walls.landlock,
            found.no_landlock or landlock_in_words(found.walls.namespaces),
            landlock_remedy(_read, platform.release()),
            needed=not found.walls,
        ),
        Finding(
            "wall: filter of system calls",
            found.walls.system_calls,
            found.no_filter or "seccomp",
            "It needs a kernel with CONFIG_SECCOMP_FILTER, on x86_64 or aarch64, and a container "
            "that does not forbid it.",
            needed=not found.walls,
        ),
    ]


def _attempts() -> Finding:
    """Try from within the walls everything they should stop."""
    from autograder.sandbox.trial import ATTEMPTS, open_ways
    from autograder.sandbox.walls import survey

    walls = survey().walls
    remedy = "docs/walls.md says what each wall stops, and which one is missing here."
    if not walls:
        return Finding("tried from within", False, "there are no walls", remedy)
    try:
        open_here = [what for what, succeeded in open_ways(walls).items() if succeeded]
    except OSError as error:
        return Finding("tried from within", False, str(error), remedy)
    closed = len(ATTEMPTS) - len(open_here)
    found = f"{closed} of {len(ATTEMPTS)} attacks on the machine are stopped"
    if open_here:
        found += f"; not stopped: {', '.join(open_here)}"
    return Finding("tried from within", not open_here, found, remedy)


def _control_group() -> Finding:
    from autograder.sandbox.control_group import try_group

    problem = try_group() if sys.platform == "linux" else "not on this system"
    return Finding(
        "memory limit",
        not problem,
        f"measured ten times a second: {problem}"
        if problem
        else "enforced by the kernel (cgroup v2)",
        "Measuring is enough for grading. To have the kernel enforce a submission's memory limit, "
        "run the command in a group of its own: systemd-run --user --scope lepton class grade …",
    )


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory().available / GIB
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    remedy = f"Less than {NEEDED_GIB:g} GiB is free: close programs, or grade with --workers 1."
    found = f"{memory:.1f} GiB free, {cores} cores"
    return Finding("memory for grading", memory >= NEEDED_GIB, found, remedy)


def _scratch() -> Finding:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free / GIB
    remedy = "Submissions run in a folder there: free some space, or set TMPDIR to another folder."
    return Finding("temporary files", free >= 1, f"{free:.1f} GiB free in {folder}", remedy)
