"""The student's version of a module's notebooks and open folders: everything but the solutions."""

from __future__ import annotations

import shutil
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from traitlets.config import Config

from lepton_course.checks import quiz_questions
from lepton_course.syllabus import OPEN_FOLDERS

QUIZ_CELL = """\
# Run this cell (Shift+Enter) to answer with buttons, and to have your answers remembered.
from lepton_course import quiz

quiz()"""


def student_notebook(notebook: NotebookNode) -> NotebookNode:
    """Return the student's version of a notebook: no solutions, no hidden tests, no outputs.

    Raises RuntimeError when a solution is not between its markers or stands outside a solution
    cell.
    """
    from nbgrader import preprocessors as steps

    config = Config()
    config.ClearSolutions.code_stub = {
        "python": "# YOUR CODE HERE\nraise NotImplementedError()",
    }
    for step in (
        steps.LockCells,
        steps.ClearSolutions,
        steps.ClearOutput,
        steps.ClearHiddenTests,
        steps.ClearMarkScheme,
        steps.ComputeChecksums,
    ):
        notebook, _ = step(config=config).preprocess(notebook, {"nbgrader": {}})
    return notebook


def ask_quiz(notebook: NotebookNode) -> tuple[quiz_questions.QuizQuestion, ...]:
    """Replace the notebook's written quiz by a cell that asks it, in place; return the questions.

    The cell's output holds the quiz as written, so that it can be read without running the cell.
    """
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and cell.source.startswith(quiz_questions.HEADING):
            questions = quiz_questions.parse_quiz(cell.source)
            if not questions:
                return ()
            cell.source = quiz_questions.HEADING
            written = new_output("display_data", quiz_questions.fallback(questions))
            asking = new_code_cell(QUIZ_CELL, outputs=[written], id="quiz")
            asking.metadata["jupyter"] = {"source_hidden": True}
            notebook.cells.insert(place + 1, asking)
            return questions
    return ()


def copy_open_folders(module: Path, target: Path) -> None:
    """Copy the folders that a learner gets besides the notebooks, without the code of figures."""
    for name in OPEN_FOLDERS:
        if (module / name).is_dir():
            ignore = shutil.ignore_patterns("draw.py", "__pycache__")
            shutil.copytree(module / name, target / name, ignore=ignore)
