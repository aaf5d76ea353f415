"""A late submission loses points, by the rule in the class's `nbgrader_config.py`."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from conftest import CLONE
from nbgrader.api import Gradebook
from tiny_course import DOUBLE, TOTAL, answered, hand_in, write_curriculum, write_roster
from typer.testing import CliRunner

from autograder.cli.class_commands import class_app

A_POINT_A_DAY = """
from nbgrader.plugins import LateSubmissionPlugin


class PointADay(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late / 86400


c.AssignLatePenalties.plugin_class = PointADay
"""


@pytest.fixture
def classroom(tmp_path, monkeypatch) -> Path:
    """Due on the third at noon: grace hands in the day before, ada two days after."""
    path = os.pathsep.join(filter(None, [str(CLONE), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    classroom = tmp_path / "class"
    roster, curriculum = write_roster(tmp_path), write_curriculum(tmp_path)
    lepton_class("create", classroom, "--roster", roster, "--curriculum", curriculum)
    with (classroom / "nbgrader_config.py").open("a") as config:
        config.write(A_POINT_A_DAY)
    is_due(classroom, "2026-03-03 12:00:00 UTC")
    for student, day in (("grace", 2), ("ada", 5)):
        submitted = hand_in(
            classroom, student, answered(classroom, {"double": DOUBLE, "total": TOTAL})
        )
        submitted.with_name("timestamp.txt").write_text(f"2026-03-0{day} 12:00:00 UTC")
    return classroom


def lepton_class(*arguments: object) -> str:
    done = CliRunner().invoke(class_app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def is_due(classroom: Path, when: str) -> None:
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment("small_sums", duedate=when)


def penalties(classroom: Path) -> dict[str, float]:
    lepton_class("export", classroom)
    with (classroom / "grades.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["student_id"] != "linus"]
    assert all(
        float(row["score"]) == float(row["raw_score"]) - float(row["late_submission_penalty"])
        for row in rows
    )
    return {row["student_id"]: float(row["late_submission_penalty"]) for row in rows}


def test_a_penalty_stays_when_the_class_is_graded_again(classroom):
    grade = ("grade", classroom, "small_sums", "--workers", "1")
    lepton_class(*grade)
    assert penalties(classroom) == {"grace": 0, "ada": 2}
    assert "2 of them unchanged" in lepton_class(*grade)
    assert penalties(classroom) == {"grace": 0, "ada": 2}
    assert "0 of them unchanged" in lepton_class(*grade, "--force")
    assert penalties(classroom) == {"grace": 0, "ada": 2}


def test_another_due_date_or_rule_counts_when_the_class_is_graded_again(classroom):
    grade = ("grade", classroom, "small_sums", "--workers", "1")
    lepton_class(*grade)
    is_due(classroom, "2026-03-04 12:00:00 UTC")
    assert "2 of them unchanged" in lepton_class(*grade), "nothing is run again for it"
    assert penalties(classroom) == {"grace": 0, "ada": 1}
    config = classroom / "nbgrader_config.py"
    config.write_text(config.read_text().replace("/ 86400", "/ 43200"))
    lepton_class(*grade)
    assert penalties(classroom) == {"grace": 0, "ada": 2}
