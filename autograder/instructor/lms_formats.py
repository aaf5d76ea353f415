"""Grades in the form that a learning management system imports.

Canvas: the columns Student, ID, SIS User ID, SIS Login ID, Section come first, and a row "Points
Possible" may follow the header; an assignment column that Canvas does not know becomes a new
assignment. A learner is found by ID, else SIS ids, else name (Canvas's GradebookImporter). The
roster's id stands as both SIS ids, and ID, which Canvas alone knows, is empty.

Moodle: as its own grade export has them, with a column "Assignment: NAME (Real)" for each
assignment. In the import one says which column finds the learner ("Email address" or "ID number")
and which grade item each assignment is (Moodle's Grade import).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

System = Literal["canvas", "moodle"]
Rows = list[list[str]]

CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE_COLUMNS = ("First name", "Last name", "ID number", "Email address")
CANVAS_POINTS = "    Points Possible"


def convert(grades: Iterable[Mapping[str, Any]], system: System) -> Rows:
    """Rows of the system's file from rows of `lepton class export`: one per student and
    assignment. Whoever has not handed in keeps what the system has."""
    rows = list(grades)
    students = {row["student_id"]: row for row in rows}
    assignments = {row["assignment"]: float(row["max_score"]) for row in rows}
    scores = {
        (row["student_id"], row["assignment"]): f"{round(float(row['score']), 2):g}"
        for row in rows
        if row["needs_manual_grade"]  # "yes" or "no" once there is a submission
    }
    return _SYSTEMS[system](list(students.values()), assignments, scores)


def write(rows: Rows, path: Path) -> None:
    """Writes the rows as CSV in UTF-8. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


Scores = Mapping[tuple[str, str], str]


def _canvas(
    students: Sequence[Mapping[str, Any]], assignments: Mapping[str, float], scores: Scores
) -> Rows:
    points = [f"{max_score:g}" for max_score in assignments.values()]
    rows = [[*CANVAS_COLUMNS, *assignments], [CANVAS_POINTS, "", "", "", "", *points]]
    for student in students:
        id_ = student["student_id"]
        name = ", ".join(filter(None, [student["last_name"], student["first_name"]]))
        earned = [scores.get((id_, assignment), "") for assignment in assignments]
        rows.append([name, "", id_, id_, "", *earned])
    return rows


def _moodle(
    students: Sequence[Mapping[str, Any]], assignments: Mapping[str, float], scores: Scores
) -> Rows:
    rows = [[*MOODLE_COLUMNS, *(f"Assignment: {name} (Real)" for name in assignments)]]
    for student in students:
        who = [student[key] for key in ("first_name", "last_name", "student_id", "email")]
        earned = [scores.get((student["student_id"], name), "-") for name in assignments]
        rows.append([*who, *earned])
    return rows


_SYSTEMS: Mapping[System, Callable[..., Rows]] = {"canvas": _canvas, "moodle": _moodle}
