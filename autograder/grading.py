"""`lepton class grade`: all submissions of an assignment, judged and written to the gradebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment import Assignment, load_assignment
from autograder.classroom import ClassError, Classroom, exclusive, programs_on_path
from autograder.judging import judge_run
from autograder.pool import Outcome, default_workers, run_all
from autograder.recording import NotRecorded, record
from autograder.results import ExerciseResult, SubmissionResult, not_gradable
from autograder.roster import read_roster
from autograder.submission import NotGradable, Restored


@dataclass(frozen=True)
class Batch:
    """What is to be graded, in the roster's order; strangers' folders come last."""

    assignment: str
    students: tuple[str, ...]
    strangers: tuple[str, ...]


def find_submissions(classroom: Classroom, assignment: str, only: Sequence[str] = ()) -> Batch:
    """Who has a folder `submitted/<student>/<assignment>`.

    only: consider these students alone. Raises ClassError when there is nothing to grade.
    """
    roster = [student.id for student in read_roster(classroom.roster_file)]
    for student in only:
        if student not in roster:
            raise ClassError(f"{student!r} is not in {classroom.roster_file}.")
    there = {
        folder.parent.name
        for folder in (classroom.root / "submitted").glob(f"*/{assignment}")
        if not folder.parent.name.startswith(".")
    }
    wanted = set(only) or there
    students = tuple(student for student in roster if student in there & wanted)
    strangers = () if only else tuple(sorted(there - set(roster)))
    if not students and not strangers:
        place = classroom.submitted_folder(only[0] if only else "STUDENT", assignment)
        raise ClassError(f"Nothing to grade: put notebooks at {place}/assignment.ipynb.")
    return Batch(assignment, students, strangers)


def grade(
    classroom: Classroom,
    batch: Batch,
    workers: int | None = None,
    report: Callable[[SubmissionResult], None] = lambda result: None,
) -> list[SubmissionResult]:
    """Grades a batch: runs `workers` notebooks at a time, judges, and writes the gradebook.

    report: called with each result as it comes. The list returned is in the batch's order.
    Raises ClassError before anything has changed.
    """
    programs_on_path()
    with exclusive(classroom):
        assignment = load_assignment(classroom, batch.assignment)
        grader = _Grader(classroom, assignment, report)
        for student in batch.strangers:
            grader.refuse(student, "not on the roster: add a line and run `lepton class create`")
        ready = grader.prepare(batch.students)
        workers = workers or default_workers(len(ready))
        threads = max(1, default_workers(64) // workers) if workers > 1 else None
        jobs = {
            student: assignment.job(restored.notebook, grader.folder(student), threads)
            for student, restored in ready.items()
        }
        for student, outcome in run_all(jobs, workers):
            grader.finish(student, ready[student], outcome)
    return [grader.results[student] for student in (*batch.students, *batch.strangers)]


class _Grader:
    """Collects one result per student; the only one that writes."""

    def __init__(
        self,
        classroom: Classroom,
        assignment: Assignment,
        report: Callable[[SubmissionResult], None],
    ) -> None:
        self.classroom = classroom
        self.assignment = assignment
        self.report = report
        self.results: dict[str, SubmissionResult] = {}

    def folder(self, student: str) -> Path:
        return self.classroom.submitted_folder(student, self.assignment.name)

    def prepare(self, students: Sequence[str]) -> dict[str, Restored]:
        """The submissions that can be run; the others get their line at once."""
        ready = {}
        for student in students:
            try:
                ready[student] = self.assignment.restored(self.folder(student))
            except NotGradable as error:
                self.refuse(student, str(error))
        return ready

    def refuse(self, student: str, reason: str) -> None:
        exercises = [
            ExerciseResult(question.name, 0.0, float(question.points))
            for question in self.assignment.questions.values()
        ]
        self._take(not_gradable(student, self.assignment.name, reason, exercises))

    def finish(self, student: str, restored: Restored, outcome: Outcome) -> None:
        """Judges what a run brought back, and writes it."""
        if isinstance(outcome, Exception):
            self.refuse(student, str(outcome))
            return
        judged = judge_run(outcome, self.assignment.questions, restored.repairs)
        try:
            record(self.classroom, self.assignment.name, student, restored.notebook, judged)
        except NotRecorded as error:
            self.refuse(student, f"nbgrader could not record it: {error}")
            return
        self._take(
            SubmissionResult(
                student=student,
                assignment=self.assignment.name,
                status=judged.status,
                score=judged.score,
                max_score=judged.max_score,
                reason=judged.reason,
                exercises=judged.exercises,
                seconds=judged.seconds,
            )
        )

    def _take(self, result: SubmissionResult) -> None:
        self.results[result.student] = result
        self.report(result)
