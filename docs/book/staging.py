"""Gather everything that Sphinx reads into one folder, with the paths that it has in the clone.

So relative links in documents and notebooks hold on the site as they do in the clone.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.proof.notebooks.tasks import NotebookTask
from book import api_pages, course_pages, glossary, reader_pages
from book.anchors import site_links
from book.modules import BookModule
from book.notebook_pages import PICTURES, page_of
from book.sphinx_parts import DOWNLOADS, EXTRA, GATHERED_STATIC
from lepton_course.syllabus import OPEN_FOLDERS, TOOLBOX

SHOWN = ("toolbox", "lesson", "deeper", "student")
"""Kinds of executed notebooks that the site shows: of an assignment, the one without solutions."""

MATHJAX = "tex-svg.js"
"""The one file of MathJax that sets formulas without asking for another."""


@dataclass(frozen=True)
class Sources:
    """Where the site's parts come from.

    curriculum: with the plans and figures. student: the built curriculum, for the downloads.
    executed: returns the executed notebook of a task.
    """

    clone: Path
    curriculum: Path
    student: Path
    executed: Callable[[NotebookTask], NotebookNode]


def stage(
    sources: Sources, modules: Sequence[BookModule], tasks: Sequence[NotebookTask], out: Path
) -> None:
    """Write pages and pictures into `out`, which is emptied first.

    modules: all of the syllabus. tasks: the notebooks to show.
    """
    shutil.rmtree(out, ignore_errors=True)
    _stage_documents(sources.clone, out)
    lessons = _stage_notebooks(sources, tasks, out)
    _stage_course(modules, lessons, any(task.kind == "toolbox" for task in tasks), out)
    for name, text in api_pages.api_pages().items():
        _write(out / "api" / f"{name}.rst", text)
    _stage_mathjax(out)


def _stage_documents(clone: Path, out: Path) -> None:
    sections = reader_pages.sections_of(clone)
    documents = {page for section in sections for page in (section.first, *section.pages)}
    readme = (clone / reader_pages.START).read_text(encoding="utf-8")
    course = ["Course <curriculum/index>", "Glossary <glossary>", "API <api/index>"]
    _write(out / "index.md", reader_pages.start_page(readme, sections, course))
    linked = set(reader_pages.files_linked(readme, reader_pages.START))
    for document in sorted(documents):
        text = (clone / document).read_text(encoding="utf-8")
        linked |= set(reader_pages.files_linked(text, document))
        _write(out / document, reader_pages.document_page(text, document, sections))
    for name in sorted(linked - documents):
        if (clone / name).is_file():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(clone / name, out / name)


def _stage_notebooks(
    sources: Sources, tasks: Sequence[NotebookTask], out: Path
) -> dict[str, NotebookNode]:
    """Write the notebooks' pages, pictures and downloads; return the lessons by module."""
    known = {p.relative_to(sources.curriculum).as_posix() for p in _all_notebooks(sources)}
    paths = {task: _path(task) for task in tasks}
    shown = set(paths.values())
    lessons = {}
    for task, path in paths.items():
        executed = sources.executed(task)
        if task.kind == "lesson":
            lessons[task.module] = executed
        page = page_of(
            executed,
            "../" * (path.count("/") + 1),
            lambda text, task=task: site_links(text, task.folder, known, shown),
            "lesson" if task.kind == "lesson" else "",
        )
        _write(out / "curriculum" / path, nbformat.writes(page.notebook))
        for name, content in page.pictures.items():
            _write(out / EXTRA / PICTURES / name, content)
        _write(out / EXTRA / DOWNLOADS / path, (sources.student / path).read_bytes())
    for folder in {task.folder for task in tasks if task.folder}:
        for name in OPEN_FOLDERS:
            for figure in sorted((sources.curriculum / folder / name).glob("*.svg")):
                _write(out / "curriculum" / folder / name / figure.name, figure.read_bytes())
    for figure in sorted((sources.curriculum / "figures").glob("*.svg")):
        _write(out / "curriculum" / "figures" / figure.name, figure.read_bytes())
    return lessons


def _all_notebooks(sources: Sources) -> list[Path]:
    return [*sources.curriculum.glob("*/*/*.ipynb"), sources.curriculum / TOOLBOX]


def _path(task: NotebookTask) -> str:
    """Return the notebook's path, relative to the curriculum."""
    return f"{task.folder}/{task.source.name}".removeprefix("/")


def _stage_course(
    modules: Sequence[BookModule], lessons: dict[str, NotebookNode], toolbox: bool, out: Path
) -> None:
    titles = {book.id: book.module.title for book in modules}
    found = {
        book.id: glossary.meanings(book.terms, book.id, lessons[book.id])
        for book in modules
        if book.notebooks
    }
    _write(out / "curriculum/index.md", course_pages.course_page(modules, toolbox))
    for book in modules:
        if book.notebooks:
            text = course_pages.module_page(book, modules, found[book.id])
            _write(out / "curriculum" / book.id / "index.md", text)
    all_found = [meaning for meanings in found.values() for meaning in meanings]
    _write(out / "glossary.md", glossary.glossary_page(all_found, titles))


def _stage_mathjax(out: Path) -> None:
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    assert spec and spec.submodule_search_locations
    [folder] = spec.submodule_search_locations
    [script] = Path(folder).rglob(MATHJAX)
    (out / GATHERED_STATIC).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(script, out / GATHERED_STATIC / MATHJAX)


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
