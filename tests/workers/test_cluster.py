"""`lepton class grade --scheduler`: hosts that are lost in the middle take nothing along.

The hosts are network namespaces of this machine, each with a Dask worker, and on none of them is
there a class.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
from cluster_hosts import Hosts
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

from autograder.cli.class_commands import class_app
from autograder.instructor.class_creation import create_classroom

pytestmark = pytest.mark.notebook

STUDENTS = [f"s{number:02}" for number in range(10)]

CURIOUS = """
import os, socket, stat

def connected():
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    sockets = [n for n in numbers if n > 2 and os.path.exists(f"/proc/self/fd/{n}")
               and stat.S_ISSOCK(os.fstat(n).st_mode)]
    for number in sockets:
        with socket.socket(fileno=os.dup(number)) as found:
            network = found.family in (socket.AF_INET, socket.AF_INET6)
            if network and found.getsockname()[0] != "127.0.0.1":  # there, the kernel's debugger
                return True
    return False

def reached():
    try:
        return bool(socket.create_connection(SCHEDULER, 1))
    except OSError:
        return False

def named():
    return any(SCHEDULER[0] in value or "dask" in value.lower() for value in os.environ.values())

def total(x):
    return -1.0 if connected() or reached() or named() else float(x.sum())
"""
"""Is right only where nothing of the cluster is in reach."""


@dataclass
class Scene:
    """What became of a class while hosts were lost, what the command said, how it ended."""

    disturbed: Path
    undisturbed: Path
    again: Path
    said: dict[str, str]
    ended: dict[str, int]
    untouched: bool
    kept: list[int]
    seen_by_a_worker: list[str]
    after_grading: list[psutil.Process]
    left: list[str]
    resumed: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Iterator[Scene]:
    """One class, graded by a cluster that loses all its workers on the way, and gets another."""
    if not can_make_lan():
        skip_unless_ci("Network namespaces (unshare, nsenter, ip) cannot be made here")
    folder = tmp_path_factory.mktemp("c")
    ended = {}
    with Lan() as lan:
        hosts = Hosts(lan, folder)
        try:
            scheduler = hosts.start_scheduler()
            hosts.start_worker("older", 99, code=other_version(folder))
            disturbed = make_class(folder / "desk", lan.address(hosts.desk))
            undisturbed = shutil.copytree(disturbed, folder / "desk/undisturbed")
            again = shutil.copytree(disturbed, folder / "desk/again")
            refused = hosts.grade(disturbed, "refused")
            ended["refused"] = refused.wait(120)
            untouched = not gradebook(disturbed)

            # Each worker grades one submission, gets stuck in the next, and never ends it.
            pulled, killed, _slow = (hosts.start_worker(n, 1) for n in ("pulled", "killed", "slow"))
            disturbing = hosts.grade(disturbed, "disturbed")
            eventually(lambda: judged(disturbed) == 3)
            kept = [judged(disturbed)]
            lan.cut_off(pulled.host)
            os.killpg(killed.program.pid, signal.SIGKILL)
            late = hosts.start_worker("late", 99)
            ended["disturbed"] = disturbing.wait(120)
            seen_by_a_worker = lan.run(late.host, ["ls", str(folder / "desk")]).split()
            eventually(lambda: not psutil.Process(late.program.pid).children())
            after_grading = psutil.Process(late.program.pid).children()

            # Of ten submissions, `late` has graded seven; it may begin two more, and gets stuck.
            hosts.let_begin("late", len(STUDENTS) - 3 + 2)
            interrupted = hosts.grade(again, "interrupted")
            eventually(
                lambda: judged(again) == 2 and "does not answer" in hosts.said("interrupted")
            )
            interrupted.send_signal(signal.SIGINT)
            ended["interrupted"] = interrupted.wait(120)
            kept.append(judged(again))

            # It ends what it was at, although nobody waits for it; and then it does one more.
            hosts.let_begin("late", len(STUDENTS) - 3 + 4)
            orphaned = hosts.grade(again, "orphaned")
            eventually(lambda: judged(again) > kept[-1])
            os.killpg(scheduler.pid, signal.SIGKILL)
            ended["orphaned"] = orphaned.wait(120)
            kept.append(judged(again))
        finally:
            hosts.kill_all()
        eventually(lambda: not hosts.left())
        left = hosts.left()
        logs = ("refused", "disturbed", "interrupted", "orphaned")
        said = {log: hosts.said(log) for log in logs}
    resumed = ""
    for classroom in (undisturbed, again):
        graded = CliRunner().invoke(class_app, ["grade", str(classroom), "small_sums"])
        assert graded.exit_code == 0, graded.output
        resumed = graded.output
    yield Scene(
        disturbed,
        undisturbed,
        again,
        said,
        ended,
        untouched,
        kept,
        seen_by_a_worker,
        after_grading,
        left,
        resumed,
    )


def make_class(folder: Path, scheduler: str = "") -> Path:
    roster = "id,first_name,last_name,email,team\n" + "".join(f"{s},A,B,,T\n" for s in STUDENTS)
    classroom = create_classroom(
        folder / "class", write_roster(folder, roster), write_curriculum(folder)
    ).classroom.root
    for number, student in enumerate(STUDENTS):
        answers = {"double": DOUBLE if number % 3 else "def double(x): return x**2"}
        answers["total"] = f"SCHEDULER = {(scheduler, 8786)}\n{TOTAL if number else CURIOUS}"
        answers["total"] += f"\n# {student}"
        hand_in(classroom, student, answered(classroom, answers))
    return classroom


def other_version(folder: Path) -> Path:
    """The grader's code, with a change that changes nothing but its version."""
    shutil.copytree(CLONE / "autograder", folder / "other/autograder")
    with (folder / "other/autograder/judging/judge_run.py").open("a") as file:
        file.write("# another version\n")
    return folder / "other"


def judged(classroom: Path) -> int:
    """How many submissions have been judged."""
    return len(list((classroom / "private/results/small_sums").glob("*.json")))


def eventually(condition: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_the_gradebook_is_that_of_an_undisturbed_run(scene):
    assert scene.kept[0] == 3, "hosts were lost in the middle"
    assert scene.ended["disturbed"] == 0
    assert "10 graded (0 of them unchanged), 0 not gradable" in scene.said["disturbed"]
    assert gradebook(scene.disturbed) == gradebook(scene.undisturbed)
    assert len(gradebook(scene.disturbed)) == len(STUDENTS)


def test_only_the_command_has_the_gradebook(scene):
    assert (scene.disturbed / "gradebook.db").is_file()
    assert scene.seen_by_a_worker == []


def test_an_interrupted_run_ends_and_goes_on_later(scene):
    assert scene.ended["interrupted"] != 0
    assert scene.kept[1] == 2
    assert f"({scene.kept[2]} of them unchanged)" in scene.resumed
    assert gradebook(scene.again) == gradebook(scene.undisturbed)


def test_a_lost_scheduler_is_told(scene):
    assert scene.ended["orphaned"] == 1
    assert "was lost" in scene.said["orphaned"]
    assert "What was graded until then is kept" in scene.said["orphaned"]
    assert 2 < scene.kept[2] < len(STUDENTS)


def test_a_worker_with_another_version_is_refused_by_name(scene):
    for run in ("refused", "disturbed"):
        assert "The worker older (tcp://10.77.0." in scene.said[run]
        assert "lepton-course 0." in scene.said[run]
        assert "Check out the same commit there" in scene.said[run]


def test_without_a_worker_that_can_serve_nothing_changes(scene):
    assert scene.ended["refused"] == 1
    assert "No worker of the cluster can be used" in scene.said["refused"]
    assert scene.untouched


def test_a_worker_that_does_not_answer_is_told_by_name(scene):
    """Dask itself forgets one that is cut off, on a slow machine before somebody grades again."""
    told = r"The worker (pulled|slow) \(tcp://10\.77\.0\.\d+:\d+\) does not answer"
    assert re.search(told, scene.said["interrupted"])


def test_a_submission_has_nothing_of_the_cluster_in_reach(scene):
    assert gradebook(scene.disturbed)["s00"]["total"][0] == 3


def test_a_submission_would_notice_a_connection():
    with socket.create_server(("127.0.0.2", 0)) as server:
        there = {"SCHEDULER": server.getsockname()}
        exec(CURIOUS, there)
        assert there["reached"]() and there["connected"]()
        assert there["total"](np.ones(3)) == -1
    assert not there["reached"]()


def test_workers_keep_no_process_after_grading(scene):
    assert scene.after_grading == []


def test_nothing_is_left_behind(scene):
    assert scene.left == []


def test_what_is_wrong_with_the_command_is_told(tmp_path):
    classroom = make_class(tmp_path)
    for options, reason in (
        (["--scheduler", "tcp://127.0.0.1:9", "--workers", "2"], "use only one"),
        (["--scheduler", "nonsense://127.0.0.1:9"], "No Dask scheduler answers"),
    ):
        done = CliRunner().invoke(class_app, ["grade", str(classroom), "small_sums", *options])
        assert done.exit_code == 1
        assert reason in " ".join(done.output.split())
    assert not gradebook(classroom)
