"""What a grading has its kernels import beforehand."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from autograder.kernels.owner import Zygote
from autograder.workers.start_ahead import start_ahead
from autograder.workers.worker import preload_for


def submission(folder: Path, source: str, output: str = "") -> Path:
    """Write a submission of one cell."""
    folder.mkdir(parents=True, exist_ok=True)
    cell = nbformat.v4.new_code_cell(source)
    cell.outputs = [nbformat.v4.new_output("stream", text=output)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "assignment.ipynb")
    return folder


@pytest.mark.parametrize("source", ["import torch", "x = 1\nfrom torch import nn"])
def test_a_framework_that_a_submission_imports_is_there_before_it_runs(tmp_path, source):
    assert "torch" in preload_for([submission(tmp_path, source)])


def test_a_framework_that_an_output_names_is_not_imported(tmp_path):
    modules = preload_for([submission(tmp_path, "import torch", "tensorflow-cpu 2.21")])
    assert "tensorflow" not in modules


def test_what_the_instructors_notebook_imports_is_fetched_ahead(tmp_path, monkeypatch):
    submission(source := tmp_path / "source" / "layers", "x = 1")
    zygote = Zygote(())
    monkeypatch.setattr("autograder.workers.start_ahead.shared", zygote)
    start_ahead(tmp_path, "layers")
    ahead = zygote.link()
    zygote.ensure_preloaded(preload_for([source]))
    assert zygote.link() is ahead  # grading finds what it needs, and starts no other
    zygote.stop()


def test_a_course_without_notebooks_starts_nothing_ahead(tmp_path, monkeypatch):
    zygote = Zygote(())
    monkeypatch.setattr("autograder.workers.start_ahead.shared", zygote)
    start_ahead(tmp_path, "layers")
    assert zygote.preload == ()
