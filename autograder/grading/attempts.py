"""A learner's attempts at an assignment: all are kept, and the last or the best one counts.

attempts/<student>/<assignment>/1, 2, …    copies of what was handed in, oldest first

`submitted/` holds the last one, as nbgrader expects.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from autograder.classroom.classroom import ClassError
from autograder.classroom.course_folders import CourseFolders
from autograder.grading.batch import Options, grade
from autograder.judging.course import Batch, Course
from autograder.judging.results import Grading, SubmissionResult
from autograder.submissions.submission import submitted_notebooks
from autograder.submissions.untrusted_files import copy_files, hash_files

Count = Literal["last", "best"]


def kept_attempts(classroom: CourseFolders, student: str, assignment: str) -> list[Path]:
    """Return the folders of a student's attempts, oldest first."""
    folder = classroom.root / "attempts" / student / assignment
    numbered = [path for path in folder.glob("*") if path.name.isdigit()]
    return sorted(numbered, key=lambda path: int(path.name))


def keep_attempt(
    classroom: CourseFolders, student: str, assignment: str, folder: Path | None = None
) -> None:
    """Copy what a student has handed in to the attempts, unless the same content is already kept.

    folder: where the submission is; None for its place in `submitted/`. Links are not followed.
    """
    folder = folder or classroom.submitted_folder(student, assignment)
    if folder.is_symlink() or not folder.is_dir():
        return
    kept = kept_attempts(classroom, student, assignment)
    digest = _digest(folder)
    if any(_digest(attempt) == digest for attempt in kept):
        return
    place = classroom.root / "attempts" / student / assignment
    place.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=place, prefix=".part-"))
    try:
        copy_files([folder], partial)
        for notebook in submitted_notebooks(folder):
            shutil.copyfile(notebook, partial / notebook.name)
        os.rename(partial, place / str(int(kept[-1].name) + 1 if kept else 1))
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def counted_attempt(classroom: CourseFolders, assignment: str) -> Count:
    """Return which attempt counts for an assignment: as last set, or the last one by default."""
    try:
        said = json.loads(_settings(classroom).read_text(encoding="utf-8")).get(assignment)
    except (OSError, ValueError, AttributeError):
        return "last"
    return "best" if said == "best" else "last"


def set_counted_attempt(classroom: CourseFolders, assignment: str, count: Count) -> None:
    """Set which attempt counts for an assignment."""
    path = _settings(classroom)
    try:
        settings = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        settings = {}
    path.write_text(json.dumps({**settings, assignment: count}) + "\n", encoding="utf-8")


def grade_attempts(
    classroom: Course,
    batch: Batch,
    options: Options,
    count: Count,
    report: Callable[[SubmissionResult], None] = lambda result: None,
) -> Grading:
    """Keep every attempt, and grade the one that counts.

    The best attempt is the one with the most points from the judge, before any late penalty; of
    equal ones, the latest. Each attempt runs once: its result is cached. Raises ClassError.
    """
    if not classroom.keeps_attempts:
        if count == "best":
            raise ClassError(
                "In this nbgrader course the last attempt counts; others are not kept."
            )
        return grade(classroom, batch, options, report)
    if not options.judge_only:
        for student in batch.students:
            keep_attempt(classroom, student, batch.assignment)
    if count == "last":
        return grade(classroom, batch, options, report)
    options = replace(options, forget=False)
    best, ran = _best_attempts(classroom, batch, options)
    done = grade(classroom, replace(batch, folders=best), options, report)
    return replace(done, unchanged=max(0, done.unchanged - ran))


def _best_attempts(
    classroom: Course, batch: Batch, options: Options
) -> tuple[dict[str, Path], int]:
    """Return each student's best attempt if it is not the one in `submitted/`, and a count of runs.

    The count is the number of attempts in `submitted/` that had not been judged before.
    """
    earlier = {
        student: _earlier(classroom, student, batch.assignment) for student in batch.students
    }
    judge = replace(options, judge_only=True)
    scores: dict[str, list[tuple[float, int]]] = {student: [] for student in batch.students}

    def look_at(students: Iterable[str], number: int, folders: Mapping[str, Path]) -> int:
        found = grade(classroom, Batch(batch.assignment, tuple(students), (), folders), judge)
        for result in found.results:
            scores[result.student].append((result.score, number))
        return len(found.results) - found.unchanged

    for number in range(max((len(folders) for folders in earlier.values()), default=0)):
        folders = {s: found[number] for s, found in earlier.items() if number < len(found)}
        look_at(folders, number, folders)
    rivals = [student for student in batch.students if earlier[student]]
    ran = look_at(rivals, max(map(len, earlier.values())), {}) if rivals else 0
    best = {
        student: earlier[student][number]
        for student in rivals
        if (number := max(scores[student])[1]) < len(earlier[student])
    }
    return best, ran


def _earlier(classroom: CourseFolders, student: str, assignment: str) -> list[Path]:
    """Return the kept attempts other than the one in `submitted/`."""
    last = _digest(classroom.submitted_folder(student, assignment))
    kept = kept_attempts(classroom, student, assignment)
    return [folder for folder in kept if _digest(folder) != last]


def _digest(folder: Path) -> str:
    digest = hashlib.sha256(hash_files([folder]).encode())
    for notebook in submitted_notebooks(folder):
        digest.update(notebook.name.encode(errors="surrogateescape"))
        digest.update(hashlib.sha256(notebook.read_bytes()).digest())
    return digest.hexdigest()


def _settings(classroom: CourseFolders) -> Path:
    return classroom.private / "counted.json"
