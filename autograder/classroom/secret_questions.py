"""The class's own questions: cases drawn from its secret seed, kept in its private folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import lepton_course.exercises
from autograder.classroom.classroom import ClassError, Classroom
from lepton_course.exercises.compiled import compile_exercise, load_questions, save_questions
from lepton_course.exercises.declared import DECLARATIONS, load_exercises
from lepton_course.exercises.judge import Question
from lepton_course.exercises.remote import write_cases

ROUNDS = 3
"""How often each exercise's case generator is called for the grader; a check calls it once."""


def class_questions(
    classroom: Classroom, assignment: str, points: Mapping[str, float]
) -> dict[str, Question]:
    """The questions of an assignment, drawn from the class's seed.

    points: the points of each judged cell of the release, by name. They are what counts, so a
        curriculum that has changed since is refused.

    Drawing them runs the references and misconceptions, which takes seconds; the result is kept
    until the exercises, the code that draws them or the seed change.

    Raises ClassError when an exercise is missing or worth something else.
    """
    module = classroom.manifest().module_folder(assignment)
    key = questions_key(classroom, assignment)
    kept = classroom.private / "questions" / f"{assignment}-{key}.npz"
    try:
        questions = load_questions(kept)
    except (OSError, ValueError):
        exercises = load_exercises(module)
        _compare(points, {name: exercises[name].points for name in exercises}, module)
        questions = {
            name: compile_exercise(exercises[name], classroom.seed(), ROUNDS) for name in points
        }
        _keep(kept, questions)
    _compare(points, {name: questions[name].points for name in questions}, module)
    return questions


def answerable(question: Question, scratch: Path) -> bytes:
    """What the learner's process may see of a question: its inputs alone."""
    path = scratch / f"{question.name}.cases"
    write_cases(path, question)
    try:
        return path.read_bytes()
    finally:
        path.unlink()


def questions_key(classroom: Classroom, assignment: str) -> str:
    """Names all that the questions depend on, without giving the seed away."""
    module = classroom.manifest().module_folder(assignment)
    digest = hashlib.sha256(f"{classroom.seed()}/{ROUNDS}".encode())
    code = Path(lepton_course.exercises.__file__).parent
    declared = (module / DECLARATIONS).parent.glob("*.py")
    beside = [path for path in module.iterdir() if path.is_file() and path.suffix != ".ipynb"]
    for path in [*sorted(beside), *sorted(declared), *sorted(code.glob("*.py"))]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _compare(released: Mapping[str, float], declared: Mapping[str, float], file: Path) -> None:
    for name, points in released.items():
        if name not in declared:
            raise ClassError(f"{file} declares no exercise {name!r}, which was released.")
        if declared[name] != points:
            raise ClassError(
                f"{name} was released with {points:g} points, but {file} now says "
                f"{declared[name]:g}. Take the curriculum back to the release's version."
            )


def _keep(path: Path, questions: Mapping[str, Question]) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    for old in path.parent.glob(f"{path.name.rsplit('-', 1)[0]}-*.npz"):
        old.unlink(missing_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
    os.close(descriptor)
    save_questions(Path(name), list(questions.values()))
    os.replace(name, path)
