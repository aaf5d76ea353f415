"""The content key of a notebook's execution: equal keys, equal results.

It covers the notebook and its module's files, the helpers that they import, the data sets that they
name, the locked dependencies and the code of the proof itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from autograder.curriculum import student_notebooks
from autograder.curriculum.content_key import (
    FRAMEWORKS,
    PINS,
    data_sets_named,
    installed_versions,
    key_of_files,
    read,
)
from autograder.curriculum.modules import CLONE
from autograder.curriculum.source_closure import imported_files
from autograder.proof.notebooks.tasks import NotebookTask


def content_key(task: NotebookTask, clone: Path = CLONE) -> str:
    """Return the key of a task, a SHA-256 in hexadecimal."""
    versions = sorted(installed_versions(FRAMEWORKS).items())
    title = f"{task.kind} {task.path} {sys.version} {versions}"
    return key_of_files(title, depends_on(task, clone), clone)


def depends_on(task: NotebookTask, clone: Path = CLONE) -> set[Path]:
    """Return all files that a task depends on."""
    package = clone / "lepton_course"
    own = set(_module_files(task))
    sources = [*_code_of(task.source), *(read(path) for path in own if path.suffix == ".py")]
    helpers = imported_files(sources, package)
    proof = {*Path(__file__).parent.glob("*.py"), Path(student_notebooks.__file__)}
    locked = {path for path in [clone / PINS] if path.is_file()}
    return own | helpers | data_sets_named(sources, helpers, package) | proof | locked


def _module_files(task: NotebookTask) -> Iterator[Path]:
    """Yield the notebook and all other files of its module except other notebooks."""
    if task.kind == "toolbox":
        yield task.source
        return
    for path in task.source.parent.rglob("*"):
        generated = "__pycache__" in path.parts or ".ipynb_checkpoints" in path.parts
        if path.is_file() and not generated and (path.suffix != ".ipynb" or path == task.source):
            yield path


def _code_of(notebook: Path) -> Iterator[str]:
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            yield cell.source
