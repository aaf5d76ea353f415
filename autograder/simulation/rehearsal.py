"""A simulated class to practise with: people, answers with real mistakes, progress files.

The same student always makes the same mistakes. Harder exercises go wrong more often, and some
teams know more than others, so that a report has something to show.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import numpy as np
from nbgrader.auth import Authenticator
from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeFetchAssignment, ExchangeSubmit

from autograder.classroom.classroom import NOTEBOOK, ClassError, Classroom
from autograder.classroom.nbgrader_log import KeptLog
from autograder.classroom.roster import Student, read_roster
from autograder.instructor.exchange import check_assignment
from autograder.report.data import surveyed_modules
from autograder.report.progress_files import PROGRESS_FILE
from autograder.report.survey_sums import SurveyedModule
from autograder.simulation.answer_sources import solutions, standalone_source
from autograder.simulation.simulated_answers import named, with_answers
from autograder.simulation.simulated_survey import simulated_survey
from autograder.submissions.cell_marks import cells_with_id, judged_points, mark_of
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.model import Exercise
from lepton_course.progress.schema import Answer, Attempt, Record, history_of, to_document

_PEOPLE = """Ada Lovelace, Satyendra Bose, Marie Curie, Edsger Dijkstra, Emmy Noether,
Rosalind Franklin, Grace Hopper, Dorothy Hodgkin, Inés Cifuentes, Katherine Johnson, Alan Turing,
Chien-Shiung Wu, Mary Somerville, Sofia Kovalevskaya, Hedy Lamarr, Lise Meitner, Max Planck,
Richard Feynman, Barbara McClintock, Tu Youyou, Jagadish Bose, Ibn al-Haytham, Mae Jemison,
Niels Bohr, Rita Levi-Montalcini, Srinivasa Ramanujan, Vera Rubin, Wangari Maathai, Hypatia Theon,
Leonhard Euler"""
_TEAMS = {"Claims": 0.9, "Logistics": -0.5, "Pricing": 0.5, "Research": 1.4, "Service": -0.2}
_OPEN_ANSWER = "I would measure it on held-out data first, and tell what it cannot show."
_QUESTIONS = 5


@dataclass(frozen=True)
class Work:
    """The work that a simulated learner hands in: a notebook and a progress file, as bytes."""

    notebook: bytes
    progress: bytes


def simulated_roster(count: int) -> list[Student]:
    """Return `count` people of five teams. From the 31st on they are numbered."""
    names = [name.strip().rpartition(" ") for name in _PEOPLE.split(",")]
    students = []
    for index in range(count):
        first, _, last = names[index % len(names)]
        round_ = index // len(names)
        number = str(round_ + 1) if round_ else ""
        id_ = f"{first[0]}{last}{number}".lower().replace("-", "").replace("é", "e")
        last = f"{last} {number}".strip()
        team = list(_TEAMS)[index * 7 % len(_TEAMS) if index % 3 else index % 2]
        students.append(Student(id_, first, last, f"{id_}@example.org", team))
    return students


def hand_in_simulated_work(classroom: Classroom, assignment: str, learners: Path) -> int:
    """Have every student of the roster fetch the assignment, answer it and hand it in.

    learners: gets a folder for each student, like a home folder. Returns the number of students.
    Raises ClassError when the exchange refuses.
    """
    check_assignment(classroom, assignment)
    students = read_roster(classroom.roster_file)
    for student, work in simulated_work(classroom, assignment, students).items():
        home = learners / student
        home.mkdir(parents=True, exist_ok=True)
        folder = home / assignment
        try:
            if not folder.exists():
                _at_exchange(ExchangeFetchAssignment, classroom, assignment, student, home)
            (folder / f"{NOTEBOOK}.ipynb").write_bytes(work.notebook)
            (folder / PROGRESS_FILE).write_bytes(work.progress)
            _at_exchange(ExchangeSubmit, classroom, assignment, student, home)
        except ExchangeError as error:
            raise ClassError(
                f"{student} could not hand in: {error}. `lepton class release` comes first."
            ) from error
    return len(students)


def simulated_work(
    classroom: Classroom, assignment: str, students: Sequence[Student]
) -> dict[str, Work]:
    """Return the work that each student hands in, by id."""
    release = nbformat.read(classroom.release_notebook(assignment), as_version=4)
    source = nbformat.read(classroom.source_folder(assignment) / f"{NOTEBOOK}.ipynb", as_version=4)
    declared = load_exercises(classroom.manifest().module_folder(assignment))
    exercises = {name: declared[name] for name in judged_points(release)}
    right = {
        grade_id: _OPEN_ANSWER if _is_open(release, grade_id) else text
        for grade_id, text in solutions(source).items()
    }
    wrong = {name: _mistakes(exercise) for name, exercise in exercises.items()}
    module = classroom.manifest().modules[assignment]
    asked = surveyed_modules(classroom)
    return {
        student.id: _work(student, release, exercises, right, wrong, module, asked)
        for student in students
    }


def _work(
    student: Student,
    release: nbformat.NotebookNode,
    exercises: Mapping[str, Exercise],
    right: Mapping[str, str],
    wrong: Mapping[str, Mapping[str, str]],
    module: str,
    asked: Sequence[SurveyedModule],
) -> Work:
    seed = hashlib.sha256(student.id.encode()).digest()
    rng = np.random.default_rng(np.frombuffer(seed, dtype=np.uint32))
    ability = rng.normal() + _TEAMS.get(student.team, 0.0)
    answers = dict(right)
    progress = _SimulatedProgress(module, rng)
    for number in range(1, _QUESTIONS + 1):
        progress.answer(f"quiz {number}", bool(rng.random() < _logistic(0.8 * ability - 0.6)))
    for name, exercise in exercises.items():
        answer, mistakes = f"{name}-answer", list(wrong[name])
        weights = 0.4 ** np.arange(len(mistakes))
        chance = _logistic(1.1 * ability + 0.7 * (3.2 - exercise.difficulty) + 0.6)
        solved = rng.random() < chance
        slips = int(rng.geometric(0.2 + 0.4 * chance)) - 1 if solved else 1 + int(rng.integers(6))
        slip = str(rng.choice(mistakes, p=weights / weights.sum())) if mistakes else None
        for _ in range(slips):
            progress.attempt(name, False, slip, exercise.points)
        if solved:
            progress.attempt(name, True, None, exercise.points)
        elif slip and rng.random() < 0.8:
            answers[answer] = wrong[name][slip]
        else:
            answers.pop(answer, None)
    records = [*progress.records, *simulated_survey(student, asked, module, ability)]
    return Work(with_answers(release, answers), to_document(history_of(records)))


class _SimulatedProgress:
    """A learner's progress in one module, in simulated time."""

    def __init__(self, module: str, rng: np.random.Generator) -> None:
        self.module, self.rng = module, rng
        self.time = datetime(2026, 3, 2, 18, tzinfo=UTC)
        self.records: list[Record] = []

    def answer(self, question: str, right: bool) -> None:
        """Record an answer to a quiz question."""
        choice = "a" if right else "b"
        self.records.append(Answer(self._later(40), self.module, question, choice, right))

    def attempt(self, exercise: str, right: bool, diagnosis: str | None, points: float) -> None:
        """Record an attempt at an exercise."""
        status, earned = ("right", points) if right else ("wrong", 0)
        now = self._later(300)
        self.records.append(Attempt(now, self.module, exercise, status, diagnosis, earned, points))

    def _later(self, seconds: float) -> datetime:
        """Advance the clock by a random time, on average this many seconds, and return it."""
        self.time += timedelta(seconds=1 + round(float(self.rng.gamma(2.0, seconds / 2))))
        return self.time


def _mistakes(exercise: Exercise) -> dict[str, str]:
    """Return the exercise's misconceptions as answers, by name."""
    sources = {m.name: standalone_source(m.implementation) for m in exercise.misconceptions}
    return {name: named(source, exercise.name) for name, source in sources.items() if source}


def _is_open(release: nbformat.NotebookNode, grade_id: str) -> bool:
    [cell] = cells_with_id(release, grade_id)
    return mark_of(cell).is_open


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _at_exchange(
    step: type, classroom: Classroom, assignment: str, student: str, home: Path
) -> None:
    """Perform one of nbgrader's steps as a learner whose home folder is `home`."""
    course = classroom.course_directory(assignment, student)
    config = classroom.config()
    log = KeptLog("exchange")
    exchange = step(coursedir=course, authenticator=Authenticator(config=config), config=config)
    exchange.log = log
    exchange.assignment_dir, exchange.cache = str(home), str(home / ".nbgrader_cache")
    exchange.start()
