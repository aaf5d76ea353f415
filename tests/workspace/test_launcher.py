"""A workspace brings its own way to run `lepton`."""

from __future__ import annotations

import os
import subprocess

import pytest
from conftest import CLONE

from lepton_course.workspace.launcher import MARK, lepton_command, write_launcher


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_launcher_runs_lepton(tmp_path):
    launcher = write_launcher(tmp_path)
    environment = os.environ | {"PYTHONPATH": str(CLONE)}
    command = ["./lepton", "--version"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert launcher == tmp_path / "lepton"
    assert run.stdout.startswith("lepton ")


def test_a_launcher_of_another_python_is_made_anew(tmp_path):
    (tmp_path / "lepton").write_text(f"#!/bin/sh\n# {MARK}\nexec /gone/python")
    write_launcher(tmp_path)
    assert "/gone/python" not in (tmp_path / "lepton").read_text()
    assert os.access(tmp_path / "lepton", os.X_OK)


def test_a_learners_file_of_that_name_stays(tmp_path):
    (tmp_path / "lepton").write_text("my notes on leptons")
    assert write_launcher(tmp_path) is None
    assert (tmp_path / "lepton").read_text() == "my notes on leptons"


def test_on_windows_it_is_a_batch_file(tmp_path):
    assert write_launcher(tmp_path, windows=True).name == "lepton.cmd"
    assert "-m lepton_course.cli %*" in (tmp_path / "lepton.cmd").read_text()


def test_without_one_the_command_is_given_in_full_unless_the_shell_knows_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lepton_command().endswith("-m lepton_course.cli")
