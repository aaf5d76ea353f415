"""Writes judged submissions into nbgrader's gradebook and `autograded/`, one at a time.

nbgrader's own Autograde converter does the writing, so manual grades, comments, late penalties
and formgrader work as ever. It gets a scratch course that holds one restored submission: it
cannot touch `submitted/`, and `autograded/` changes only when it has succeeded.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.utils import parse_utc

from autograder.classroom import NOTEBOOK, Classroom
from autograder.files import copy_files, remove_folder
from autograder.judging import Judged
from autograder.logs import KeptLog
from autograder.plugins import RESULT_KEY


class NotRecorded(Exception):
    """nbgrader refused to write a result; the message says why."""


class RecordingAutograde(Autograde):
    """nbgrader's Autograde for one submission that is judged already."""

    def __init__(self, judged: Judged, **options: Any) -> None:
        super().__init__(**options)
        self.judged = judged

    def init_single_notebook_resources(self, notebook_filename: str) -> dict[str, Any]:
        """nbgrader's resources, and with them the result."""
        resources = super().init_single_notebook_resources(notebook_filename)
        resources[RESULT_KEY] = self.judged
        return resources


def record(
    classroom: Classroom, assignment: str, student: str, restored: NotebookNode, judged: Judged
) -> None:
    """Writes one result. Raises NotRecorded; then nothing has changed but auto scores."""
    submitted = classroom.submitted_folder(student, assignment)
    final = classroom.root / "autograded" / student / assignment
    final.parent.mkdir(parents=True, exist_ok=True)
    log = KeptLog("autograde")
    _scratch(classroom).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_scratch(classroom)) as name:
        scratch = Path(name)
        folder = scratch / "submitted" / student / assignment
        folder.mkdir(parents=True)
        copy_files((classroom.release_notebook(assignment).parent, submitted), folder)
        nbformat.write(restored, folder / f"{NOTEBOOK}.ipynb")
        _drop_bad_timestamp(folder / "timestamp.txt")
        (scratch / "source").symlink_to(classroom.root / "source")

        course = classroom.course_directory(assignment, student)
        course.db_url = course.db_url  # stays the class's when the root changes
        course.root = str(scratch)
        converter = RecordingAutograde(
            judged, coursedir=course, config=classroom.config(), log=log, force=True
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # SQLAlchemy's, about nbgrader's own code
                converter.start()
        except NbGraderException as error:
            raise NotRecorded(log.cause()) from error
        except Exception as error:  # nbgrader lets through what odd files do to it
            raise NotRecorded(f"{type(error).__name__}: {error}") from error
        graded = scratch / "autograded" / student / assignment
        if final.exists():
            shutil.rmtree(final)
        os.rename(graded, final)


def clear_scratch(classroom: Classroom) -> None:
    """Removes what a command that was killed has left."""
    shutil.rmtree(_scratch(classroom), ignore_errors=True)


def _scratch(classroom: Classroom) -> Path:
    return classroom.private / "scratch"


def _drop_bad_timestamp(path: Path) -> None:
    """A time that nbgrader cannot read would stop it; without one nothing counts as late."""
    try:
        parse_utc(path.read_text().strip())
    except FileNotFoundError:
        return
    except IsADirectoryError:
        remove_folder(path)
    except Exception:
        path.unlink()
