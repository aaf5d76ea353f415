"""Every notebook of the curriculum, executed once for all proofs: see autograder/proof."""

from __future__ import annotations

import os
import re

import pytest

from autograder.curriculum.modules import CURRICULUM, modules_in
from autograder.proof.lint.optional_form import toolbox_complaints
from autograder.proof.lint.structure import structure_complaints
from autograder.proof.notebooks.notebook_results import Cache, Result
from autograder.proof.notebooks.runner import OUT, run_notebooks, unproven
from autograder.proof.notebooks.tasks import NotebookTask, select_tasks
from lepton_course.syllabus import is_ready, load_syllabus

TASKS = select_tasks([])


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[NotebookTask, Result]:
    """In CI all notebooks are executed; elsewhere those that changed since they passed."""
    cache = None if os.environ.get("CI") == "true" else Cache(OUT / "cache")
    out = tmp_path_factory.mktemp("run")
    found = {(r.path, r.kind): r for r in run_notebooks(TASKS, out, cache=cache)}
    return {task: found[task.path, task.kind] for task in TASKS}


@pytest.mark.notebook
@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.path} ({task.kind})")
def test_notebook(task, results):
    result = results[task]
    print(f"{result.seconds:.1f} s, {result.peak_mib} MiB{', unchanged' * result.cached}")
    assert result.status == "passed", "\n".join([*result.problems, result.failure])


@pytest.mark.notebook
def test_in_ci_everything_is_proven():
    if os.environ.get("CI") == "true":
        assert unproven() == []


@pytest.mark.parametrize("folder", modules_in(CURRICULUM), ids=lambda folder: folder.name)
def test_structure(folder):
    assert [str(complaint) for complaint in structure_complaints(folder)] == []


def test_the_toolbox_is_well_made():
    assert [str(complaint) for complaint in toolbox_complaints(CURRICULUM)] == []


READY = [module for module in load_syllabus(CURRICULUM) if is_ready(module, CURRICULUM)]


@pytest.mark.parametrize("module", READY, ids=lambda module: module.id)
def test_the_syllabus_tells_the_minutes_of_an_assignment(module):
    text = (CURRICULUM / module.id / "assignment.ipynb").read_text(encoding="utf-8")
    assert module.minutes[1] == sum(map(int, re.findall(r"· (\d+) minutes ·", text)))
