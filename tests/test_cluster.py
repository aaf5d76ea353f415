"""`lepton class grade --scheduler`: hosts that are lost in the middle take nothing along.

The hosts are network namespaces of this machine, each with a Dask worker.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import CLONE, skip_unless_ci
from lan import Lan, can_make_lan
from tiny_course import (
    DOUBLE,
    TOTAL,
    answered,
    gradebook,
    hand_in,
    write_curriculum,
    write_roster,
)
from typer.testing import CliRunner

from autograder.cli import class_app
from autograder.creation import create_classroom

pytestmark = pytest.mark.notebook

STUDENTS = [f"s{number:02}" for number in range(16)]
SLOWLY = f"import time\ntime.sleep(1.5)\n{TOTAL}"
CURIOUS = """
import os, socket

def open_sockets():
    inside = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
              if os.path.islink(f"/proc/self/fd/{fd}")]
    names = open("/proc/self/net/unix").read() + open("/proc/self/net/tcp").read()
    numbers = [link.partition("[")[2].strip("]") for link in inside if "socket" in link]
    return [number for number in numbers if number not in names]

def reached():
    try:
        return bool(socket.create_connection(("10.77.0.1", 8786), 1))
    except OSError:
        return False

def total(x):
    return -1.0 if open_sockets() or reached() else float(x.sum())
"""
"""Is right only where nothing of the cluster is in reach."""

IMPATIENT = (
    "import autograder.cluster as cluster; cluster.PATIENCE_SECONDS = 4.0\n"
    "from lepton_course.cli import main; main()"
)
"""The command `lepton`, but it waits less for the silent."""


@dataclass
class Scene:
    """What was graded while hosts were lost, and what the command said of it."""

    disturbed: Path
    undisturbed: Path
    refused_alone: subprocess.CompletedProcess[str]
    untouched: bool
    interrupted_after: float
    output: str
    without_scheduler: subprocess.CompletedProcess[str]
    kept: list[int]
    left: list[str]


class Hosts:
    """Programs on the hosts of a network; all are killed in the end."""

    def __init__(self, lan: Lan, folder: Path) -> None:
        self.lan = lan
        self.folder = folder
        self.desk = lan.add_host()
        self.scheduler = f"tcp://{lan.address(self.desk)}:8786"
        self.programs: list[subprocess.Popen] = []
        (folder / "tmp").mkdir()

    def start(self, host: int, *arguments: str, code: Path = CLONE, **options) -> subprocess.Popen:
        """Runs Python on a host, with the course's code from a folder."""
        paths = [str(code), str(CLONE), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "TMPDIR": str(self.folder / "tmp"),
            "OMP_NUM_THREADS": "1",
        }
        log = (self.folder / f"host{host}.log").open("a")
        options = {"stdout": log, "stderr": log, "env": environment, **options}
        program = self.lan.start(host, [sys.executable, *arguments], **options)
        self.programs.append(program)
        return program

    def start_scheduler(self) -> None:
        address = self.lan.address(self.desk)
        self.start(self.desk, "-m", "dask", "scheduler", "--host", address, "--no-dashboard")

    def start_worker(self, name: str, code: Path = CLONE) -> tuple[int, subprocess.Popen]:
        """A host with a worker for one notebook at a time."""
        host = self.lan.add_host()
        options = ["--host", self.lan.address(host), "--name", name, "--nthreads", "1"]
        options += ["--local-directory", str(self.folder / "tmp"), "--no-dashboard"]
        command = ["-m", "dask", "worker", self.scheduler, *options]
        return host, self.start(host, *command, code=code)

    def grade(self, classroom: Path) -> subprocess.Popen:
        command = ["class", "grade", str(classroom), "small_sums", "--scheduler", self.scheduler]
        pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return self.start(self.desk, "-c", IMPATIENT, *command, **pipe)

    def log(self, host: int) -> str:
        """What programs on a host have said."""
        return (self.folder / f"host{host}.log").read_text()

    def kill_all(self) -> None:
        for program in self.programs:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
            program.communicate()

    def left(self) -> list[str]:
        """Processes that have to do with the hosts' folder."""
        mark = str(self.folder / "tmp").encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark in environment + command and int(entry.name) != os.getpid():
                found.append(f"{entry.name} {command[:80]!r}")
        return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Iterator[Scene]:
    """One class, graded by a cluster that loses three of its four workers on the way."""
    if not can_make_lan():
        skip_unless_ci("Network namespaces (unshare, nsenter, ip) cannot be made here")
    folder = tmp_path_factory.mktemp("c")
    disturbed = make_class(folder)
    undisturbed = shutil.copytree(disturbed, folder / "undisturbed")
    with Lan() as lan:
        hosts = Hosts(lan, folder)
        try:
            hosts.start_scheduler()
            hosts.start_worker("older", code=other_version(folder))
            eventually(lambda: "Register worker" in hosts.log(hosts.desk))
            refused = finished(hosts.grade(disturbed))
            untouched = not gradebook(disturbed)

            hosts.start_worker("steady")
            lost = [hosts.start_worker(name) for name in ("pulled", "killed", "stopped")]
            eventually(lambda: hosts.log(hosts.desk).count("Register worker") == 5)
            grader = hosts.grade(disturbed)
            eventually(lambda: results(disturbed) > 0)
            began = time.monotonic()
            grader.send_signal(signal.SIGINT)
            grader.communicate(timeout=60)
            interrupted_after = time.monotonic() - began

            kept = [results(disturbed)]
            grader = hosts.grade(disturbed)
            eventually(lambda: results(disturbed) > kept[0])
            kept.append(results(disturbed))
            lan.cut_off(lost[0][0])
            os.killpg(lost[1][1].pid, signal.SIGKILL)
            os.killpg(lost[2][1].pid, signal.SIGSTOP)
            output = finished(grader).stdout

            again = shutil.copytree(disturbed, folder / "again")
            shutil.rmtree(again / "private/results")
            grader = hosts.grade(again)
            eventually(lambda: results(again) > 0)
            os.killpg(hosts.programs[0].pid, signal.SIGKILL)
            without_scheduler = finished(grader)
        finally:
            hosts.kill_all()
        eventually(lambda: not hosts.left())
        left = hosts.left()
    graded = CliRunner().invoke(class_app, ["grade", str(undisturbed), "small_sums"])
    assert graded.exit_code == 0, graded.output
    yield Scene(
        disturbed,
        undisturbed,
        refused,
        untouched,
        interrupted_after,
        output,
        without_scheduler,
        kept,
        left,
    )


def make_class(folder: Path) -> Path:
    roster = "id,first_name,last_name,email,team\n" + "".join(f"{s},A,B,,T\n" for s in STUDENTS)
    classroom = create_classroom(
        folder / "class", write_roster(folder, roster), write_curriculum(folder)
    ).classroom.root
    for number, student in enumerate(STUDENTS):
        answers = {"double": DOUBLE if number % 3 else "def double(x): return x**2"}
        answers["total"] = f"{SLOWLY if number else CURIOUS}\n# {student}"
        hand_in(classroom, student, answered(classroom, answers))
    return classroom


def other_version(folder: Path) -> Path:
    """The grader's code, with a change that changes nothing but its version."""
    shutil.copytree(CLONE / "autograder", folder / "other/autograder")
    with (folder / "other/autograder/judging.py").open("a") as file:
        file.write("# another version\n")
    return folder / "other"


def results(classroom: Path) -> int:
    """How many submissions have been judged."""
    return len(list((classroom / "private/results/small_sums").glob("*.json")))


def finished(program: subprocess.Popen) -> subprocess.CompletedProcess[str]:
    output, _ = program.communicate(timeout=150)
    return subprocess.CompletedProcess(program.args, program.returncode, output)


def eventually(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_the_gradebook_is_that_of_an_undisturbed_run(scene):
    before, after = scene.kept
    assert 0 < before < after < len(STUDENTS) - 3, "hosts were lost in the middle"
    assert gradebook(scene.disturbed) == gradebook(scene.undisturbed)
    assert len(gradebook(scene.disturbed)) == len(STUDENTS)
    assert f"{len(STUDENTS)} graded" in scene.output
    assert "0 not gradable" in scene.output


def test_an_interrupted_run_ends_soon_and_goes_on_later(scene):
    assert scene.interrupted_after < 30
    assert f"({scene.kept[0]} of them unchanged)" in scene.output


def test_a_lost_scheduler_is_told(scene):
    assert scene.without_scheduler.returncode == 1
    words = " ".join(scene.without_scheduler.stdout.split())
    assert "was lost. What was graded until then is kept" in words


def test_a_worker_with_another_version_is_refused_by_name(scene):
    for output in (scene.refused_alone.stdout, scene.output):
        words = " ".join(output.split())
        assert "The worker older on " in words
        assert "lepton-course 0." in words
        assert "Check out the same commit there" in words


def test_without_a_worker_that_can_serve_nothing_changes(scene):
    assert scene.refused_alone.returncode == 1
    assert "No worker of the cluster can be used" in scene.refused_alone.stdout
    assert scene.untouched


def test_a_submission_has_nothing_of_the_cluster_in_reach(scene):
    assert gradebook(scene.disturbed)["s00"]["total"][0] == 3


def test_nothing_is_left_behind(scene):
    assert scene.left == []


@pytest.mark.parametrize(
    "options, reason",
    [
        (["--scheduler", "tcp://127.0.0.1:9", "--workers", "2"], "name one"),
        (["--scheduler", "nonsense://127.0.0.1:9"], "No Dask scheduler answers"),
    ],
)
def test_what_is_wrong_with_the_command_is_told(tmp_path, options, reason):
    classroom = make_class(tmp_path)
    done = CliRunner().invoke(class_app, ["grade", str(classroom), "small_sums", *options])
    assert done.exit_code == 1
    assert reason in " ".join(done.output.split())
    assert not gradebook(classroom)
