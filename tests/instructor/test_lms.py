"""Grades as Canvas and Moodle import them, read the way they read them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from autograder.instructor.lms_formats import convert, write


def row(student: str, assignment: str, score: float, waiting: str = "no") -> dict[str, object]:
    first, last = {"ada": ("Ada", "Lovelace"), "ines": ("Inés", 'de la "Paz", C.')}[student]
    return {
        "student_id": student, "first_name": first, "last_name": last,
        "email": f"{student}@example.org", "team": "T", "assignment": assignment,
        "score": score, "max_score": 6.0, "needs_manual_grade": waiting,
    }  # fmt: skip


GRADES = [
    row("ada", "small_sums", 4.666666),
    row("ines", "small_sums", 0.0, waiting=""),  # has not handed in
    row("ada", "large_sums", 0.0),
    row("ines", "large_sums", 3.0, waiting="yes"),
]


def written(system: str, folder: Path) -> list[list[str]]:
    path = folder / "grades.csv"
    write(convert(GRADES, system), path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def canvas_import(rows: list[list[str]]) -> tuple[dict[str, float], dict[tuple[str, str], str]]:
    """Points by assignment, and scores by SIS login and assignment, as Canvas's importer finds
    them: it wants Student, then ID; drops what is before and including Section; and takes a row
    with "Points Possible" for no student."""
    header, *rest = rows
    assert len(header) > 3
    assert "Student" in header[0]
    assert "ID" in header[1]
    assert re.search(r"SIS\s+User\s+ID", header[2])
    assert re.search(r"SIS\s+Login\s+ID", header[3])
    assert "Section" in header[4]
    assignments = header[5:]
    points: dict[str, float] = {}
    scores = {}
    for line in rest:
        assert len(line) == len(header)
        if "Points Possible" in line[0]:
            points = dict(zip(assignments, map(float, line[5:]), strict=True))
            continue
        scores |= {(line[3], name): s for name, s in zip(assignments, line[5:], strict=True)}
    return points, scores


def test_canvas_finds_assignments_learners_and_scores(tmp_path):
    rows = written("canvas", tmp_path)
    points, scores = canvas_import(rows)
    assert points == {"small_sums": 6, "large_sums": 6}
    assert scores == {
        ("ada", "small_sums"): "4.67", ("ada", "large_sums"): "0",
        ("ines", "small_sums"): "", ("ines", "large_sums"): "3",
    }  # fmt: skip
    assert [line[0] for line in rows[2:]] == ["Lovelace, Ada", 'de la "Paz", C., Inés']


def test_a_canvas_row_belongs_to_its_learner_by_the_rosters_id(tmp_path):
    rows = written("canvas", tmp_path)
    assert [line[1:5] for line in rows[2:]] == [["", "ada", "ada", ""], ["", "ines", "ines", ""]]


def test_moodle_finds_learners_and_grade_items(tmp_path):
    header, *rows = written("moodle", tmp_path)
    assert header[:4] == ["First name", "Last name", "ID number", "Email address"]
    items = [re.fullmatch(r"Assignment: (\w+) \(Real\)", title)[1] for title in header[4:]]
    assert items == ["small_sums", "large_sums"]
    grades = {(line[3], name): s for line in rows for name, s in zip(items, line[4:], strict=True)}
    assert grades == {
        ("ada@example.org", "small_sums"): "4.67", ("ada@example.org", "large_sums"): "0",
        ("ines@example.org", "small_sums"): "-", ("ines@example.org", "large_sums"): "3",
    }  # fmt: skip


@pytest.mark.parametrize("system", ["canvas", "moodle"])
def test_nobody_is_given_a_zero_for_not_handing_in(system, tmp_path):
    [ines] = [line for line in written(system, tmp_path) if "ines" in line]
    assert ines[-2] in ("", "-")
