"""`lepton --help` is for learners first and cuts nothing off; the shell completes commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from conftest import CLONE

from lepton_course.command_group import AUTHORS, INSTRUCTORS, LEARNERS

LEARNING = ["learn", "progress", "changes", "reset", "doctor", "devices", "data"]


def lepton(*arguments: str, **environment: str) -> str:
    settings = {**os.environ, "PYTHONPATH": str(CLONE), "NO_COLOR": "1", **environment}
    command = [sys.executable, "-m", "lepton_course.cli", *arguments]
    run = subprocess.run(command, cwd=CLONE, env=settings, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_commands_are_grouped_learners_first():
    shown = lepton("--help", COLUMNS="100")
    first, second, third = (shown.index(panel) for panel in (LEARNERS, INSTRUCTORS, AUTHORS))
    assert first < second < third
    for command in LEARNING:
        assert re.search(rf"^│ {command}\s", shown[first:second], re.MULTILINE)
    for command in ("class", "demo"):
        assert re.search(rf"^│ {command}\s", shown[second:third], re.MULTILINE)
    for command in ("build", "certify", "check", "new", "run"):
        assert re.search(rf"^│ {command}\s", shown[third:], re.MULTILINE)


@pytest.mark.parametrize("columns", ["60", "80", "200"])
@pytest.mark.parametrize("command", [(), ("class",), ("new",), *((name,) for name in LEARNING)])
def test_nothing_is_cut_off(command, columns):
    assert "…" not in lepton(*command, "--help", COLUMNS=columns).replace("File → ", "")


def test_the_shell_completes_commands():
    typed = {"_LEPTON_COMPLETE": "complete_bash", "COMP_WORDS": "lepton re", "COMP_CWORD": "1"}
    assert lepton(**typed).split() == ["reset"]


def test_there_is_a_way_to_install_the_completion():
    assert "--install-completion" in lepton("--help")
