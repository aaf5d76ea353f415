"""What a cluster grades gets the same scores as on this machine: any course, and any attempt."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import stock_course
import tiny_course
from distributed import LocalCluster
from jupyter_core.utils import ensure_event_loop
from typer.testing import CliRunner

from autograder.classroom.classroom import open_classroom
from autograder.cli.class_commands import class_app
from autograder.grading.attempts import keep_attempt
from autograder.instructor.class_creation import create_classroom

pytestmark = [
    pytest.mark.notebook,
    # nbgrader's own use of SQLAlchemy warns when a submission is added.
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory) -> Iterator[str]:
    """The address of a cluster of one worker, for two notebooks at a time."""
    options = {"processes": False, "protocol": "tcp://", "dashboard_address": None}
    scratch = tmp_path_factory.mktemp("w")
    ensure_event_loop()  # as where a kernel has been talked to; the worker must not share it
    with LocalCluster(1, threads_per_worker=2, local_directory=scratch, **options) as cluster:
        yield cluster.scheduler_address


def grade(classroom: Path, assignment: str, *options: str) -> str:
    done = CliRunner().invoke(class_app, ["grade", str(classroom), assignment, *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_an_ordinary_nbgrader_course_with_files_beside_its_notebooks(tmp_path, scheduler):
    here = stock_course.make_course(tmp_path / "here")
    answers = stock_course.ANSWERS
    wrong = answers | {"mean": "def mean(values):\n    return 0", "table": "1 / 0"}
    for student, given in {"ada": answers, "grace": wrong}.items():
        stock_course.hand_in(here, "sums", student, stock_course.filled(given))
    there = shutil.copytree(here, tmp_path / "there")
    grade(here, "sums")
    assert "2 graded" in grade(there, "sums", "--scheduler", scheduler)
    for student in ("ada", "grace"):
        on_cluster = stock_course.scores(there, "sums", student)
        assert on_cluster and on_cluster == stock_course.scores(here, "sums", student)
    assert stock_course.scores(there, "sums", "ada")["score"] > 10


def test_the_best_attempt_counts(tmp_path, scheduler):
    roster, curriculum = tiny_course.write_roster(tmp_path), tiny_course.write_curriculum(tmp_path)
    classroom = create_classroom(tmp_path / "class", roster, curriculum).classroom.root
    for answers in ({"double": tiny_course.DOUBLE, "total": tiny_course.TOTAL}, {}):
        tiny_course.hand_in(classroom, "ada", tiny_course.answered(classroom, answers))
        keep_attempt(open_classroom(classroom), "ada", "small_sums")
    grade(classroom, "small_sums", "--scheduler", scheduler)
    assert tiny_course.gradebook(classroom)["ada"]["score"] == 0
    grade(classroom, "small_sums", "--scheduler", scheduler, "--count", "best")
    assert tiny_course.gradebook(classroom)["ada"]["score"] == 5
