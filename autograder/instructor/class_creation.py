"""`lepton class create`: make an nbgrader course from a roster and the curriculum."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from autograder.classroom.classroom import (
    NOTEBOOK,
    ClassError,
    Classroom,
    Manifest,
    add_programs_to_path,
    exclusive,
    is_classroom,
)
from autograder.classroom.gradebook_version import find_version_here
from autograder.classroom.nbgrader_log import KeptLog
from autograder.classroom.patient_gradebook import wait_for_locked_gradebooks
from autograder.classroom.roster import Student, merge_rosters, read_roster, write_roster
from autograder.curriculum.modules import CurriculumError, assignments_in
from autograder.curriculum.student_notebooks import copy_open_folders
from autograder.instructor.exchange import make_exchange

_CONFIG = '''"""nbgrader's configuration of this class, written by `lepton class create`.

Yours to extend: a due date's penalties, another database, the exchange. The part about grading
is what gives points: the released cells are put back, the learner's cells run, and the judge
decides with cases drawn from the class's secret seed. Without it every exercise gets 0 points.
"""

from pathlib import Path

from autograder.pages import page_settings

c = get_config()  # noqa: F821

root = str(Path(__file__).resolve().parent)
c.CourseDirectory.root = root
c.CourseDirectory.course_id = {course_id}

# Grading. Students come from the roster alone.
c.ClassPreprocessor.classroom = root
c.Autograde.create_student = False
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "autograder.plugins.RestoreCells",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.plugins.JudgeExercises",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Formgrader and feedback show what learners wrote, and run none of it.
c.merge(page_settings())

# `nbgrader export` writes the same table as `lepton class export`.
c.ExportApp.plugin_class = "autograder.export.TeamExport"
c.TeamExport.roster = str(Path(root, "roster.csv"))
'''


@dataclass(frozen=True)
class Creation:
    """The result of `create_classroom`."""

    classroom: Classroom
    new: bool
    added_students: tuple[str, ...]
    added_assignments: tuple[str, ...]
    changed_assignments: tuple[str, ...]
    """Assignments that the curriculum has changed since; the class keeps its version."""


def create_classroom(
    root: Path,
    roster: Path,
    curriculum: Path,
    exchange: Path | None = None,
    gradebook: str | None = None,
) -> Creation:
    """Make a class, or add new students and new assignments to an existing one.

    A new class appears whole or not at all. An existing one keeps its seed, its grades, its
    students and the assignments that it has.

    exchange: a folder for nbgrader's exchange, made if missing; None for nbgrader's own setting.
    gradebook: SQLAlchemy's URL of an empty database; None for a file of SQLite in the class.

    Raises RosterError for a roster with mistakes, ClassError for anything else; in both cases
    nothing has changed.
    """
    students = read_roster(roster)
    try:
        modules = assignments_in(curriculum)
    except CurriculumError as error:
        raise ClassError(str(error)) from error
    add_programs_to_path()
    find_version_here()
    wait_for_locked_gradebooks()
    root = root.absolute()
    if is_classroom(root):
        if exchange is not None:
            raise ClassError(
                f"{root} is there already: set c.Exchange.root in its nbgrader_config.py instead."
            )
        if gradebook is not None:
            raise ClassError(f"{root} is there already: its gradebook stays where it is.")
        return _update(Classroom(root), students, curriculum, modules)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ClassError(f"{root} is not empty and is not a class. Name a new folder.")
    if gradebook is not None:
        _try_database(gradebook)
    root.parent.mkdir(parents=True, exist_ok=True)
    half_made = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        classroom = Classroom(half_made)
        _start(classroom, root.name, exchange, gradebook)
        _add_students(classroom, students)
        manifest = Manifest(curriculum.resolve(), {})
        added = _add_assignments(classroom, manifest, modules)
        half_made.chmod(0o755)
        os.rename(half_made, root)
    except BaseException:
        shutil.rmtree(half_made, ignore_errors=True)
        raise
    return Creation(Classroom(root), True, tuple(s.id for s in students), added, ())


def _try_database(url: str) -> None:
    """Raise ClassError unless the database answers."""
    try:
        engine = create_engine(url)
        engine.connect().close()
    except (SQLAlchemyError, ImportError) as error:
        cause = str(error).partition("\n")[0]
        raise ClassError(f"The gradebook's database cannot be used: {cause}") from error
    engine.dispose()


def _start(classroom: Classroom, name: str, exchange: Path | None, gradebook: str | None) -> None:
    classroom.private.mkdir(mode=0o700)
    (classroom.private / "questions").mkdir(mode=0o700)
    descriptor = os.open(classroom.seed_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    course_id = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    config = _CONFIG.replace("{course_id}", json.dumps(course_id))
    if exchange is not None:
        folder = str(make_exchange(exchange))
        config += "\n# Through this folder assignments, answers and feedback travel.\n"
        config += f"c.Exchange.root = {folder!r}\n"
    if gradebook is not None:
        config += f"\n# The database of the grades.\nc.CourseDirectory.db_url = {gradebook!r}\n"
    classroom.config_file.write_text(config, encoding="utf-8")
    if gradebook is not None:
        classroom.config_file.chmod(0o600)  # the URL may hold a password
    (classroom.root / "submitted").mkdir()


def _update(
    classroom: Classroom, students: Sequence[Student], curriculum: Path, modules: dict[str, Path]
) -> Creation:
    classroom.seed()  # raises: a class that has lost its seed must not be extended
    with exclusive(classroom):
        added_students = _add_students(classroom, students)
        known = classroom.manifest().modules if classroom.manifest_file.exists() else {}
        added = _add_assignments(classroom, Manifest(curriculum.resolve(), known), modules)
    changed = tuple(
        assignment
        for assignment, folder in modules.items()
        if assignment not in added
        and (folder / f"{NOTEBOOK}.ipynb").read_bytes()
        != (classroom.source_folder(assignment) / f"{NOTEBOOK}.ipynb").read_bytes()
    )
    return Creation(classroom, False, added_students, added, changed)


def _add_students(classroom: Classroom, students: Sequence[Student]) -> tuple[str, ...]:
    known = read_roster(classroom.roster_file) if classroom.roster_file.exists() else ()
    course = classroom.course_directory()
    with Gradebook(course.db_url, course.course_id) as gradebook:
        before = {student.id for student in gradebook.students}
        for student in students:
            gradebook.update_or_create_student(
                student.id,
                first_name=student.first_name,
                last_name=student.last_name,
                email=student.email,
            )
    write_roster(classroom.roster_file, merge_rosters(known, students))
    return tuple(student.id for student in students if student.id not in before)


def _add_assignments(
    classroom: Classroom, manifest: Manifest, modules: dict[str, Path]
) -> tuple[str, ...]:
    """Copy and release the modules that the class lacks, write the manifest, return their names."""
    added = []
    for assignment, folder in modules.items():
        manifest.modules[assignment] = str(folder.relative_to(folder.parents[1]))
        if not classroom.source_folder(assignment).exists():
            _add_assignment(classroom, assignment, folder)
            added.append(assignment)
    manifest.write(classroom.manifest_file)
    return tuple(added)


def _add_assignment(classroom: Classroom, assignment: str, module: Path) -> None:
    source = classroom.source_folder(assignment)
    release = classroom.release_notebook(assignment)
    try:
        source.mkdir(parents=True)
        shutil.copy(module / f"{NOTEBOOK}.ipynb", source)
        copy_open_folders(module, source)
        log = KeptLog("generate_assignment")
        course = classroom.course_directory(assignment)
        try:
            GenerateAssignment(coursedir=course, config=classroom.config(), log=log).start()
        except NbGraderException as error:
            raise ClassError(f"nbgrader did not release {assignment}: {log.cause()}") from error
    except BaseException:
        shutil.rmtree(source, ignore_errors=True)
        shutil.rmtree(release.parent, ignore_errors=True)
        raise
