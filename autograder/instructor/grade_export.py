"""`lepton class export`: write the gradebook as one CSV table, with the roster's teams."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, MissingEntry, Student
from nbgrader.plugins import ExportPlugin
from traitlets import Unicode

from autograder.classroom.classroom import ClassError, Classroom
from autograder.classroom.nbgrader_log import KeptLog
from autograder.classroom.roster import read_roster
from autograder.classroom.spreadsheet_cells import safe_cell
from autograder.instructor import lms_formats as lms

COLUMNS = (
    "student_id",
    "first_name",
    "last_name",
    "email",
    "team",
    "assignment",
    "score",
    "max_score",
    "raw_score",
    "late_submission_penalty",
    "needs_manual_grade",
    "duedate",
    "timestamp",
)


class TeamExport(ExportPlugin):
    """nbgrader's CSV export, with teams, and with fields quoted where needed.

    One line for each student and assignment, without a timestamp if nothing was handed in. `score`
    is `raw_score` less the late penalty. `needs_manual_grade` is "yes" while an answer waits to be
    graded by hand.
    """

    roster = Unicode("", help="The class's roster, for the teams.").tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the grades to `self.to`, or to `grades.csv`."""
        rows = self.rows(gradebook)
        with open(self.to or "grades.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: safe_cell(cell) for key, cell in row.items()} for row in rows)

    def rows(self, gradebook: Gradebook) -> list[dict[str, Any]]:
        """Return the table's rows, as dictionaries by column."""
        teams = {s.id: s.team for s in read_roster(Path(self.roster))} if self.roster else {}
        return [
            {**_row(gradebook, assignment, student), "team": teams.get(student.id, "")}
            for assignment, student in self._pairs(gradebook)
        ]

    def _pairs(self, gradebook: Gradebook) -> Iterator[tuple[Assignment, Student]]:
        for assignment in gradebook.assignments:
            for student in gradebook.students:
                wanted = not self.student or student.id in [str(s) for s in self.student]
                if wanted and (not self.assignment or assignment.name in self.assignment):
                    yield assignment, student


def export(
    classroom: Classroom, to: Path, assignments: list[str], system: lms.System | None = None
) -> int:
    """Write the class's grades to a file; return the number of submissions to be graded by hand.

    system: the learning management system whose import format to use; None for nbgrader's table
    with teams.

    Raises ClassError when it cannot be written.
    """
    course = classroom.course_directory()
    plugin = TeamExport(config=classroom.config(), log=KeptLog("export"))
    plugin.to, plugin.assignment = str(to), assignments
    try:
        with Gradebook(course.db_url, course.course_id) as gradebook:
            for name in assignments:
                gradebook.find_assignment(name)
            rows = plugin.rows(gradebook)
            if system is None:
                plugin.export(gradebook)
            else:
                lms.write(lms.convert(rows, system), to)
            return sum(row["needs_manual_grade"] == "yes" for row in rows)
    except MissingEntry as error:
        raise ClassError(f"{error}.") from error
    except OSError as error:
        raise ClassError(f"{to} cannot be written: {error.strerror}.") from error


def _row(gradebook: Gradebook, assignment: Assignment, student: Student) -> dict[str, Any]:
    row = {
        "student_id": student.id,
        "first_name": student.first_name,
        "last_name": student.last_name,
        "email": student.email,
        "assignment": assignment.name,
        "max_score": assignment.max_score,
        "duedate": assignment.duedate,
        "raw_score": 0.0,
        "late_submission_penalty": 0.0,
        "score": 0.0,
        "needs_manual_grade": "",
        "timestamp": "",
    }
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return row
    penalty = submission.late_submission_penalty or 0.0
    return {
        **row,
        "raw_score": submission.score,
        "late_submission_penalty": penalty,
        "score": max(0.0, submission.score - penalty),
        "needs_manual_grade": "yes" if submission.needs_manual_grade else "no",
        "timestamp": submission.timestamp or "",
    }
