"""Record judged submissions in nbgrader's gradebook and `autograded/`, one at a time.

nbgrader's own Autograde converter does the writing, so manual grades, comments, late penalties
and formgrader work as usual. It works in a scratch course with a single restored submission:
it cannot touch `submitted/`, and `autograded/` changes only on success.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from glob import escape, glob
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, NbGraderPreprocessor

from autograder.classroom.course_folders import CourseFolders
from autograder.classroom.nbgrader_log import KeptLog
from autograder.grading.gradebook_connection import GradebookWriter
from autograder.judging.course import GradableAssignment
from autograder.judging.judge_run import Judged
from autograder.judging.nbgrader_plugins import RESULT_KEY, runs_notebooks
from autograder.submissions.submission import Submission
from autograder.submissions.timestamps import TIMESTAMP, timestamp_problem
from autograder.submissions.untrusted_files import copy_files, remove_folder


class NotRecorded(Exception):
    """nbgrader refused to record a result; the message says why."""


class RecordingAutograde(Autograde):
    """nbgrader's Autograde for one submission that is already restored, run and judged."""

    def __init__(self, judged: Judged, folder: Path, **options: Any) -> None:
        super().__init__(**options)
        self.judged = judged
        self.folder = folder
        self.autograde_preprocessors = [
            AlreadyExecuted if runs_notebooks(step) else step
            for step in self.autograde_preprocessors
            if step is not CheckCellMetadata  # already checked on restoring
        ]

    def init_notebooks(self) -> None:
        """Take the one submission, whose name may hold characters of a pattern."""
        notebooks = Path(escape(str(self.folder)), f"{self.coursedir.notebook_id}.ipynb")
        self.notebooks, self.assignments = [], {str(self.folder): glob(str(notebooks))}

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Run only nbgrader's second pass; the first one's result is not needed."""
        self.exporter._preprocessors = []
        for step in self.autograde_preprocessors:
            self.exporter.register_preprocessor(step)
        BaseConverter.convert_single_notebook(self, notebook_filename)

    def init_single_notebook_resources(self, notebook_filename: str) -> dict[str, Any]:
        """Return nbgrader's resources, with the judged submission added."""
        resources = super().init_single_notebook_resources(notebook_filename)
        resources[RESULT_KEY] = self.judged
        return resources


class AlreadyExecuted(NbGraderPreprocessor):
    """A replacement for nbgrader's Execute that returns the notebook as executed in the sandbox."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return the executed notebook."""
        notebooks = resources[RESULT_KEY].notebooks
        return nbformat.reads(notebooks[resources["nbgrader"]["notebook"]], as_version=4), resources


@dataclass(frozen=True)
class RecordedWork:
    """A judged submission of a student. folder: where its other files are."""

    student: str
    folder: Path
    submission: Submission
    judged: Judged


def record(
    writer: GradebookWriter,
    course: CourseFolders,
    assignment: GradableAssignment,
    work: RecordedWork,
) -> None:
    """Record one result. Raises NotRecorded, leaving everything unchanged."""
    final = course.autograded_folder(work.student, assignment.name)
    final.parent.mkdir(parents=True, exist_ok=True)
    log = KeptLog("autograde")
    scratch_of(course).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch_of(course)) as name:
        scratch = Path(name)
        # Of all students, since there is one: nbgrader takes spaces off the id of a single one.
        directory = _scratch_directory(course.course_directory(assignment.name), scratch)
        where = (work.student, assignment.name)
        folder = Path(directory.format_path(directory.submitted_directory, *where))
        folder.mkdir(parents=True)
        copy_files([work.folder], folder, own=[assignment.folder])
        for notebook, text in work.submission.notebooks.items():
            (folder / f"{notebook}.ipynb").write_text(text, encoding="utf-8")
        _drop_bad_timestamp(folder)
        converter = RecordingAutograde(
            work.judged, folder, coursedir=directory, config=course.config(), log=log, force=True
        )
        graded = directory.format_path(directory.autograded_directory, *where)
        try:
            with (
                contextlib.chdir(course.root),
                warnings.catch_warnings(),
                writer.transaction(),
            ):
                warnings.simplefilter("ignore")  # SQLAlchemy's, about nbgrader's own code
                converter.start()
        except NbGraderException as error:
            raise NotRecorded(log.cause()) from error
        except Exception as error:  # odd files can make nbgrader raise anything
            raise NotRecorded(f"{type(error).__name__}: {error}") from error
        if final.exists():
            shutil.rmtree(final)
        shutil.move(graded, final)


def _scratch_directory(course: CourseDirectory, scratch: Path) -> CourseDirectory:
    """Return the course with its gradebook and source, but submissions and results in `scratch`."""
    course.db_url = course.db_url  # fixed now: its default would follow the root
    course.source_directory = os.path.join(course.root, course.source_directory)
    course.submitted_directory, course.autograded_directory = "submitted", "autograded"
    course.root = str(scratch)
    return course


def clear_scratch(course: CourseFolders) -> None:
    """Remove scratch files that a killed command left behind."""
    shutil.rmtree(scratch_of(course), ignore_errors=True)


def scratch_of(course: CourseFolders) -> Path:
    """Return the folder for files that a grading run needs no longer than it runs."""
    return course.private / "scratch"


def _drop_bad_timestamp(folder: Path) -> None:
    """Remove a timestamp that nbgrader cannot parse; without one, nothing counts as late."""
    if not timestamp_problem(folder):
        return
    path = folder / TIMESTAMP
    if path.is_dir():
        remove_folder(path)
    else:
        path.unlink()
