"""Checks of optional notebooks: a module's `deeper.ipynb`, and the course's toolbox."""

from __future__ import annotations

import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.curriculum.source_closure import without_magics
from autograder.proof.lint.code_form import code_complaints
from autograder.proof.lint.notebook_form import Complaint, headings, page_complaints
from lepton_course.syllabus import TOOLBOX


@dataclass
class Section:
    """A section of a notebook, with the names that its code defines and reads."""

    title: str
    cells: int = 0
    made: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)


def deeper_complaints(name: str, notebook: NotebookNode) -> Iterator[Complaint]:
    """Yield complaints about an optional notebook: ungraded, in sections that stand alone."""
    first = notebook.cells[0].source if notebook.cells else ""
    if not first.startswith("# ") or "optional" not in first.lower():
        yield Complaint(
            f"{name}, cell 1", "is no opening", "Begin with a heading, and say that it is optional."
        )
    for number, cell in enumerate(notebook.cells, start=1):
        if "nbgrader" in cell.metadata:
            yield Complaint(
                f"{name}, cell {number}", "has nbgrader metadata", "Only assignments are graded."
            )
    if "Quiz" in [title for _, title in headings(notebook)]:
        yield Complaint(name, "has a quiz", "The quiz belongs to the lesson.")
    yield from section_complaints(name, notebook)


def toolbox_complaints(curriculum: Path) -> list[Complaint]:
    """Return complaints about the curriculum's toolbox; [] if there is none."""
    path = curriculum / TOOLBOX
    if not path.is_file():
        return []
    notebook = nbformat.read(path, as_version=4)
    found = [*page_complaints(path, notebook, path.stem), *code_complaints(path, notebook)]
    found += section_complaints(path.name, notebook)
    for section in sections(notebook)[1:]:
        if not section.cells:
            found.append(
                Complaint(
                    f"{path.name}, {section.title}", "has nothing to run", "Add a short example."
                )
            )
    return found


def section_complaints(name: str, notebook: NotebookNode) -> Iterator[Complaint]:
    """Yield the names that a section takes from another: a reader may start with any of them."""
    first, *others = sections(notebook)
    for section in others:
        for other in others:
            taken = (section.read - section.made - first.made) & other.made
            if other is not section and taken:
                yield Complaint(
                    f"{name}, section {section.title!r}",
                    f"uses {', '.join(sorted(taken))} of section {other.title!r}",
                    "Each section stands alone: make it there, or before the first section.",
                )


def sections(notebook: NotebookNode) -> list[Section]:
    """Return the notebook's sections; the first is what comes before any heading of level 2."""
    found = [Section("")]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("## "):
                    found.append(Section(line[3:].strip()))
        elif cell.cell_type == "code":
            found[-1].cells += 1
            made, read = _names(cell.source)
            found[-1].made |= made
            found[-1].read |= read
    return found


def _names(source: str) -> tuple[set[str], set[str]]:
    """Return the global names that a cell defines, and those that it reads."""
    try:
        top = symtable.symtable(without_magics(source), "cell", "exec")
    except SyntaxError:
        return set(), set()  # executing the notebook reports it
    made = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    read = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    waiting = list(top.get_children())
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        read |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return made, read
