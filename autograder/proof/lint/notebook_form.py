"""Checks of any notebook: setup, sizes, outputs, tags, links, pictures."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode

from autograder.proof.notebooks.pinned_outputs import TAG, is_pinned
from lepton_course.syllabus import OPEN_FOLDERS

MEDIAN_LINES, MOST_LINES = 8, 25
ALT_TEXT = 20
TAGS = {TAG, "raises-exception", "nbval-ignore-output", "given-code", "hide-input", "remove-input"}

_LINK = re.compile(r"(!?)\[((?:[^\]\\]|\\.)*)\]\(([^)\s]+)[^)]*\)")
_BRACKET_IN_PICTURE = re.compile(r"!\[[^\]]*\[")
_IMAGE_TAG = re.compile(r"<img\b[^>]*>")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u26ff]")


CHECKS = {
    "terms": "every term of module.yml is set in bold in the lesson",
    "lesson-cells": "a lesson has at most 100 cells",
    "long-cells": "no code cell has more than 25 lines",
    "one-statement": "one statement a line, one assignment a statement",
    "alt-text": "figures are shown with an alternative text",
    "quiz-letters": "right answers are spread over the letters",
    "quiz-lengths": "a quiz's choices are of like length",
    "placement": "module.yml has placement questions for the survey before the course",
    "goes-wrong": "a section shows what goes wrong",
    "experiment": "an experiment answers a question",
    "in-production": "a section says what teams use in production",
}
"""Checks that a module may list as `unmet` in its module.yml for as long as it fails them."""


@dataclass(frozen=True)
class Complaint:
    """A defect of a module: where, what is wrong, and how to mend it.

    check: a name of CHECKS; "" for a check that a module cannot postpone.
    """

    where: str
    what: str
    mend: str
    check: str = ""

    def __str__(self) -> str:
        return f"{self.where} {self.what}. {self.mend}"


def page_complaints(path: Path, notebook: NotebookNode, module: str) -> Iterator[Complaint]:
    """Yield complaints about a notebook that do not depend on its purpose."""
    yield from _setup(path.name, notebook, module)
    yield from _sizes(path.name, notebook)
    for number, cell in enumerate(notebook.cells, start=1):
        where = f"{path.name}, cell {number}"
        for tag in set(cell.metadata.get("tags", [])) - TAGS:
            yield Complaint(
                where, f"has the tag {tag!r}", f"Known tags: {', '.join(sorted(TAGS))}."
            )
        if cell.cell_type == "code":
            yield from _outputs(where, cell)
        elif cell.cell_type == "markdown":
            yield from _links(where, path, cell.source)
    for _, title in headings(notebook):
        if _EMOJI.search(title):
            yield Complaint(f"{path.name}, heading {title!r}", "has an emoji", "Say it in words.")


def _setup(name: str, notebook: NotebookNode, module: str) -> Iterator[Complaint]:
    cells = [(number, cell) for number, cell in code(notebook) if "begin(" in cell.source]
    first = next((number for number, _ in code(notebook)), 0)
    mend = f'The first code cell imports and calls begin("{module}"), once.'
    if [number for number, _ in cells] != [first]:
        found = ", ".join(str(number) for number, _ in cells) or "no cell"
        yield Complaint(name, f"is set up in {found}, not in its first code cell", mend)
    for number, cell in cells:
        if f'begin("{module}"' not in cell.source:
            yield Complaint(f"{name}, cell {number}", "begins another module", mend)


def _sizes(name: str, notebook: NotebookNode) -> Iterator[Complaint]:
    lines = {
        number: sum(bool(line.strip()) for line in cell.source.splitlines())
        for number, cell in code(notebook)
    }
    for number, count in lines.items():
        if count > MOST_LINES:
            yield Complaint(
                f"{name}, cell {number}",
                f"has {count} lines of code",
                f"Split it: {MOST_LINES} at most.",
                "long-cells",
            )
        if not count:
            yield Complaint(f"{name}, cell {number}", "is empty", "Remove it.")
    if lines and statistics.median(lines.values()) > MEDIAN_LINES:
        yield Complaint(
            name,
            f"has a median of {statistics.median(lines.values()):g} lines a code cell",
            f"One idea a cell: {MEDIAN_LINES} lines or fewer in half of them.",
        )


def _outputs(where: str, cell: NotebookNode) -> Iterator[Complaint]:
    if is_pinned(cell):
        if not cell.outputs:
            yield Complaint(
                where, f"is tagged {TAG} and has no output", "Run it and store the output."
            )
    elif cell.outputs or cell.execution_count is not None:
        yield Complaint(
            where, "has a leftover output", f"Clear it, or tag the cell {TAG} to have it compared."
        )


def _links(where: str, path: Path, source: str) -> Iterator[Complaint]:
    text = re.sub(r"`[^`]*`|\$[^$]*\$", "", source)
    for picture, words, target in _LINK.findall(text):
        if picture and len(words.strip()) < ALT_TEXT:
            yield Complaint(
                where,
                f"shows {target} with the alternative text {words!r}",
                "Say in a sentence what is to be seen, for those who cannot see it.",
            )
        yield from _target(where, path, target, bool(picture))
    if _BRACKET_IN_PICTURE.search(text):
        yield Complaint(
            where,
            "has brackets in a picture's alternative text, and JupyterLab shows no picture then",
            "Say it without [ and ].",
        )
    for tag in _IMAGE_TAG.findall(text):
        alt = re.search(r"alt=[\"'](.*?)[\"']", tag)
        if not alt or len(alt[1]) < ALT_TEXT:
            yield Complaint(
                where, f"shows {tag} without alternative text", 'Add alt="…", a sentence.'
            )


def _target(where: str, path: Path, target: str, picture: bool) -> Iterator[Complaint]:
    if re.match(r"https?://|mailto:", target):
        if target.startswith("http:") or picture:
            yield Complaint(
                where, f"relies on {target}", "Use https, and keep pictures in figures/."
            )
        return
    file, _, anchor = unquote(target).partition("#")
    goal = (path.parent / file).resolve() if file else path
    if not goal.exists():
        yield Complaint(where, f"points to {target}, which is not there", "Mend the link.")
    elif anchor and goal.suffix == ".ipynb" and anchor not in anchors_of(goal):
        yield Complaint(where, f"points to {target}: no such heading", "Hyphens stand for spaces.")
    elif goal.suffix != ".ipynb" and goal.parent.name not in OPEN_FOLDERS:
        folders = " or ".join(OPEN_FOLDERS)
        verb = "shows" if picture else "points to"
        yield Complaint(
            where, f"{verb} {target}, which learners do not get", f"Move it to {folders}/."
        )


def code(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Return code cells with their numbers, counted from 1 over all cells."""
    return _cells(notebook, "code")


def markdown(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Return text cells with their numbers, counted from 1 over all cells."""
    return _cells(notebook, "markdown")


def _cells(notebook: NotebookNode, kind: str) -> Iterator[tuple[int, NotebookNode]]:
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == kind:
            yield number, cell


def headings(notebook: NotebookNode) -> list[tuple[int, str]]:
    """Return levels and titles of all headings, in order."""
    return [
        (len(level), title.strip())
        for _, cell in markdown(notebook)
        for level, title in re.findall(
            r"^(#{1,6}) +(.*)$", _without_fences(cell.source), re.MULTILINE
        )
        if not title.startswith(("BEGIN ", "END "))
    ]


def anchors_of(path: Path) -> set[str]:
    """Return the anchors of a notebook: what may stand after `#` in a link to it."""
    titles = headings(nbformat.read(path, as_version=4))
    return {title.replace(" ", "-") for _, title in titles}


def _without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
