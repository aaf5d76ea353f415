"""`lepton demo`: a simulated class, from roster to grades, compared with what is expected of it."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich.table import Table
from rich.text import Text

from autograder.classroom.classroom import NOTEBOOK, Classroom, default_curriculum
from autograder.classroom.roster import Student, read_roster, write_roster
from autograder.grading.batch import Options, grade
from autograder.instructor.class_creation import create_classroom
from autograder.instructor.feedback import make_feedback
from autograder.instructor.grade_export import export
from autograder.judging.class_course import ClassCourse
from autograder.judging.results import Status, SubmissionResult
from autograder.judging.results_table import console
from autograder.report.data import surveyed_modules
from autograder.report.progress_files import PROGRESS_FILE
from autograder.simulation.answer_sources import solutions, standalone_source
from autograder.simulation.simulated_answers import (
    alternative_answers,
    answers_before,
    is_trained,
    named,
    with_answers,
)
from autograder.simulation.simulated_survey import simulated_survey
from autograder.submissions.cell_marks import judged_points, mark_of
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.model import Exercise
from lepton_course.progress.schema import history_of, to_document

ASSIGNMENT = "tensors_and_gradients"
# Two teams of five, the fewest of whose answers a report shows the sum.
PEOPLE = (
    ("ada", "Ada", "Lovelace", "Engines"),
    ("bose", "Satyendra", "Bose", "Matter"),
    ("curie", "Marie", "Curie", "Matter"),
    ("dijkstra", "Edsger", "Dijkstra", "Engines"),
    ("emmy", "Emmy", "Noether", "Engines"),
    ("franklin", "Rosalind", "Franklin", "Matter"),
    ("grace", "Grace", "Hopper", "Engines"),
    ("hodgkin", "Dorothy", "Hodgkin", "Matter"),
    ("ines", "Inés", "Cifuentes", "Matter"),
    ("johnson", "Katherine", "Johnson", "Engines"),
)


@dataclass(frozen=True)
class DemoSubmission:
    """A simulated submission and its expected result.

    full_marks, no_points: the expected score; if both are false, something between.
    diagnoses: the misconceptions that should be named, by exercise.
    """

    story: str
    content: bytes
    status: Status = "graded"
    full_marks: bool = False
    no_points: bool = False
    diagnoses: Mapping[str, str] = field(default_factory=dict)

    def agrees(self, result: SubmissionResult) -> bool:
        """Return whether a result is as expected."""
        likely = {e.name: e.diagnosis for e in result.exercises if e.diagnosis}
        told = {(e.name, m) for e in result.exercises for m in (e.diagnosis, *e.possible)}
        full, none = result.score == result.max_score, result.score == 0
        return (
            result.status == self.status
            and likely.items() <= self.diagnoses.items() <= told
            and full == self.full_marks
            and none == self.no_points
        )


def run_demo(
    folder: Path | None,
    workers: int | None,
    progress: Callable[[int], AbstractContextManager[Callable[[SubmissionResult], None]]],
    curriculum: Path | None = None,
    assignment: str = ASSIGNMENT,
) -> bool:
    """Make, grade and export the class; print a table; return whether all results are as expected.

    folder: where to keep the class; None for a temporary folder. Raises ClassError.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        if folder is None:
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix="lepton-demo-"))
            folder = Path(name) / "class"
        classroom = _make_class(folder, curriculum or default_curriculum())
        submissions = demo_submissions(classroom, assignment)
        for student, submission in submissions.items():
            place = classroom.submitted_folder(student, assignment)
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{NOTEBOOK}.ipynb").write_bytes(submission.content)
        _hand_in_surveys(classroom, assignment)
        print(f"A class of {len(submissions)} has handed in {assignment}. Grading …")
        course = ClassCourse(classroom.root)
        batch = course.find_submissions(assignment)
        with progress(len(submissions)) as report:
            results = grade(course, batch, Options(workers), report).results
        pages = make_feedback(classroom, assignment)
        export(classroom, classroom.root / "grades.csv", [assignment])
        console().print(_table(submissions, results))
        print(f"{len(pages)} feedback pages; grades.csv:")
        print((classroom.root / "grades.csv").read_text(encoding="utf-8"), end="")
    as_expected = all(submissions[result.student].agrees(result) for result in results)
    verdict = "All as expected" if as_expected else "NOT as expected"
    print(f"{verdict}, in {time.monotonic() - started:.0f} s.")
    return as_expected


def demo_submissions(classroom: Classroom, assignment: str) -> dict[str, DemoSubmission]:
    """Return ten submissions by student: right ones, wrong ones, and damaged files."""
    release = nbformat.read(classroom.release_notebook(assignment), as_version=4)
    source = nbformat.read(classroom.source_folder(assignment) / f"{NOTEBOOK}.ipynb", as_version=4)
    exercises = load_exercises(classroom.manifest().module_folder(assignment))
    judged = list(judged_points(release))
    graded = {name: exercises[name] for name in judged}
    right = solutions(source)
    # Training takes most of a submission's time; two that train suffice for a demo.
    trained = [name for name, exercise in graded.items() if is_trained(exercise)]
    slow = [answer_id for name in trained for answer_id in answers_before(release, name)]
    quick = {answer_id: text for answer_id, text in right.items() if answer_id not in slow}

    stories = [
        DemoSubmission("the solutions", with_answers(release, right), full_marks=True),
        DemoSubmission(
            "another way, also right",
            with_answers(release, {**right, **alternative_answers(graded)}),
            full_marks=True,
        ),
        *_mistaken(release, graded, quick),
        DemoSubmission("not touched", with_answers(release, {}), no_points=True),
        DemoSubmission(
            "crashes half-way",
            with_answers(release, {**quick, f"{judged[len(judged) // 2]}-answer": _CRASH}),
            status="partly graded",
        ),
        DemoSubmission(
            "a file cut off",
            with_answers(release, quick)[:1000],
            status="not gradable",
            no_points=True,
        ),
        DemoSubmission(
            "a check cell deleted",
            _without_cell(with_answers(release, quick), judged[0]),
            status="partly graded",
            full_marks=len(quick) == len(right),
        ),
    ]
    return dict(zip((person[0] for person in PEOPLE), stories, strict=False))


_CRASH = "import os\n\nos._exit(1)"


def _make_class(folder: Path, curriculum: Path) -> Classroom:
    students = [
        Student(id_, first, last, f"{id_}@example.org", team) for id_, first, last, team in PEOPLE
    ]
    with tempfile.TemporaryDirectory() as name:
        roster = Path(name) / "roster.csv"
        write_roster(roster, students)
        return create_classroom(folder, roster, curriculum).classroom


def _hand_in_surveys(classroom: Classroom, assignment: str) -> None:
    """Put a progress file beside each submission that holds nothing but answers to the survey."""
    module, asked = classroom.manifest().modules[assignment], surveyed_modules(classroom)
    for student in read_roster(classroom.roster_file):
        folder = classroom.submitted_folder(student.id, assignment)
        if folder.is_dir():
            said = history_of(simulated_survey(student, asked, module))
            (folder / PROGRESS_FILE).write_bytes(to_document(said))


def _mistaken(
    release: NotebookNode, exercises: Mapping[str, Exercise], right: Mapping[str, str]
) -> Iterable[DemoSubmission]:
    """Return four submissions with one mistake each, in different exercises if there are enough.

    Exercises that later answers build on are left out, since those would be wrong as well.
    """
    found = []
    for rank in range(4):
        for name, exercise in exercises.items():
            others = [text for answer_id, text in right.items() if answer_id != f"{name}-answer"]
            if is_trained(exercise) or any(re.search(rf"\b{name}\b", text) for text in others):
                continue
            mistakes = [
                (mistake, source)
                for mistake in exercise.misconceptions
                if (source := standalone_source(mistake.implementation))
            ]
            if rank < len(mistakes):
                found.append((name, *mistakes[rank]))
    for name, mistake, source in found[:4]:
        answers = {**right, f"{name}-answer": named(source, name)}
        yield DemoSubmission(
            f"one mistake: {mistake.name}",
            with_answers(release, answers),
            diagnoses={name: mistake.name},
        )


def _without_cell(content: bytes, grade_id: str) -> bytes:
    notebook = nbformat.reads(content.decode(), as_version=4)
    notebook.cells = [cell for cell in notebook.cells if mark_of(cell).grade_id != grade_id]
    return nbformat.writes(notebook).encode()


def _table(submissions: Mapping[str, DemoSubmission], results: Iterable[SubmissionResult]) -> Table:
    table = Table()
    for name in ("student", "handed in", "status"):
        table.add_column(name)
    table.add_column("score", justify="right", no_wrap=True)
    for name in ("diagnosed, or reason", "expected"):
        table.add_column(name)
    for result in results:
        submission = submissions[result.student]
        found = [f"{e.name}: {', '.join(e.remarks)}" for e in result.exercises if e.remarks]
        agrees = submission.agrees(result)
        table.add_row(
            result.student,
            submission.story,
            result.status,
            f"{result.score:g} / {result.max_score:g}",
            Text("\n".join([*found, *([result.reason] if result.reason else [])])),
            Text("yes" if agrees else "NO", style="green" if agrees else "bold red"),
        )
    return table
