"""Restore the parts of a submission to an ordinary nbgrader course that learners may not change.

nbgrader's own preprocessors do it, from the cells in the gradebook: hidden tests, points, locked
cells. Before that, marks at which nbgrader would fail are removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.classroom.nbgrader_log import KeptLog
from autograder.nbgrader_course.restoring_errors import advice
from autograder.submissions.cell_marks import MARK_KEY, mark_of
from autograder.submissions.submission import (
    NotGradable,
    Submission,
    parse_and_repair,
    read_submission,
)
from autograder.submissions.timestamps import timestamp_problem


@dataclass(frozen=True)
class KnownNotebook:
    """A notebook as the gradebook has it: the ids of all cells, and the tests' points by id."""

    cells: frozenset[str]
    tests: Mapping[str, float]


@dataclass(frozen=True)
class Rules:
    """The course's own settings for restoring submissions."""

    course: CourseDirectory
    config: Config


def restore_submission(
    folder: Path, known: Mapping[str, KnownNotebook], rules: Rules
) -> Submission:
    """Return the submission's notebooks, ready to run; what cannot be graded is listed as a repair.

    known: the assignment's notebooks. Raises NotGradable if none of them can be graded.
    """
    time = timestamp_problem(folder)
    if time:  # nbgrader refuses it, too
        raise NotGradable(time, names_file=True)
    notebooks: dict[str, str] = {}
    repairs: list[str] = []
    digest = hashlib.sha256()
    for name in known:
        digest.update(f"\0{name}\0".encode())
        try:
            data = read_submission(folder, name, known)
            digest.update(data)
            notebook, left_out = parse_and_repair(data)
            marks = [*left_out, *_take_off_marks(notebook, known[name].cells)]
            before = _marked(notebook)
            notebooks[name] = _restored(notebook, name, folder, rules)
        except NotGradable as error:
            reason = str(error)
            named = error.names_file or len(known) == 1
            repairs.append(reason if named else f"{name}.ipynb: {reason}")
            continue
        after = _marked(nbformat.reads(notebooks[name], as_version=4))
        gone = [test for test in known[name].tests if test not in before]
        put_back = dict.fromkeys(after, " and was put back")
        repairs += marks
        repairs += [f"the test {test} was missing{put_back.get(test, '')}" for test in gone]
    if not notebooks:
        raise NotGradable("; ".join(repairs))
    return Submission(notebooks, tuple(repairs), digest.hexdigest())


def _take_off_marks(notebook: NotebookNode, known: Collection[str]) -> list[str]:
    """Remove nbgrader's mark from copies of cells and from foreign cells, in place; return repairs.

    Of copies the last one counts, as in nbgrader's DeduplicateIds. The leftovers of that step would
    fail nbgrader's validation, and with it the whole batch.
    """
    repairs = []
    seen = set()
    for cell in reversed(notebook.cells):
        if MARK_KEY not in cell.metadata:
            continue
        grade_id = mark_of(cell).grade_id
        if grade_id in known and grade_id not in seen:
            seen.add(grade_id)
            continue
        del cell.metadata[MARK_KEY]
        if grade_id in seen:
            repairs.append(f"a copy of the cell {grade_id} was ignored")
    return list(dict.fromkeys(reversed(repairs)))


def _restored(notebook: NotebookNode, name: str, folder: Path, rules: Rules) -> str:
    """Return the notebook's JSON after the course's sanitizing preprocessors.

    Raises NotGradable.
    """
    log = KeptLog("restore")
    converter = Autograde(coursedir=rules.course, config=rules.config, log=log)
    exporter = NotebookExporter(config=rules.config, log=log)
    exporter._preprocessors = []  # as nbgrader does, before it registers its own
    for step in converter.sanitize_preprocessors:
        exporter.register_preprocessor(step)
    info = {
        "student": folder.name,
        "assignment": rules.course.assignment_id,
        "notebook": name,
        "db_url": rules.course.db_url,
    }
    resources = {"nbgrader": info, "unique_key": name, "metadata": {"path": str(folder)}}
    try:
        text, _ = exporter.from_notebook_node(notebook, resources)
        return str(text)
    except Exception as error:  # odd metadata can make nbgrader raise anything
        said = f"{name}.ipynb: nbgrader could not restore it: {advice(error)}"
        raise NotGradable(said, names_file=True) from error


def _marked(notebook: NotebookNode) -> set[str]:
    """Return the ids of the cells that ask for a grade."""
    marks = map(mark_of, notebook.cells)
    return {mark.grade_id for mark in marks if mark.grade}
