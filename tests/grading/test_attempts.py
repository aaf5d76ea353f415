"""Handing in again: all attempts are kept, the last or the best counts, and changes are listed
before they are written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import CLONE
from nbgrader.api import Gradebook, MissingEntry
from tiny_course import DOUBLE, TOTAL, answered, hand_in, write_curriculum, write_roster
from typer.testing import CliRunner

from autograder.classroom.classroom import open_classroom
from autograder.cli.class_commands import class_app
from autograder.grading.attempts import keep_attempt, kept_attempts

# nbgrader's own use of SQLAlchemy warns when a submission is added.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

ALL_RIGHT = {"double": DOUBLE, "total": TOTAL}
SQUARED = {"double": "def double(x):\n    return x**2", "total": TOTAL}
ONE_DAY_LATE = """
from nbgrader.plugins import LateSubmissionPlugin


class APoint(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 1


c.AssignLatePenalties.plugin_class = APoint
"""


@pytest.fixture
def classroom(tmp_path, monkeypatch) -> Path:
    path = os.pathsep.join(filter(None, [str(CLONE), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    classroom = tmp_path / "class"
    roster, curriculum = write_roster(tmp_path), write_curriculum(tmp_path)
    lepton_class("create", classroom, "--roster", roster, "--curriculum", curriculum)
    return classroom


def lepton_class(*arguments: object) -> str:
    done = CliRunner().invoke(class_app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def grade(classroom: Path, *options: object) -> str:
    return lepton_class("grade", classroom, "small_sums", "--workers", "1", *options)


def submit(classroom: Path, student: str, answers: dict[str, str], time: str = "") -> None:
    notebook = hand_in(classroom, student, answered(classroom, answers))
    if time:
        notebook.with_name("timestamp.txt").write_text(time)


def score(classroom: Path, student: str) -> float | None:
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        try:
            return gradebook.find_submission("small_sums", student).score
        except MissingEntry:
            return None


def files_of(classroom: Path) -> dict[Path, bytes]:
    """The class, but for what the grader remembers of the work that it has done."""
    cache = [classroom / "private" / name for name in ("results", "questions", "scratch", "lock")]
    return {
        path: path.read_bytes()
        for path in classroom.rglob("*")
        if path.is_file() and not any(path.is_relative_to(folder) for folder in cache)
    }


def test_the_last_or_the_best_attempt_counts(classroom):
    submit(classroom, "ada", ALL_RIGHT)
    submit(classroom, "grace", SQUARED)
    grade(classroom)
    submit(classroom, "ada", SQUARED)
    submit(classroom, "grace", ALL_RIGHT)
    grade(classroom)
    assert (score(classroom, "ada"), score(classroom, "grace")) == (3, 5)

    told = grade(classroom, "--count", "best", "--dry-run")
    assert "1 of 2 grades would change" in told
    assert score(classroom, "ada") == 3

    grade(classroom, "--count", "best")
    assert (score(classroom, "ada"), score(classroom, "grace")) == (5, 5)
    grade(classroom)
    assert score(classroom, "ada") == 5, "what was said last goes on counting"
    assert (
        "return x**2" not in (classroom / "autograded/ada/small_sums/assignment.ipynb").read_text()
    )
    room = open_classroom(classroom)
    assert len(kept_attempts(room, "ada", "small_sums")) == 2
    assert "return x**2" in (classroom / "submitted/ada/small_sums/assignment.ipynb").read_text()

    (classroom / "submitted/ada/small_sums/assignment.ipynb").write_text("broken")
    grade(classroom)
    assert score(classroom, "ada") == 5, "a broken attempt is not the best one"
    grade(classroom, "--count", "last", "--student", "grace")
    assert score(classroom, "grace") == 5


def test_the_attempt_that_counts_brings_its_own_time(classroom):
    with (classroom / "nbgrader_config.py").open("a") as config:
        config.write(ONE_DAY_LATE)
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment("small_sums", duedate="2026-03-03 12:00:00 UTC")
    submit(classroom, "ada", ALL_RIGHT, "2026-03-02 12:00:00 UTC")
    grade(classroom)
    submit(classroom, "ada", SQUARED, "2026-03-04 12:00:00 UTC")
    grade(classroom)

    def penalty() -> float:
        with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
            return gradebook.find_submission("small_sums", "ada").late_submission_penalty or 0

    assert penalty() == 1
    grade(classroom, "--count", "best")
    assert penalty() == 0


def test_changes_are_listed_by_name_and_not_written(classroom):
    submit(classroom, "ada", ALL_RIGHT)
    submit(classroom, "grace", SQUARED)
    grade(classroom)
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        by_hand = gradebook.find_grade("double", "assignment", "small_sums", "grace")
        by_hand.manual_score = 1.0
        gradebook.db.commit()
    submit(classroom, "ada", SQUARED)
    submit(classroom, "grace", ALL_RIGHT)
    submit(classroom, "linus", ALL_RIGHT)
    before = files_of(classroom)

    told = grade(classroom, "--dry-run")

    assert files_of(classroom) == before
    ada, grace, linus = (
        next(line for line in told.splitlines() if name in line)
        for name in ("Ada Lovelace", "Grace Hopper", "Linus Pauling")
    )
    assert [part in ada for part in (" 5 ", " 3 ", "double: 2 → 0 (squared)")] == [True] * 3
    assert "double: 0 → 2 (the 1 given by hand stays)" in " ".join(told.split())
    assert [grace.count(" 4 "), linus.count(" 5 ")] == [2, 1]
    assert "3 of 3 grades would change. Nothing was written" in told

    grade(classroom)
    assert (score(classroom, "ada"), score(classroom, "linus")) == (3, 5)
    assert "0 of 3 grades would change" in grade(classroom, "--dry-run")


def test_a_submission_that_cannot_be_graded_keeps_its_grade_and_is_told(classroom):
    submit(classroom, "ada", ALL_RIGHT)
    grade(classroom)
    (classroom / "submitted/ada/small_sums/assignment.ipynb").write_text("broken")
    told = " ".join(grade(classroom, "--dry-run").split())
    assert "Ada Lovelace" in told
    assert "kept" in told
    assert "not gradable: the file is not valid JSON" in told


def test_the_same_work_is_kept_once_and_links_are_not_followed(classroom):
    room = open_classroom(classroom)
    submit(classroom, "ada", ALL_RIGHT)
    folder = room.submitted_folder("ada", "small_sums")
    (folder / "notes.txt").symlink_to("/etc/passwd")
    for _ in range(2):
        keep_attempt(room, "ada", "small_sums")
    [kept] = kept_attempts(room, "ada", "small_sums")
    assert [path.name for path in kept.iterdir()] == ["assignment.ipynb"]
    (folder / "data.csv").write_text("1")
    keep_attempt(room, "ada", "small_sums")
    assert [path.name for path in kept_attempts(room, "ada", "small_sums")] == ["1", "2"]
