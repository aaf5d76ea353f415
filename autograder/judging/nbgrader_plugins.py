"""The preprocessors that a class's `nbgrader_config.py` adds to nbgrader's autograder.

With them `nbgrader autograde` and formgrader's button give the same points as `lepton class
grade`, because they ask the same judge.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Enum, Unicode
from traitlets.utils.importstring import import_item

from autograder.classroom.classroom import NOTEBOOK, Classroom
from autograder.execution.job import SubmissionLimits
from autograder.execution.running import run
from autograder.judging.assignment import load_assignment, read_release
from autograder.judging.judge_run import Judged, judge_run, write_unjudged
from autograder.sandbox.choice import choose_walls
from autograder.submissions.cell_marks import is_judged
from autograder.submissions.cell_repair import restore

RESULT_KEY = "lepton"
"""Key in nbconvert's resources under which `lepton class grade` passes an existing verdict."""


def runs_notebooks(step: Any) -> bool:
    """Return whether a configured preprocessor is nbgrader's Execute, or a subclass of it."""
    step = import_item(step) if isinstance(step, str) else step
    return isinstance(step, Execute) or (isinstance(step, type) and issubclass(step, Execute))


class ClassPreprocessor(NbGraderPreprocessor):
    """A preprocessor that knows its class."""

    classroom = Unicode("", help="The folder of the class.").tag(config=True)


class RestoreCells(ClassPreprocessor):
    """A preprocessor that restores the released cells and marks every exercise as not judged."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return the restored notebook, or one that is not from the curriculum unchanged."""
        info = resources["nbgrader"]
        release = read_release(Classroom(Path(self.classroom)), info["assignment"])
        if release is None:
            return nb, resources
        restored = restore(nb, release)
        for repair in restored.repairs:
            self.log.warning("%s: %s", info["student"], repair)
        for cell in restored.notebook.cells:
            if is_judged(cell):
                write_unjudged(cell)
        return restored.notebook, resources


class JudgeExercises(ClassPreprocessor):
    """A replacement for nbgrader's Execute that runs the cells and writes the judge's verdicts.

    Assignments that are not from the curriculum go to nbgrader's own Execute.
    """

    sandbox = Enum(
        ["auto", "none"], "auto", help="Whether submissions are closed in, as for `lepton class`."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return the graded notebook."""
        classroom, name = Classroom(Path(self.classroom)), resources["nbgrader"]["assignment"]
        if read_release(classroom, name) is None:
            return Execute(parent=self.parent).preprocess(nb, resources)
        judged: Judged | None = resources.get(RESULT_KEY)
        if judged is None:
            assignment = load_assignment(classroom, name)
            folder = Path(resources["metadata"]["path"])
            walls = choose_walls(self.sandbox)
            job = assignment.job(nb, folder, SubmissionLimits(), None, walls)
            judged = judge_run(run(job), assignment.questions, ())
        return nbformat.reads(judged.notebooks[NOTEBOOK], as_version=4), resources
