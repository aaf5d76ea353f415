"""`lepton reset`: a fresh copy of a notebook or an exercise; the learner's own is kept."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from conftest import write_notebook

from lepton_course.workspace.install import WorkspaceError, update_workspace
from lepton_course.workspace.reset import reset_exercise, reset_notebook

CELLS = ["import numpy as np", "def add(a, b): ...", 'check("add")', "guess = ...", "def sub(): 1"]
MINE = ["import numpy as np", "def add(a, b):\n    return 7", 'check("add")', "guess = 3", "# sub"]


@pytest.fixture
def curriculum(small_curriculum) -> Path:
    write_notebook(small_curriculum.folder / small_curriculum.ready / "assignment.ipynb", CELLS)
    return small_curriculum.folder


@pytest.fixture
def notebook(curriculum, tmp_path) -> Path:
    """A notebook in a workspace, in which the learner has worked."""
    update_workspace(tmp_path / "lepton", curriculum)
    path = tmp_path / "lepton" / "basics/01_first/assignment.ipynb"
    write_notebook(path, MINE)
    return path


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def workspace_of(notebook: Path) -> Path:
    return notebook.parents[2]


def test_a_notebook_is_fresh_again_and_the_old_one_kept(notebook, curriculum):
    made = reset_notebook(workspace_of(notebook), notebook, curriculum)
    assert sources(notebook) == CELLS
    assert made.kept.name == "assignment (before reset).ipynb"
    assert sources(made.kept) == MINE


def test_resetting_twice_keeps_both(notebook, curriculum):
    reset_notebook(workspace_of(notebook), notebook, curriculum)
    second = reset_notebook(workspace_of(notebook), notebook, curriculum)
    assert second.kept.name == "assignment (before reset 2).ipynb"
    assert sources(notebook.with_name("assignment (before reset).ipynb")) == MINE


def test_a_fresh_notebook_is_the_courses_own_and_gets_updates(notebook, curriculum):
    reset_notebook(workspace_of(notebook), notebook, curriculum)
    write_notebook(curriculum / "basics/01_first/assignment.ipynb", ["x = 'newer'"])
    update_workspace(workspace_of(notebook), curriculum)
    assert sources(notebook) == ["x = 'newer'"]


@pytest.mark.parametrize("name", ["add", "guess"])
def test_one_exercise_is_fresh_again_and_the_others_stay(notebook, curriculum, name):
    made = reset_exercise(workspace_of(notebook), notebook, name, curriculum)
    place = {"add": 1, "guess": 3}[name]
    assert sources(notebook) == [*MINE[:place], CELLS[place], *MINE[place + 1 :]]
    assert sources(made.kept) == MINE


def test_a_cell_is_found_without_its_id_by_what_it_defines(notebook, curriculum):
    copied = nbformat.read(notebook, as_version=4)
    copied.cells[1].id = "pasted"
    nbformat.write(copied, notebook)
    reset_exercise(workspace_of(notebook), notebook, "add", curriculum)
    assert sources(notebook)[1] == CELLS[1]


def test_what_cannot_be_reset_is_said_and_nothing_changes(notebook, curriculum):
    folder = workspace_of(notebook)
    with pytest.raises(WorkspaceError, match="no exercise 'multiply'"):
        reset_exercise(folder, notebook, "multiply", curriculum)
    (notebook.parent / "mine.ipynb").write_text("{}")
    with pytest.raises(WorkspaceError, match="not a notebook that the course brought"):
        reset_notebook(folder, notebook.parent / "mine.ipynb", curriculum)
    assert sources(notebook) == MINE
    assert not list(notebook.parent.glob("*before reset*"))


@pytest.mark.parametrize("damage", [b"", b"{ half a", b"[]", b'{"cells": 3}', b"\xff"])
def test_an_exercise_of_a_damaged_notebook_cannot_be_reset_but_all_of_it_can(
    notebook, curriculum, damage
):
    notebook.write_bytes(damage)
    with pytest.raises(WorkspaceError, match="lepton reset"):
        reset_exercise(workspace_of(notebook), notebook, "add", curriculum)
    assert notebook.read_bytes() == damage
    made = reset_notebook(workspace_of(notebook), notebook, curriculum)
    assert sources(notebook) == CELLS
    assert made.kept.read_bytes() == damage


def test_a_cell_that_was_deleted_is_told(notebook, curriculum):
    write_notebook(notebook, ["x = 1"])
    with pytest.raises(WorkspaceError, match=r"no longer in .*lepton reset"):
        reset_exercise(workspace_of(notebook), notebook, "add", curriculum)
