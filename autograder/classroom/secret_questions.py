"""A class's secret questions: cases drawn from its seed and kept in its private folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from autograder.classroom.classroom import ClassError, Classroom
from autograder.curriculum.compiling import (
    CompilePool,
    CompileTask,
    compile_to_file,
    longest_first,
)
from autograder.curriculum.content_key import exercise_keys
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.compiled import QuestionText, load_question_texts, load_questions
from lepton_course.exercises.model import Question
from lepton_course.exercises.remote import write_cases

ROUNDS = 3
"""Calls of an exercise's case generator for the grader; a learner's check calls it once."""

MAX_IN_PROCESS = 2
"""Number of exercises drawn in this process; for so few, starting others would take as long."""

Loaded = TypeVar("Loaded", Question, QuestionText)


def class_questions(
    classroom: Classroom,
    assignment: str,
    points: Mapping[str, float],
    keys: Mapping[str, str] | None = None,
) -> dict[str, Question]:
    """Return an assignment's questions, drawn from the class's secret seed, by exercise name.

    points: the points of each judged cell of the release, by exercise name. The release counts: a
        curriculum that has changed the points since is refused.
    keys: their `question_keys`, if they are known.

    Drawing runs references and misconceptions, which takes seconds, so exercises are drawn in
    parallel. A question is kept until the seed or anything that the exercise depends on changes.

    Raises ClassError when an exercise is missing, has other points, or cannot be drawn.
    """
    keys = keys or question_keys(classroom, assignment, points)
    return _kept_or_drawn(classroom, assignment, points, keys, load_questions)


def class_question_texts(
    classroom: Classroom, assignment: str, points: Mapping[str, float]
) -> dict[str, QuestionText]:
    """Return what the questions of `class_questions` say; no case is read. Raises ClassError."""
    keys = question_keys(classroom, assignment, points)
    return _kept_or_drawn(classroom, assignment, points, keys, load_question_texts)


def question_keys(classroom: Classroom, assignment: str, names: Iterable[str]) -> dict[str, str]:
    """Return, by name, a key of all that a question depends on; it does not reveal the seed."""
    module = classroom.manifest().module_folder(assignment)
    start = f"{classroom.seed()}/{ROUNDS}/"
    return {
        name: hashlib.sha256(f"{start}{key}".encode()).hexdigest()[:16]
        for name, key in exercise_keys(module, names).items()
    }


def _kept_or_drawn(
    classroom: Classroom,
    assignment: str,
    points: Mapping[str, float],
    keys: Mapping[str, str],
    load: Callable[[Path], dict[str, Loaded]],
) -> dict[str, Loaded]:
    module = classroom.manifest().module_folder(assignment)
    folder = classroom.private / "questions" / assignment
    files = {name: folder / f"{name}-{keys[name]}.npz" for name in points}
    kept = {name: question for name, file in files.items() if (question := _kept(file, name, load))}
    missing = [
        CompileTask(module, name, files[name], classroom.seed(), ROUNDS)
        for name in points
        if name not in kept
    ]
    if missing:
        _draw(missing, points, module)
        _remove_others(folder, set(files.values()))
    questions = {name: kept.get(name) or load(files[name])[name] for name in points}
    _compare(points, {name: questions[name].points for name in questions}, module)
    return questions


def question_inputs(question: Question, scratch: Path) -> bytes:
    """Return a question's inputs as bytes: all that the learner's process may see of it."""
    path = scratch / f"{question.name}.cases"
    write_cases(path, question)
    try:
        return path.read_bytes()
    finally:
        path.unlink()


def joint_key(keys: Mapping[str, str]) -> str:
    """Return one key for all questions that have these `question_keys`."""
    lines = [f"{name} {key}" for name, key in keys.items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _kept(file: Path, name: str, load: Callable[[Path], dict[str, Loaded]]) -> Loaded | None:
    try:
        return load(file)[name]
    except (OSError, ValueError, KeyError):
        return None


def _draw(tasks: Sequence[CompileTask], points: Mapping[str, float], module: Path) -> None:
    """Draw the missing questions into their files. Raises ClassError."""
    exercises = load_exercises(module)
    _compare(points, {name: exercises[name].points for name in exercises}, module)
    with CompilePool() as pool:
        few = ((task, compile_to_file(task, exercises)) for task in tasks)
        many = (
            pool.run(compile_to_file, longest_first(tasks)) if len(tasks) > MAX_IN_PROCESS else few
        )
        for task, problem in many:
            if problem:
                raise ClassError(f"{module}: the cases of {task.name} cannot be drawn: {problem}")


def _compare(released: Mapping[str, float], declared: Mapping[str, float], file: Path) -> None:
    for name, points in released.items():
        if name not in declared:
            raise ClassError(f"{file} declares no exercise {name!r}, which was released.")
        if declared[name] != points:
            raise ClassError(
                f"{name} was released with {points:g} points, but {file} now says "
                f"{declared[name]:g}. Take the curriculum back to the release's version."
            )


def _remove_others(folder: Path, files: set[Path]) -> None:
    """Remove outdated questions, also the one file per assignment that older versions wrote."""
    one_file = re.compile(rf"{re.escape(folder.name)}-[0-9a-f]{{16}}\.npz")
    former = [path for path in folder.parent.glob("*.npz") if one_file.fullmatch(path.name)]
    for path in [*folder.glob("*.npz"), *former]:
        if path not in files:
            path.unlink(missing_ok=True)
