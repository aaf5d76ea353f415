"""Every notebook of the curriculum, executed once for all proofs and for the browser tests."""

from __future__ import annotations

import os
import re

import pytest

from autograder.curriculum.modules import CURRICULUM, modules_in
from autograder.proof.lint.optional_form import toolbox_complaints
from autograder.proof.lint.structure import structure_complaints
from autograder.proof.notebooks.runner import unproven
from autograder.proof.notebooks.tasks import select_tasks
from lepton_course.syllabus import is_ready, load_syllabus

TASKS = [
    pytest.param(task, id=f"{task.path} ({task.kind})", marks=pytest.mark.notebook)
    for task in select_tasks([])
]


@pytest.mark.parametrize("task", TASKS)
def test_notebook(task, executed_notebooks):
    result = executed_notebooks.result(task)
    print(f"{result.seconds:.1f} s, {result.peak_mib} MiB, slowness {result.slowness:.2f}")
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
