"""Grades in the formats that learning management systems import.

Canvas: the columns Student, ID, SIS User ID, SIS Login ID, Section come first, and a row "Points
Possible" may follow the header; an assignment column that Canvas does not know becomes a new
assignment. Canvas finds a learner by ID, else by SIS ids, else by name (Canvas's
GradebookImporter). The roster's id serves as both SIS ids; ID, which only Canvas knows, is empty.

Moodle: the columns of its own grade export, with "Assignment: NAME (Real)" for each assignment.
On import the teacher says which column identifies the learner ("Email address" or "ID number")
and which grade item each assignment is (Moodle's Grade import).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from autograder.classroom.spreadsheet_cells import safe_cell

System = Literal["canvas", "moodle"]
Rows = list[list[str]]

CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE_COLUMNS = ("First name", "Last name", "ID number", "Email address")
CANVAS_POINTS = "    Points Possible"


def convert(grades: Iterable[Mapping[str, Any]], system: System) -> Rows:
    """Return the rows of the system's file, header first.

    grades: rows of `lepton class export`, one per student and assignment. A learner who has not
    handed in keeps the grade that the system has.
    """
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
    """Write the rows as CSV in UTF-8. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([map(safe_cell, row) for row in rows])


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
