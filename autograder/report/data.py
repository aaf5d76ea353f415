"""The report's data, read from the gradebook, the graded notebooks and the submissions."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment

from autograder.classroom.classroom import (
    NOTEBOOK,
    ClassError,
    Classroom,
    default_curriculum,
)
from autograder.classroom.roster import Student, read_roster
from autograder.classroom.secret_questions import class_question_texts
from autograder.grading.attempts import kept_attempts
from autograder.judging.assignment import required_release
from autograder.report.progress_files import PROGRESS_FILE, opening_share, read_progress
from autograder.report.survey_sums import SurveyedModule
from autograder.submissions.cell_marks import judged_points, mark_of
from autograder.submissions.submission import VERDICT_KEY
from lepton_course.errors import problem_in_words
from lepton_course.progress.schema import ProgressHistory, SurveyAnswer
from lepton_course.survey.placement import load_placement
from lepton_course.syllabus import is_ready, load_syllabus

Status = Literal["graded", "waits for a grade by hand", "not graded", "not handed in"]


@dataclass(frozen=True)
class Item:
    """An exercise of the assignment, or a question that is graded by hand."""

    name: str
    title: str
    max_points: float
    by_hand: bool


@dataclass(frozen=True)
class Mistake:
    """A misconception of an exercise, with its sentence for the learner and where to read on."""

    exercise: str
    name: str
    sentence: str
    read: str


@dataclass(frozen=True)
class Learner:
    """A student of the roster with what they have earned.

    score: points that count, the late `penalty` already subtracted. points: by exercise; None until
        graded by hand. diagnoses: certain misconceptions, by exercise. possible: misconceptions
        that the answer only resembles, or shows in some cases. progress: the learner's own progress
        file, or None. opening: fraction of the opening quiz that was right, 0 to 1, or None if
        unknown. attempts: number of kept attempts. survey: answers about all modules, as recorded.
    """

    student: Student
    status: Status
    score: float = 0.0
    penalty: float = 0.0
    points: Mapping[str, float | None] = field(default_factory=dict)
    diagnoses: Mapping[str, str] = field(default_factory=dict)
    possible: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    progress: ProgressHistory | None = None
    opening: float | None = None
    attempts: int = 0
    survey: tuple[SurveyAnswer, ...] = ()

    @property
    def name(self) -> str:
        """Return the learner's full name, or the id if there is none."""
        return f"{self.student.first_name} {self.student.last_name}".strip() or self.student.id

    @property
    def has_points(self) -> bool:
        """Whether the learner has a grade, perhaps an incomplete one."""
        return self.status in ("graded", "waits for a grade by hand")


@dataclass(frozen=True)
class AssignmentData:
    """The data of one assignment. notes: a line for each file that could not be read.

    module: the id of the module that it belongs to.
    """

    name: str
    items: tuple[Item, ...]
    learners: tuple[Learner, ...]
    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...]
    module: str = ""

    @property
    def max_score(self) -> float:
        """The points of all items."""
        return sum(item.max_points for item in self.items)

    @property
    def graded(self) -> tuple[Learner, ...]:
        """Return the learners who have points."""
        return tuple(learner for learner in self.learners if learner.has_points)


def graded_assignments(classroom: Classroom) -> list[str]:
    """Return the assignments that have grades, in the course's order.

    Raises ClassError when there is none.
    """
    with _gradebook(classroom) as gradebook:
        graded = {a.name for a in gradebook.assignments if a.submissions}
    found = [name for name in classroom.manifest().modules if name in graded]
    if not found:
        raise ClassError("Nothing has been graded yet. Run `lepton class grade` first.")
    return found


def read_assignment(
    classroom: Classroom,
    name: str,
    opening: Mapping[str, float] | None = None,
    with_survey: bool = True,
) -> AssignmentData:
    """Read one assignment's results.

    opening: fractions (0 to 1) of an opening quiz by student id; they override progress files.
    with_survey: also what learners answered to the survey.

    Raises ClassError when there are no grades.
    """
    release = required_release(classroom, name)
    questions = class_question_texts(classroom, name, judged_points(release))
    module = classroom.manifest().modules[name]
    notes: list[str] = []
    learners = []
    with _gradebook(classroom) as gradebook:
        try:
            notebook = gradebook.find_notebook(NOTEBOOK, name)
        except MissingEntry as error:
            raise ClassError(f"No grades of {name}. Run `lepton class grade` first.") from error
        items = tuple(
            Item(
                cell.name,
                questions[cell.name].title
                if cell.name in questions
                else cell.name.replace("_", " "),
                float(cell.max_score),
                cell.name not in questions,
            )
            for cell in notebook.grade_cells
        )
        order = [mark_of(cell).grade_id for cell in release.cells]
        items = tuple(sorted(items, key=lambda item: order.index(item.name)))
        for student in read_roster(classroom.roster_file):
            recorded = _progress(classroom, student.id, name, notes)
            progress = recorded.of_module(module) if recorded else None
            try:
                submission = gradebook.find_submission(name, student.id)
            except MissingEntry:
                submission = None
            start = (opening or {}).get(student.id)
            if start is None and progress is not None:
                start = opening_share(progress)
            learner = _learner(classroom, student, name, submission)
            kept = len(kept_attempts(classroom, student.id, name))
            learner = replace(learner, progress=progress, opening=start, attempts=kept)
            learners.append(
                replace(learner, survey=recorded.survey if recorded and with_survey else ())
            )
    if not any(learner.has_points for learner in learners):
        raise ClassError(f"No grades of {name}. Run `lepton class grade` first.")
    mistakes = tuple(
        Mistake(question.name, mistake.name, mistake.sentence, mistake.read or question.read)
        for question in questions.values()
        for mistake in question.mistakes
    )
    return AssignmentData(name, items, tuple(learners), mistakes, tuple(notes), module)


def read_survey(classroom: Classroom, name: str) -> AssignmentData:
    """Read what learners answered to the survey in the files handed in with an assignment alone."""
    learners = []
    for student in read_roster(classroom.roster_file):
        recorded = _progress(classroom, student.id, name, [])
        learners.append(Learner(student, "not graded", survey=recorded.survey if recorded else ()))
    return AssignmentData(name, (), tuple(learners), (), ())


def surveyed_modules(classroom: Classroom) -> tuple[SurveyedModule, ...]:
    """Return the modules of the class's course that the survey asks about, in order."""
    curriculum = classroom.manifest().curriculum
    if not curriculum.is_dir():  # the clone has moved since
        curriculum = default_curriculum()
    if not (curriculum / "syllabus.yml").is_file():
        return ()
    return tuple(
        SurveyedModule(
            module.id,
            module.title,
            len(load_placement(curriculum / module.id)),
            module.prerequisites,
        )
        for module in load_syllabus(curriculum)
        if is_ready(module, curriculum)
    )


def read_opening(path: Path) -> dict[str, float]:
    """Read an opening quiz from a CSV file with the columns id,percent; return fractions (0 to 1).

    Raises ClassError with the line of the first mistake.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ClassError(f"{path} cannot be read: {problem_in_words(error)}.") from error
    shares = {}
    for line, row in enumerate(rows, 2):
        try:
            share = float(row["percent"] or "") / 100
        except (KeyError, ValueError) as error:
            raise ClassError(f"{path}, line {line}: expected the columns id,percent.") from error
        if not 0 <= share <= 1:
            raise ClassError(f"{path}, line {line}: {row['percent']} is not from 0 to 100.")
        shares[(row.get("id") or "").strip()] = share
    return shares


def _learner(
    classroom: Classroom,
    student: Student,
    assignment: str,
    submission: SubmittedAssignment | None,
) -> Learner:
    if submission is None:
        there = classroom.submitted_folder(student.id, assignment).exists()
        status: Status = "not graded" if there else "not handed in"
        return Learner(student, status)
    [notebook] = submission.notebooks
    points = {
        grade.name: None
        if grade.auto_score is None and grade.manual_score is None
        else float(grade.score)
        for grade in notebook.grades
    }
    penalty = float(submission.late_submission_penalty or 0)
    graded = classroom.autograded_folder(student.id, assignment) / f"{NOTEBOOK}.ipynb"
    return Learner(
        student,
        "waits for a grade by hand" if submission.needs_manual_grade else "graded",
        max(0.0, float(submission.score) - penalty),
        penalty,
        points,
        *_diagnoses(graded),
    )


def _diagnoses(graded: Path) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return a graded notebook's misconceptions by exercise: the certain and the possible ones."""
    try:
        cells = json.loads(graded.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}, {}
    found = {
        mark_of(cell).grade_id: cell["metadata"][VERDICT_KEY]
        for cell in cells
        if VERDICT_KEY in cell["metadata"]
    }
    likely = {name: verdict.get("diagnosis") for name, verdict in found.items()}
    possible = {name: tuple(verdict.get("possible", ())) for name, verdict in found.items()}
    return (
        {name: mistake for name, mistake in likely.items() if mistake},
        {name: mistakes for name, mistakes in possible.items() if mistakes},
    )


def _progress(
    classroom: Classroom, student: str, assignment: str, notes: list[str]
) -> ProgressHistory | None:
    """Return a learner's progress, or None, adding unreadable files to `notes`.

    It is in the submission, or the instructor has put it into the class's folder `progress`.
    """
    places = (
        classroom.root / "progress" / f"{student}.json",
        classroom.submitted_folder(student, assignment) / PROGRESS_FILE,
    )
    for path in places:
        if path.exists() or path.is_symlink():
            try:
                return read_progress(path)
            except (OSError, ValueError) as error:
                notes.append(
                    f"The progress file of {student} was not read: {problem_in_words(error)}."
                )
    return None


@contextmanager
def _gradebook(classroom: Classroom) -> Iterator[Gradebook]:
    course = classroom.course_directory()
    with Gradebook(course.db_url, course.course_id) as gradebook:
        yield gradebook
