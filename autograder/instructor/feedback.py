"""`lepton class feedback`: render each graded notebook as a page for its learner."""

from __future__ import annotations

from pathlib import Path

from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException

from autograder.classroom.classroom import NOTEBOOK, ClassError, Classroom, exclusive
from autograder.classroom.nbgrader_log import KeptLog
from autograder.instructor.formgrader_pages import renderer


def make_feedback(classroom: Classroom, assignment: str, student: str = "*") -> list[Path]:
    """Write `feedback/<student>/<assignment>/assignment.html` with nbgrader's converter.

    Return the pages. Raises ClassError when nothing has been graded or a page failed; other
    students' pages are still written.
    """
    with exclusive(classroom):
        if not list((classroom.root / "autograded").glob(f"{student}/{assignment}")):
            who = "" if student == "*" else f" of {student}"
            raise ClassError(f"No graded {assignment}{who}. Run `lepton class grade` first.")
        renderer.start()
        log = KeptLog("feedback")
        course = classroom.course_directory(assignment, student)
        converter = GenerateFeedback(
            coursedir=course, config=classroom.config(), log=log, force=True
        )
        try:
            converter.start()
        except NbGraderException as error:
            raise ClassError(f"Some feedback was not written: {log.cause()}") from error
    pages = (classroom.root / "feedback").glob(f"{student}/{assignment}/{NOTEBOOK}.html")
    return sorted(pages)
