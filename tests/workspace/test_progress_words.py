"""Progress is told in the same words by the pages, the command and the docs."""

from __future__ import annotations

import io
import re

import pytest
from conftest import CLONE
from rich.console import Console

from lepton_course import progress
from lepton_course.pages import progress_notebook, start_notebook
from lepton_course.pages.course_map import HEADINGS, LEGEND, load_map
from lepton_course.pages.progress_notebook import EXERCISE_HEADINGS
from lepton_course.workspace.install import update_workspace


@pytest.fixture
def workspace(tmp_path, built_curriculum):
    """A workspace in which an answer was wrong, a question right, and a cell untouched."""
    module = "basics/05_convolutional_networks"
    update_workspace(tmp_path / "lepton")
    progress.record_attempt(module, "train_epoch", "wrong", folder=tmp_path / "lepton")
    progress.record_attempt(module, "convolve2d", "blank", folder=tmp_path / "lepton")
    progress.record_answer(module, "quiz 1", "b", True, folder=tmp_path / "lepton")
    return tmp_path / "lepton"


def command(folder) -> str:
    said = io.StringIO()
    progress_notebook.show_tables(Console(file=said, width=200), folder)
    return said.getvalue()


def test_page_command_and_docs_have_the_same_words(workspace):
    page, shown = progress_notebook.render(workspace), command(workspace)
    docs = (CLONE / "docs" / "learners.md").read_text()
    for heading in (*HEADINGS, *EXERCISE_HEADINGS):
        assert re.search(rf"<th[^>]*>{heading}</th>", page) and heading in shown
        assert f"*{heading}*" in docs or heading in ("Module", "Exercise")
    assert LEGEND in page and LEGEND in " ".join(shown.split())
    assert LEGEND in start_notebook.render(workspace)


def test_the_quiz_is_in_all_of_them_and_an_untouched_cell_in_none(workspace):
    course = load_map(workspace)
    told = [
        progress_notebook.render(workspace),
        progress_notebook.render_text(workspace),
        start_notebook.render(workspace),
        start_notebook.render_text(course),
        command(workspace),
    ]
    for text in told:
        assert re.search(r"1(&nbsp;| )of(&nbsp;| )5", text)
    assert "Convolution with channels" not in told[0] + told[4]
