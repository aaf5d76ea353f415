"""What a grading has its kernels import beforehand."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from autograder.workers.worker import preload_for


def submission(folder: Path, source: str, output: str = "") -> Path:
    """Write a submission of one cell."""
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
