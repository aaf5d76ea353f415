"""Names that an older installation, a class or a workspace refers to can still be imported."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

NAMES = [
    "lepton_course.cli:main",
    *(f"autograder.cli:{name}" for name in ("build", "class_app", "demo")),
    *(f"autograder.proof.cli:{name}" for name in ("run", "certify", "check", "new")),
    "autograder.doctor:doctor",
    "autograder.kernels.provisioner:WarmProvisioner",
    "autograder.pages:page_settings",
    *(f"autograder.plugins:{name}" for name in ("RestoreCells", "JudgeExercises")),
    "autograder.export:TeamExport",
    *(f"lepton_course.{page}:show" for page in ("start_page", "progress_page")),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_outside_the_clone_still_leads_to_something(name):
    assert callable(EntryPoint("x", name, "group").load())
