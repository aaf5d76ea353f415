"""A workspace that a former version made still works; see `tests/data/README.md`."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import nbformat
import pytest
from conftest import CLONE, SmallCurriculum

from lepton_course.progress.database import (
    hint_stage,
    load_history,
    record_attempt,
    record_survey,
)
from lepton_course.progress.transfer import export_progress, import_progress
from lepton_course.workspace.install import update_workspace

MODULE = "basics/01_first"


@pytest.fixture
def former(tmp_path) -> Path:
    """The workspace, unpacked somewhere else than where it was made."""
    with tarfile.open(CLONE / "tests" / "data" / "former_workspace.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "workspace"


@pytest.mark.parametrize("page", ["START", "PROGRESS"])
def test_the_cells_of_its_pages_run(former, page):
    cells = nbformat.read(former / f"{page}.ipynb", as_version=4).cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert "import show" in source
    command = [sys.executable, "-c", source]
    shown = subprocess.run(command, cwd=former, capture_output=True, text=True, check=True).stdout
    assert shown.strip()


def test_its_progress_is_read_and_goes_on(former):
    history = load_history(former)
    assert [(a.exercise, a.status, a.diagnosis) for a in history.attempts] == [
        ("add", "wrong", "minus"),
        ("add", "right", None),
    ]
    assert [answer.is_right for answer in history.answers] == [True]
    assert len(history.visits) == 1
    assert hint_stage(MODULE, "add", former) == 1
    record_attempt(MODULE, "multiply", "right", folder=former)
    assert len(load_history(former).attempts) == 3


def test_it_gets_the_survey_and_takes_in_a_copy_of_then(former, tmp_path):
    tables = ("attempts", "hints", "answers", "visits")
    copy = json.loads(export_progress(former))
    older = {key: rows for key, rows in copy.items() if key in ("format", "version", *tables)}
    record_survey(MODULE, "known", "2", folder=former)
    assert [row.answer for row in load_history(former).survey] == ["2"]
    assert import_progress(former, json.dumps(older).encode()) == 0
    assert len(load_history(former).attempts) == 2
    curriculum = SmallCurriculum(tmp_path / "newer")
    changes = {change.path: change for change in update_workspace(former, curriculum.folder)}
    assert changes["SURVEY.ipynb"].action == "added"
    assert "SURVEY.ipynb" in (former / "START.ipynb").read_text()


def test_an_update_keeps_what_the_learner_changed(former, tmp_path):
    curriculum = SmallCurriculum(tmp_path / "newer")
    curriculum.write_lesson("x = 2", "print(x)")
    changes = {change.path: change for change in update_workspace(former, curriculum.folder)}
    lesson = former / curriculum.lesson
    assert changes[curriculum.lesson].action == "beside"
    assert "# my own note" in lesson.read_text()
    assert "print(x)" in (former / changes[curriculum.lesson].beside).read_text()
    assert changes[f"{MODULE}/assignment.ipynb"].action in ("unchanged", "updated")
