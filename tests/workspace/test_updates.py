"""A new version of the course arrives while notebooks are half done: nothing of the learner's is
lost, and what has changed is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lepton_course import progress
from lepton_course.cli import _start_jupyterlab
from lepton_course.pages import start_notebook as start_page
from lepton_course.pages.new_versions import Pair, compare_command, pairs, side_by_side
from lepton_course.progress.standing import attempts
from lepton_course.progress.transfer import export_progress
from lepton_course.workspace.install import update_workspace

MINE = "basics/01_first/lesson.ipynb"
NEW = "basics/01_first/lesson (new version).ipynb"


@pytest.fixture
def updated(tmp_path, small_curriculum):
    """The workspaces of two learners who had changed the lesson before its new version came."""
    folders = [tmp_path / name for name in ("ada", "emmy")]
    small_curriculum.write_lesson("x = 1", "y = 1")
    for folder in folders:
        update_workspace(folder, small_curriculum.folder)
        notebook = nbformat.read(folder / MINE, as_version=4)
        notebook.cells[0].source = f"x = 'the answer of {folder.name}'"
        nbformat.write(notebook, folder / MINE)
        progress.record_attempt("basics/01_first", "add", "wrong", folder=folder)
    progress.record_attempt("basics/01_first", "add", "right", folder=folders[0])
    small_curriculum.write_lesson("x = 1", "y = 2  # new")
    before = [(folder / MINE).read_bytes() for folder in folders]
    kept = [export_progress(folder) for folder in folders]
    for folder in folders:
        update_workspace(folder, small_curriculum.folder)
    assert [export_progress(folder) for folder in folders] == kept
    assert [(folder / MINE).read_bytes() for folder in folders] == before
    return folders


def test_two_learners_progress_and_work_survive_an_update(updated):
    ada, emmy = updated
    assert attempts(ada)["basics/01_first", "add"].solved
    assert not attempts(emmy)["basics/01_first", "add"].solved
    assert "the answer of emmy" in (emmy / MINE).read_text()
    assert "y = 2" in (emmy / NEW).read_text()


def test_every_notebook_of_a_workspace_follows_jupyters_format(tmp_path, built_curriculum):
    """So that VS Code and others open it, too."""
    update_workspace(tmp_path / "lepton")
    notebooks = sorted((tmp_path / "lepton").rglob("*.ipynb"))
    assert len(notebooks) > 3
    for path in notebooks:
        content = json.loads(path.read_text(encoding="utf-8"))
        nbformat.validate(content)
        assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
        assert content["metadata"]["kernelspec"]["name"] == "python3"


def test_the_newest_version_is_compared_with(updated, small_curriculum):
    ada = updated[0]
    assert pairs(ada) == [Pair(MINE, NEW)]
    (ada / NEW).write_text((ada / NEW).read_text().replace("x = 1", "x = 3"))  # theirs now
    small_curriculum.write_lesson("x = 1", "y = 3")
    update_workspace(ada, small_curriculum.folder)
    assert pairs(ada) == [Pair(MINE, NEW.replace("version)", "version 2)"))]


def test_without_a_new_version_there_is_nothing_to_compare(updated):
    ada = updated[0]
    checkpoints = ada / "basics" / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (ada / NEW).rename(checkpoints / "lesson (new version).ipynb")
    (ada / "notes (new version).ipynb").write_text("{}")
    assert pairs(ada) == []


def test_the_start_page_names_new_versions(updated, small_curriculum):
    html = start_page.render(updated[0], small_curriculum.folder)
    assert "basics/01_first/lesson%20%28new%20version%29.ipynb" in html
    assert "lepton changes" in html


def test_the_running_jupyterlab_shows_both_side_by_side(updated, monkeypatch, tmp_path):
    server = {"url": "http://localhost:8899/", "root_dir": str(tmp_path)}
    monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", lambda: [server])
    assert side_by_side(updated[0], Pair(MINE, NEW)) == (
        "http://localhost:8899/nbdime/difftool?base=ada%2Fbasics%2F01_first%2Flesson.ipynb"
        "&remote=ada%2Fbasics%2F01_first%2Flesson+%28new+version%29.ipynb"
    )
    server["root_dir"] = str(tmp_path / "elsewhere")
    assert side_by_side(updated[0], Pair(MINE, NEW)) is None


def test_in_a_terminal_the_changed_cells_are_printed(updated):
    command = compare_command(updated[0], Pair(MINE, NEW), text=True, colour=False)
    shown = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    assert "the answer of ada" in shown.stdout
    assert "+  y = 2  # new" in shown.stdout


def test_lepton_changes_lists_and_shows(updated):
    def lepton(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lepton_course.cli", "changes", *arguments]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)

    ada = updated[0]
    assert str(ada / MINE) in lepton(cwd=ada).stdout
    assert "+  y = 2  # new" in lepton("--text", MINE, cwd=ada).stdout
    assert "no new version" in lepton("--text", "START.ipynb", cwd=ada).stderr
    assert "not in a workspace" in lepton(cwd=ada.parent).stderr


def test_links_in_a_workspace_are_not_written_through_and_pipes_not_waited_for(
    tmp_path, small_curriculum
):
    folder = tmp_path / "ada"
    small_curriculum.write_lesson("x = 1")
    update_workspace(folder, small_curriculum.folder)
    elsewhere, before = tmp_path / "elsewhere.ipynb", (folder / MINE).read_bytes()
    elsewhere.write_bytes(before)
    (folder / MINE).unlink()
    (folder / MINE).symlink_to(elsewhere)
    (folder / "START.ipynb").unlink()
    os.mkfifo(folder / "START.ipynb")
    small_curriculum.write_lesson("x = 2")
    update_workspace(folder, small_curriculum.folder)
    assert elsewhere.read_bytes() == before
    assert "x = 2" in (folder / MINE).read_text() and not (folder / MINE).is_symlink()
    assert (folder / "START (new version).ipynb").is_file()


@pytest.mark.parametrize("name", [".lepton/manifest.json", MINE])
@pytest.mark.parametrize("kind", ["pipe", "link to itself", "endless nesting"])
def test_what_cannot_be_read_in_a_workspace_is_not_waited_for(
    tmp_path, small_curriculum, name, kind
):
    folder = tmp_path / "ada"
    small_curriculum.write_lesson("x = 1")
    update_workspace(folder, small_curriculum.folder)
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    elif kind == "link to itself":
        (folder / name).symlink_to(Path(name).name)
    else:
        (folder / name).write_text('{"cells": ' + "[" * 100_000)
    small_curriculum.write_lesson("x = 2")
    actions = {c.path: c.action for c in update_workspace(folder, small_curriculum.folder)}
    assert actions[MINE] == "beside"


def test_modules_beside_the_notebooks_are_not_jupyters(tmp_path, monkeypatch):
    for name in ("random", "json", "tornado", "jupyterlab", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the workspace')")
    (tmp_path / "jupyter_config.py").write_text("raise SystemExit('configured by the workspace')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "")
    started = []
    monkeypatch.setattr(os, "execv", lambda _, arguments: started.append(arguments))
    _start_jupyterlab(tmp_path, browser=False, port=8888)
    done = subprocess.run([*started[0], "--show-config"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout
