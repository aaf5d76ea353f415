"""`lepton class grade --dry-run`: the grades that would change, listed before any is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from rich.table import Table
from rich.text import Text

from autograder.classroom.course_folders import CourseFolders
from autograder.judging.results import ExerciseResult, SubmissionResult
from autograder.judging.results_table import console
from autograder.submissions.untrusted_outputs import printable


@dataclass(frozen=True)
class GradeChange:
    """One learner's score before and after, and the reasons, one a line.

    Scores are of the whole assignment, before any late penalty. `old` is None for a learner without
    a grade, and `new` is None for an ungradable submission, which keeps its grade.
    """

    student: str
    name: str
    old: float | None
    new: float | None
    why: tuple[str, ...]


def grade_changes(
    classroom: CourseFolders, assignment: str, results: Iterable[SubmissionResult]
) -> list[GradeChange]:
    """Return every learner whose grade would change, in the order of the results.

    Points given by hand take precedence over the judge's, and do not change.
    """
    course = classroom.course_directory(assignment)
    found = []
    with Gradebook(course.db_url, course.course_id) as gradebook:
        names = {
            s.id: f"{s.first_name or ''} {s.last_name or ''}".strip() for s in gradebook.students
        }
        for result in results:
            try:
                submission = gradebook.find_submission(assignment, result.student)
            except MissingEntry:
                submission = None
            change = _change(result, names.get(result.student, ""), submission)
            if change is not None:
                found.append(change)
    return found


def print_grade_changes(found: list[GradeChange], graded: int) -> None:
    """Print the changes as a table.

    graded: number of graded submissions, for the summary line.
    """
    if found:
        table = Table(title_justify="left")
        for column in ("student", "name"):
            table.add_column(column, no_wrap=True)
        for column in ("old", "new"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("why")
        for change in found:
            table.add_row(
                Text(printable(change.student)),
                Text(printable(change.name)),
                "–" if change.old is None else f"{change.old:g}",
                "kept" if change.new is None else f"{change.new:g}",
                Text("\n".join(map(printable, change.why))),
            )
        console().print(table)
    print(f"{len(found)} of {graded} grades would change. Nothing was written to the gradebook.")


def _change(
    result: SubmissionResult, name: str, submission: SubmittedAssignment | None
) -> GradeChange | None:
    if result.status == "not gradable":
        old = None if submission is None else round(float(submission.score), 2)
        return GradeChange(result.student, name, old, None, (f"not gradable: {result.reason}",))
    if submission is None:
        why = tuple(_in_words(e, None) for e in result.exercises)
        return GradeChange(result.student, name, None, result.score, why)
    grades = {grade.name: grade for book in submission.notebooks for grade in book.grades}
    why, new = [], float(submission.score)
    for exercise in result.exercises:
        grade = grades.get(exercise.name)
        before = float(grade.auto_score or 0) if grade is not None else 0.0
        if abs(before - exercise.points) < 1e-9:
            continue
        words = _in_words(exercise, before)
        if grade is not None and grade.manual_score is not None:
            words += f" (the {grade.manual_score:g} given by hand stays)"
        else:
            new += exercise.points - before
        why.append(words)
    if not why:
        return None
    return GradeChange(
        result.student, name, round(float(submission.score), 2), round(new, 2), tuple(why)
    )


def _in_words(exercise: ExerciseResult, before: float | None) -> str:
    points = f"{exercise.points:g}" if before is None else f"{before:g} → {exercise.points:g}"
    remarks = ", ".join(exercise.remarks)
    return f"{exercise.name}: {points}" + (f" ({remarks})" if remarks else "")
