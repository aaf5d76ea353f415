"""The course's site with the notebooks of one module, built once in a run for all tests of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from build_site import run_sphinx
from conftest import CLONE
from executed_notebooks import ExecutedNotebooks, shared_folder
from filelock import FileLock

from autograder.curriculum.modules import CURRICULUM
from autograder.proof.notebooks.tasks import NotebookTask, select_tasks
from book.modules import load_modules
from book.staging import SHOWN, Sources, stage

MODULE = "basics/01_tensors_and_gradients"
HUB = "https://hub.example.org"


@dataclass(frozen=True)
class SmallSite:
    """A built site.

    told: warnings and errors of its build. executed: its notebooks, by kind. course: the folder of
    the module's pages.
    """

    folder: Path
    told: list[str]
    executed: dict[str, nbformat.NotebookNode]
    module: str = MODULE
    hub: str = HUB
    course: str = f"curriculum/{MODULE}"

    def page(self, name: str) -> str:
        """Return a page's HTML."""
        return (self.folder / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def small_site(
    tmp_path_factory: pytest.TempPathFactory,
    executed_notebooks: ExecutedNotebooks,
    built_curriculum: Path,
) -> SmallSite:
    def executed(task: NotebookTask) -> nbformat.NotebookNode:
        return nbformat.read(executed_notebooks.notebook(task), as_version=4)

    tasks = [task for task in select_tasks([MODULE]) if task.kind in SHOWN]
    folder = shared_folder(tmp_path_factory) / "small site"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            folder.mkdir()
            told = build(folder, tasks, executed, built_curriculum)
            (folder / "told.json").write_text(json.dumps(told))
    told = json.loads((folder / "told.json").read_text())
    return SmallSite(folder / "site", told, {task.kind: executed(task) for task in tasks})


def build(
    folder: Path,
    tasks: list[NotebookTask],
    executed: Callable[[NotebookTask], nbformat.NotebookNode],
    student: Path,
) -> list[str]:
    sources = Sources(CLONE, CURRICULUM, student, executed)
    stage(sources, load_modules(CURRICULUM, [MODULE]), tasks, folder / "source")
    return run_sphinx(folder / "source", folder / "site", HUB)
