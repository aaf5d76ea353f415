"""A grader that is killed goes on where it was: nothing is lost, nothing counted twice."""

from __future__ import annotations

import contextlib
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tiny_course import (
    DOUBLE,
    TOTAL,
    answered,
    gradebook,
    hand_in,
    write_curriculum,
    write_roster,
)

from autograder.grading.batch import grade
from autograder.instructor.class_creation import create_classroom
from autograder.judging.class_course import open_class_course

KILLS = 20
"""So often the grader is killed. It has imported all before, so each falls into its work."""

STUDENTS = [f"s{number:02}" for number in range(KILLS + 2)]
WRONG = "def double(x):\n    return x**2"
GRADERS = """
import os
import sys

import autograder.cli.class_commands
import autograder.grading.attempts
import autograder.grading.dry_run
import autograder.judging.results_table
import autograder.nbgrader_course.opening
from lepton_course.cli import main

for line in sys.stdin:
    grader = os.fork()
    if not grader:
        sys.argv = ["lepton", "class", "grade", line.strip(), "small_sums"]
        for number in range(3):
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        main()
    print(grader, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(grader, 0)[1]), flush=True)
"""
"""Starts `lepton class grade` for each class that it is told, and says its id and its end."""


@pytest.fixture(scope="module")
def empty_class(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    roster = "id,first_name,last_name,email,team\n" + "".join(f"{s},A,B,,T\n" for s in STUDENTS)
    return create_classroom(
        folder / "class", write_roster(folder, roster), write_curriculum(folder)
    ).classroom.root


def hand_in_round(classroom: Path, number: int) -> None:
    """One student hands in for the first time; an earlier one hands in anew."""
    double = DOUBLE if number % 3 else WRONG
    work = answered(classroom, {"double": double, "total": TOTAL})
    hand_in(classroom, STUDENTS[number], work)
    if number % 4 == 0:
        work = answered(classroom, {"double": DOUBLE, "total": f"{TOTAL}  # {number}"})
        hand_in(classroom, STUDENTS[number // 2], work)


class Graders:
    """Runs the grader as a process of its own, again and again, without importing it anew."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.family: list[psutil.Process] = []

    def run(self, classroom: Path, seconds: float | None = None) -> int:
        """Grade the class, or kill the grader after so many seconds; return how it ended."""
        print(classroom, file=self.process.stdin, flush=True)
        grader = psutil.Process(int(self.process.stdout.readline()))
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended at this very moment
                self.family += grader.children(recursive=True)
                grader.kill()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def graders() -> Iterator[Graders]:
    with subprocess.Popen(
        [sys.executable, "-c", GRADERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Graders(process)
        process.stdin.close()


def test_twenty_kills_end_in_the_gradebook_of_an_undisturbed_run(empty_class, graders, tmp_path):
    undisturbed = shutil.copytree(empty_class, tmp_path / "class")
    hand_in_round(empty_class, 0)
    graders.run(undisturbed)  # it begins at once from now on, and has nothing to grade
    began = time.monotonic()
    assert graders.run(empty_class) == 0
    whole = time.monotonic() - began
    moments = random.Random(1)
    ends = []
    for number in range(1, KILLS + 1):
        hand_in_round(empty_class, number)
        ends.append(graders.run(empty_class, moments.uniform(0.1, 1.0) * whole))
    assert ends.count(-signal.SIGKILL) >= 5, "at least five were killed before they had finished"
    assert set(ends) <= {0, -signal.SIGKILL}
    _, left = psutil.wait_procs(graders.family, timeout=20)
    assert left == []

    assert graders.run(empty_class) == 0

    shutil.copytree(empty_class / "submitted", undisturbed / "submitted", dirs_exist_ok=True)
    assert graders.run(undisturbed) == 0
    assert gradebook(empty_class) == gradebook(undisturbed)
    assert len(gradebook(undisturbed)) == KILLS + 1
    assert not (empty_class / "private/scratch").exists() or not list(
        (empty_class / "private/scratch").iterdir()
    )


def test_what_has_not_changed_is_not_run_again(empty_class):
    classroom = open_class_course(empty_class)
    hand_in_round(empty_class, 0)
    batch = classroom.find_submissions("small_sums")
    first, second = grade(classroom, batch), grade(classroom, batch)
    assert second.unchanged == len(second.results)
    assert second.results == first.results
