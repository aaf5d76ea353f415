"""A class of this curriculum as a gradable course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.classroom import ClassError, Classroom, open_classroom
from autograder.classroom.roster import read_roster
from autograder.judging.assignment import Assignment, load_assignment
from autograder.judging.course import Batch


@dataclass(frozen=True)
class ClassCourse(Classroom):
    """A class whose submissions are judged by its secret questions."""

    keeps_attempts = True

    def assignment(self, name: str) -> Assignment:
        """Return one of the class's assignments. Raises ClassError."""
        return load_assignment(self, name)

    def find_submissions(self, assignment: str, only: Sequence[str] = ()) -> Batch:
        """Return the students who have a folder `submitted/<student>/<assignment>`.

        only: consider only these students. Raises ClassError when there is nothing to grade.
        """
        roster = [student.id for student in read_roster(self.roster_file)]
        for student in only:
            if student not in roster:
                raise ClassError(f"{student!r} is not in {self.roster_file}.")
        there = {
            folder.parent.name
            for folder in (self.root / "submitted").glob(f"*/{assignment}")
            if not folder.parent.name.startswith(".")
        }
        wanted = set(only) or there
        students = tuple(student for student in roster if student in there & wanted)
        strangers = () if only else tuple(sorted(there - set(roster)))
        if not students and not strangers:
            place = self.submitted_folder(only[0] if only else "STUDENT", assignment)
            raise ClassError(f"Nothing to grade: put notebooks at {place}/assignment.ipynb.")
        return Batch(assignment, students, strangers)


def open_class_course(root: Path) -> ClassCourse:
    """Return the class in a folder as a gradable course. Raises ClassError when there is none."""
    return ClassCourse(open_classroom(root).root)
