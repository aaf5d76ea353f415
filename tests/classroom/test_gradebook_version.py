"""nbgrader's database gets the version that nbgrader's own way gives it, without a program."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

from nbgrader.api import Gradebook
from nbgrader.dbutil import _temp_alembic_ini

from autograder.classroom import gradebook_version
from autograder.classroom.classroom import add_programs_to_path


def test_a_gradebook_made_here_has_the_version_that_alembic_tells(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/gradebook.db"
    monkeypatch.setattr(subprocess, "Popen", None)
    gradebook_version.find_version_here()
    with Gradebook(url):
        pass
    monkeypatch.undo()
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as database:
        [(version,)] = database.execute("SELECT version_num FROM alembic_version").fetchall()

    add_programs_to_path()
    assert shutil.which("alembic")
    with _temp_alembic_ini(url) as settings:
        command = [sys.executable, "-m", "alembic.config", "-c", settings, "heads"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split()[0] == version
