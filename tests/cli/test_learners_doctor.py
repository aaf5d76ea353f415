"""`lepton doctor` looks at what a learner has: packages, notebooks, workspace, progress."""

from __future__ import annotations

import sqlite3

import pytest

from lepton_course.doctor import (
    Finding,
    course,
    examine_for_learning,
    package,
    report,
    workspace_findings,
)
from lepton_course.progress.database import DATABASE, HIDDEN, record_attempt
from lepton_course.workspace.install import update_workspace


@pytest.fixture
def workspace(tmp_path, small_curriculum):
    update_workspace(tmp_path / "lepton", small_curriculum.folder)
    return tmp_path / "lepton"


def found(findings, name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def test_this_machine_can_be_learned_on(workspace, built_curriculum):
    findings = examine_for_learning(workspace)
    assert all(finding.good for finding in findings if finding.needed)
    assert {"Python", "torch", "jupyterlab", "notebooks"} <= {f.name for f in findings if f.needed}
    assert found(findings, "workspace").found == str(workspace)


def test_what_is_missing_is_told_with_its_remedy(capsys, tmp_path):
    assert not report([package("no_such_package"), course(tmp_path)])
    said = capsys.readouterr().out
    assert "no_such_package: Install the course again" in said
    assert "notebooks: There is no student's curriculum" in said


def test_without_a_workspace_it_says_how_to_make_one(built_curriculum):
    assert "lepton learn DIR" in found(examine_for_learning(None), "workspace").found


def test_damaged_progress_is_counted(workspace):
    record_attempt("basics/01_first", "add", "right", folder=workspace)
    assert found(workspace_findings(workspace), "progress").good
    with sqlite3.connect(workspace / HIDDEN / DATABASE) as database:
        database.execute("INSERT INTO visits VALUES ('yesterday', 'basics/01_first')")
    told = found(workspace_findings(workspace), "progress")
    assert (told.good, told.found) == (False, "2 records, 1 of them damaged")
    (workspace / HIDDEN / DATABASE).write_bytes(b"no database " * 100)
    assert not found(workspace_findings(workspace), "progress").good


def test_new_versions_are_told(workspace, small_curriculum):
    lesson = workspace / small_curriculum.lesson
    lesson.with_name("lesson (new version).ipynb").write_bytes(lesson.read_bytes())
    assert found(workspace_findings(workspace), "new versions").found == "1 notebook"
