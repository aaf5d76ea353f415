"""The notebooks to execute: toolbox, every lesson and deeper.ipynb, each assignment twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nbformat
from nbformat import NotebookNode

from autograder.curriculum.modules import (
    CURRICULUM,
    UnknownModule,
    module_id,
    modules_in,
    select_modules,
)
from autograder.curriculum.student_notebooks import student_notebook
from lepton_course.syllabus import TOOLBOX

Kind = Literal["lesson", "deeper", "assignment", "student", "toolbox"]


@dataclass(frozen=True)
class NotebookTask:
    """A notebook to execute; `student` is the assignment as students get it."""

    source: Path
    kind: Kind

    @property
    def module(self) -> str:
        """The module's id; "toolbox" for the toolbox."""
        return "toolbox" if self.kind == "toolbox" else module_id(self.source.parent)

    @property
    def folder(self) -> str:
        """The notebook's folder, relative to the curriculum."""
        return "" if self.kind == "toolbox" else self.module

    @property
    def path(self) -> str:
        """The path for reports: `curriculum/basics/05_convolutional_networks/lesson.ipynb`."""
        if self.kind == "toolbox":
            return f"{self.source.parent.name}/{self.source.name}"
        return f"{self.source.parents[2].name}/{self.module}/{self.source.name}"

    @property
    def file_name(self) -> str:
        """A file name that no other task has."""
        if self.kind == "toolbox":
            return self.source.name
        suffix = ".student" if self.kind == "student" else ""
        return f"{self.module.replace('/', '-')}-{self.source.stem}{suffix}.ipynb"

    def notebook(self) -> NotebookNode:
        """Return the notebook to execute."""
        notebook = nbformat.read(self.source, as_version=4)
        return student_notebook(notebook) if self.kind == "student" else notebook


def select_tasks(names: Sequence[str], curriculum: Path = CURRICULUM) -> list[NotebookTask]:
    """Return the tasks of these notebooks or modules, or all tasks if no name is given.

    Raises UnknownModule.
    """
    if not names:
        modules = [task for folder in modules_in(curriculum) for task in _tasks_in(folder)]
        return [*_toolbox(curriculum), *modules]
    found: list[NotebookTask] = []
    for name in names:
        path = Path(name)
        if name == "toolbox" or path.resolve() == (curriculum / TOOLBOX).resolve():
            found += _toolbox(curriculum)
        elif path.suffix == ".ipynb":
            if not path.is_file():
                raise UnknownModule(f"There is no notebook {name!r}.")
            found += [
                task for task in _tasks_in(path.resolve().parent) if task.source == path.resolve()
            ]
        else:
            [folder] = select_modules([name], curriculum)
            found += _tasks_in(folder)
    return list(dict.fromkeys(found))


def _tasks_in(module: Path) -> list[NotebookTask]:
    tasks = []
    for path in sorted(module.glob("*.ipynb"), reverse=True):  # the lesson comes first
        if path.stem == "assignment":
            tasks += [NotebookTask(path, "assignment"), NotebookTask(path, "student")]
        elif path.stem == "deeper":
            tasks.append(NotebookTask(path, "deeper"))
        else:
            tasks.append(NotebookTask(path, "lesson"))
    return tasks


def _toolbox(curriculum: Path) -> list[NotebookTask]:
    path = curriculum / TOOLBOX
    return [NotebookTask(path, "toolbox")] if path.is_file() else []
