"""Attempts are recorded in the workspace, and trouble with the file never stops a check."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lepton_course.pages import progress_notebook, start_notebook
from lepton_course.progress.database import (
    find_workspace,
    hint_stage,
    insert,
    record_attempt,
    record_hint,
    with_database,
)
from lepton_course.progress.schema import Attempt
from lepton_course.progress.standing import Standing, attempts, standing
from lepton_course.progress.transfer import export_progress


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
    assert [state["basics/m"].done, state["basics/m"].total, state["basics/m"].tries] == [1, 3, 4]
    assert state["basics/n"] == Standing(0, 1)


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
    monkeypatch.setattr("lepton_course.progress.database._hints_of_session", {})
    assert hint_stage("basics/m", "add", workspace) == 0
    record_hint("basics/m", "add", 1, workspace)
    record_hint("basics/m", "add", 2, workspace)
    monkeypatch.setattr("lepton_course.progress.database._hints_of_session", {})  # a new session
    assert hint_stage("basics/m", "add", workspace) == 2


def test_hints_go_on_within_a_session_without_a_workspace(tmp_path, monkeypatch):
    monkeypatch.setattr("lepton_course.progress.database._hints_of_session", {})
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


DAMAGE = {
    "a time that is none": "INSERT INTO visits VALUES ('yesterday', 'basics/m')",
    "points in words": "INSERT INTO attempts VALUES "
    "('2026-03-02T09:00:00+00:00', 'basics/m', 'sub', 'right', NULL, 'many', 2)",
    "a blob": "INSERT INTO answers VALUES (x'00ff', 'basics/m', 'quiz 1', 'b', 1)",
    "no UTF-8": "INSERT INTO visits VALUES ('2026-03-02T09:00:00+00:00', CAST(x'ff41' AS TEXT))",
    "a hint's stage in words": "INSERT INTO hints VALUES ('basics/m', 'add', 'all')",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_record_is_left_out_and_the_others_count(workspace, damage, small_curriculum):
    record_attempt(small_curriculum.ready, "add", "right", folder=workspace)
    with sqlite3.connect(workspace / ".lepton" / "progress.sqlite") as database:
        database.execute(damage)
    assert attempts(workspace)[small_curriculum.ready, "add"].solved
    for page in (start_notebook, progress_notebook):
        assert "1&nbsp;of&nbsp;2" in page.render(workspace, small_curriculum.folder)
    assert hint_stage("basics/m", "add", workspace) == 0
    record_attempt(small_curriculum.ready, "multiply", "right", folder=workspace)
    assert attempts(workspace)[small_curriculum.ready, "multiply"].solved
    assert b"multiply" in export_progress(workspace)


def test_a_file_cut_short_stops_nothing(workspace):
    attempt = Attempt(datetime(2026, 3, 2, 9, tzinfo=UTC), "basics/m", "an exercise", "right")
    with_database(workspace, lambda database: insert(database, [attempt] * 300))
    path = workspace / ".lepton" / "progress.sqlite"
    path.write_bytes(path.read_bytes()[:9000])
    record_attempt("basics/m", "add", "right", folder=workspace)
    record_attempt("basics/m", "add", "right", folder=workspace)
    assert attempts(workspace)["basics/m", "add"].solved


def test_a_file_locked_by_another_program_is_told_and_left_alone(workspace, capsys, monkeypatch):
    monkeypatch.setattr("lepton_course.progress.database.PATIENCE_SECONDS", 0.1)
    record_attempt("basics/m", "add", "wrong", folder=workspace)
    path = workspace / ".lepton" / "progress.sqlite"
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    record_attempt("basics/m", "add", "right", folder=workspace)
    other.close()
    assert "locked" in capsys.readouterr().err
    assert attempts(workspace)["basics/m", "add"].tries == 1


def test_a_journal_left_by_a_crash_does_not_spoil_the_new_file(workspace):
    for number in range(50):
        record_attempt("basics/m", f"exercise_{number}", "right", folder=workspace)
    path = workspace / ".lepton" / "progress.sqlite"
    killed = (
        "import os, signal\n"
        "from lepton_course.progress.database import with_database, insert\n"
        "def die(database):\n"
        "    database.execute('PRAGMA cache_size = 1')  # so that it writes before the end\n"
        "    rows = [('now', 'basics/m', 'x' * 5000)] * 50\n"
        "    database.executemany('INSERT INTO visits VALUES (?1, ?2 || ?3)', rows)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"with_database(__import__('pathlib').Path({str(workspace)!r}), die)\n"
    )
    run = subprocess.run([sys.executable, "-c", killed], check=False)
    assert run.returncode == -signal.SIGKILL
    assert path.with_name(path.name + "-journal").stat().st_size > 0, "a hot journal was left"

    path.write_bytes(b"not a database at all " * 100)
    record_attempt("basics/m", "add", "right", folder=workspace)
    record_attempt("basics/m", "sub", "right", folder=workspace)
    assert set(attempts(workspace)) == {("basics/m", "add"), ("basics/m", "sub")}


CHECKS = """
import sys
from pathlib import Path
from lepton_course.progress import database
from lepton_course.progress.database import record_attempt
database.PATIENCE_SECONDS = 600  # on a busy machine, one of two that never pause waits long
workspace, exercise = Path(sys.argv[1]), sys.argv[2]
while True:
    record_attempt("basics/m", exercise, "wrong", "minus", 0, 2, folder=workspace)
    print("recorded", flush=True)
"""


def test_two_kernels_killed_while_they_write_lose_nothing_that_was_recorded(workspace):
    said = {"add": 0, "sub": 0}
    rounds = 3
    for round_ in range(rounds):
        kernels = {
            name: subprocess.Popen(
                [sys.executable, "-c", CHECKS, str(workspace), name], stdout=subprocess.PIPE
            )
            for name in said
        }
        for kernel in kernels.values():
            kernel.stdout.readline()
        time.sleep(0.11 * (round_ + 1))
        for name, kernel in kernels.items():
            os.kill(kernel.pid, signal.SIGKILL)
            said[name] += 1 + kernel.communicate()[0].count(b"recorded")

    known = attempts(workspace)
    for name, count in said.items():
        assert count <= known["basics/m", name].tries <= count + rounds, "the last may be unsaid"
    with sqlite3.connect(workspace / ".lepton" / "progress.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not list((workspace / ".lepton").glob("progress.broken*"))


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
