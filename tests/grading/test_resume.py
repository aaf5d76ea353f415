"""A grader that is killed goes on where it was: nothing is lost, nothing counted twice."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
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
STUDENTS = [f"s{number:02}" for number in range(KILLS + 2)]
WRONG = "def double(x):\n    return x**2"
GRADE = [sys.executable, "-m", "lepton_course.cli", "class", "grade"]


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


def start(classroom: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [*GRADE, str(classroom), "small_sums"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_twenty_kills_end_in_the_gradebook_of_an_undisturbed_run(empty_class, tmp_path):
    undisturbed = shutil.copytree(empty_class, tmp_path / "class")
    hand_in_round(empty_class, 0)
    began = time.monotonic()
    assert start(empty_class).wait() == 0
    whole = time.monotonic() - began
    moments = random.Random(1)
    finished = 0
    family: list[psutil.Process] = []
    for number in range(1, KILLS + 1):
        hand_in_round(empty_class, number)
        grader = start(empty_class)
        try:
            grader.wait(timeout=moments.uniform(0.3, 1.0) * whole)
            finished += 1
        except subprocess.TimeoutExpired:
            family += psutil.Process(grader.pid).children(recursive=True)
            grader.kill()
            grader.wait()
    assert finished <= KILLS - 5, "at least five were killed before they had finished"
    _, left = psutil.wait_procs(family, timeout=20)
    assert left == []

    assert start(empty_class).wait() == 0

    shutil.copytree(empty_class / "submitted", undisturbed / "submitted", dirs_exist_ok=True)
    assert start(undisturbed).wait() == 0
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
