"""The `lepton` command as a user types it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CLONE

from lepton_course import cli, progress
from lepton_course.workspace.install import FileChange


def lepton(*arguments: str, cwd: Path = CLONE) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(CLONE), "COLUMNS": "120", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "lepton_course.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_help_lists_a_learners_commands():
    run = lepton("--help")
    assert run.returncode == 0
    for command in ("learn", "progress", "changes", "devices", "data"):
        assert re.search(rf"^│ {command}\s", run.stdout, re.MULTILINE)


def test_version():
    assert re.fullmatch(r"lepton \d+\.\d+\.\d+\n", lepton("--version").stdout)


def test_learn_makes_a_workspace_and_progress_shows_it(tmp_path, built_curriculum):
    workspace = tmp_path / "my lepton"
    run = lepton("learn", str(workspace), "--no-start")
    assert run.returncode == 0, run.stderr
    assert (workspace / "START.ipynb").is_file() and (workspace / "lepton").is_file()
    assert "files added" in run.stdout

    module = workspace / "basics" / "05_convolutional_networks"
    assert (module / "lesson.ipynb").is_file()
    shown = lepton("progress", cwd=module)
    assert shown.returncode == 0, shown.stderr
    assert "Convolutional networks" in shown.stdout

    assert "everything is up to date" in lepton("learn", str(workspace), "--no-start").stdout


def test_progress_outside_a_workspace_says_what_to_do(tmp_path):
    run = lepton("progress", cwd=tmp_path)
    assert run.returncode == 1
    assert "lepton progress DIR" in run.stderr


def test_learn_refuses_the_clone_in_one_sentence():
    run = lepton("learn", ".", "--no-start")
    assert run.returncode == 1
    assert "clone of the course" in run.stderr
    assert "Traceback" not in run.stderr


def test_data_shows_origin_and_licence():
    run = lepton("data")
    assert "Fashion-MNIST" in run.stdout
    assert "MIT" in run.stdout


def test_devices_shows_the_processor():
    assert "cpu" in lepton("devices").stdout.lower()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("not_here.cli", "lepton class needs a clone of the course"),
        ("here", "lepton class needs the Python package 'not_here'"),
    ],
)
def test_a_command_that_cannot_be_loaded_says_what_it_needs(tmp_path, module, message):
    (tmp_path / "here.py").write_text("import not_here")
    code = (
        "import lepton_course.cli as cli, sys\n"
        "from importlib.metadata import EntryPoint\n"
        f"sys.path.append({str(tmp_path)!r})\n"
        f"entry = EntryPoint('class', '{module}:app', 'lepton_course.commands')\n"
        "cli.entry_points = lambda group: [entry]\n"
        "sys.argv = ['lepton', 'class', 'grade', 'DIR', '--json', 'x']\n"
        "cli.main()"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True)
    assert run.returncode == 1
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_what_learn_says():
    changes = [
        FileChange("a/lesson.ipynb", "beside", "a/lesson (new version).ipynb"),
        FileChange("b/lesson.ipynb", "added"),
        FileChange("b/assignment.ipynb", "added"),
        FileChange("START.ipynb", "unchanged"),
    ]
    assert cli.describe(changes) == [
        "2 files added",
        "a/lesson.ipynb is yours and was left alone; "
        "the course's new version is beside it: a/lesson (new version).ipynb",
        "see both side by side: lepton changes",
    ]
    assert cli.describe([FileChange("START.ipynb", "unchanged")]) == ["everything is up to date"]


def test_progress_counts_what_was_solved(tmp_path, built_curriculum):
    workspace = tmp_path / "lepton"
    lepton("learn", str(workspace), "--no-start")
    progress.record_attempt(
        "basics/05_convolutional_networks", "convolve2d", "right", folder=workspace
    )
    row = next(line for line in lepton("progress", str(workspace)).stdout.splitlines()
               if "Convolutional" in line)  # fmt: skip
    assert re.findall(r"\d+", row)[0] == "1"


def test_a_fresh_copy_of_an_exercise_and_the_old_one_kept(tmp_path, built_curriculum):
    workspace = tmp_path / "lepton"
    lepton("learn", str(workspace), "--no-start")
    notebook = workspace / "basics/05_convolutional_networks/assignment.ipynb"
    notebook.write_text(notebook.read_text().replace("# YOUR CODE HERE", "return 7"))
    run = lepton("reset", str(notebook), "train_epoch")
    assert run.returncode == 0, run.stderr
    kept = notebook.with_name("assignment (before reset).ipynb")
    assert str(kept) in run.stdout and "YOUR CODE HERE" not in kept.read_text()
    assert notebook.read_text().count("# YOUR CODE HERE") == 1
