"""Attempts are recorded in the workspace, and trouble with the file never stops a check."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from lepton_course.progress import (
    find_workspace,
    hint_stage,
    record_attempt,
    record_hint,
)
from lepton_course.standing import Standing, attempts, standing


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "lepton" / ".lepton").mkdir(parents=True)
    return tmp_path / "lepton"


def test_workspace_is_found_from_a_notebooks_folder(workspace):
    module = workspace / "basics" / "05_convolutional_networks"
    module.mkdir(parents=True)
    assert find_workspace(module) == workspace
    assert find_workspace(workspace.parent) is None


def test_an_exercise_is_done_once_an_attempt_was_right(workspace):
    record_attempt("basics/m", "add", "wrong", "minus", 0, 2, folder=workspace)
    record_attempt("basics/m", "add", "right", None, 2, 2, folder=workspace)
    record_attempt("basics/m", "add", "wrong", "twice", 0, 2, folder=workspace)
    record_attempt("basics/m", "sub", "error", None, 0, 1, folder=workspace)

    assert attempts(workspace)["basics/m", "add"].diagnosis == "twice"
    assert attempts(workspace)["basics/m", "add"].solved
    state = standing(workspace, {"basics/m": ["add", "sub", "mul"], "basics/n": ["x"]})
    assert state == {"basics/m": Standing(1, 3, tries=4), "basics/n": Standing(0, 1)}


def test_exercises_that_the_module_no_longer_has_do_not_count(workspace):
    record_attempt("basics/m", "dropped", "right", folder=workspace)
    assert standing(workspace, {"basics/m": ["add"]})["basics/m"] == Standing(0, 1)


def test_a_module_without_exercises_is_never_complete():
    assert not Standing(0, 0).complete
    assert Standing(2, 2).complete


def test_outside_a_workspace_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    record_attempt("basics/m", "add", "right")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_hints_go_on_where_they_stopped(workspace, monkeypatch):
    monkeypatch.setattr("lepton_course.progress._hints_of_session", {})
    assert hint_stage("basics/m", "add", workspace) == 0
    record_hint("basics/m", "add", 1, workspace)
    record_hint("basics/m", "add", 2, workspace)
    monkeypatch.setattr("lepton_course.progress._hints_of_session", {})  # a new session
    assert hint_stage("basics/m", "add", workspace) == 2


def test_hints_go_on_within_a_session_without_a_workspace(tmp_path, monkeypatch):
    monkeypatch.setattr("lepton_course.progress._hints_of_session", {})
    record_hint("basics/m", "add", 1, tmp_path)
    assert hint_stage("basics/m", "add", tmp_path) == 1
    assert hint_stage("basics/m", "sub", tmp_path) == 0


def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(workspace, capsys):
    path = workspace / ".lepton" / "progress.sqlite"
    path.write_bytes(b"not a database at all " * 100)
    record_attempt("basics/m", "add", "right", folder=workspace)

    assert attempts(workspace)["basics/m", "add"].solved
    [aside] = path.parent.glob("progress.broken-*.sqlite")
    assert aside.read_bytes().startswith(b"not a database")
    assert aside.name in capsys.readouterr().err


def test_a_file_cut_short_stops_nothing(workspace):
    for number in range(300):
        record_attempt("basics/m", f"exercise_{number}", "right", folder=workspace)
    path = workspace / ".lepton" / "progress.sqlite"
    path.write_bytes(path.read_bytes()[:9000])
    record_attempt("basics/m", "add", "right", folder=workspace)
    record_attempt("basics/m", "add", "right", folder=workspace)
    assert attempts(workspace)["basics/m", "add"].solved


def test_a_file_locked_by_another_program_is_told_and_left_alone(workspace, capsys):
    record_attempt("basics/m", "add", "wrong", folder=workspace)
    path = workspace / ".lepton" / "progress.sqlite"
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    record_attempt("basics/m", "add", "right", folder=workspace)
    other.close()
    assert "locked" in capsys.readouterr().err
    assert attempts(workspace)["basics/m", "add"].tries == 1


def _record_many(workspace: Path, exercise: str) -> None:
    for _ in range(25):
        record_attempt("basics/m", exercise, "right", folder=workspace)


def test_two_notebooks_may_record_at_once(workspace):
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_record_many, args=(workspace, name)) for name in ("add", "sub")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    known = attempts(workspace)
    assert known["basics/m", "add"].tries == known["basics/m", "sub"].tries == 25
