"""START.ipynb: the modules in the syllabus's order, with times, links and the learner's progress.

The page is rendered when the workspace is made, so that it shows without being run. Its HTML
keeps to what JupyterLab lets through in a notebook that was not yet run (no style sheets, no
scripts), and to no colours of its own, so that it suits the light and the dark theme.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from urllib.parse import quote

from lepton_course import progress
from lepton_course.syllabus import PACKAGED, Module, exercises_of, is_ready, load_syllabus

NAME = "START.ipynb"

SOURCE = """\
# Run this cell (Shift+Enter) to bring your progress up to date.
from lepton_course.start_page import show

show()"""

_LEFT = 'style="text-align: left"'
_TRACKS = {"basics": "Basics", "advanced": "Advanced"}


def show() -> None:
    """Display the start page of the workspace that the notebook lies in."""
    from IPython.display import HTML, display

    folder = progress.find_workspace()
    if folder is None:
        print("This page belongs into a workspace. Make one with: lepton learn DIR")
        return
    display(HTML(render(folder)))


def notebook(folder: Path, curriculum: Path = PACKAGED) -> bytes:
    """START.ipynb for the workspace `folder`: one cell, with its output already there."""
    cell = {
        "cell_type": "code",
        "id": "start",
        "metadata": {"jupyter": {"source_hidden": True}},
        "source": SOURCE,
        "execution_count": None,
        "outputs": [
            {
                "output_type": "display_data",
                "data": {"text/html": render(folder, curriculum)},
                "metadata": {},
            }
        ],
    }
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    page = {
        "cells": [cell],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    # Not through nbformat, whose import alone takes longer than all the rest of `lepton learn`.
    return (json.dumps(page, indent=1, ensure_ascii=False) + "\n").encode()


def render(folder: Path, curriculum: Path = PACKAGED) -> str:
    """The page as HTML. Links are relative to the workspace `folder`."""
    modules = load_syllabus(curriculum)
    ready = {module.id for module in modules if is_ready(module, curriculum)}
    names = {m.id: exercises_of(m, curriculum) for m in modules if m.id in ready}
    standing = progress.standing(folder, names)
    rows = []
    for track, title in _TRACKS.items():
        rows.append(f'<tr><td colspan="5" {_LEFT}><h2>{title}</h2></td></tr>')
        rows.append(_cells("th", "", "Module", "Lesson", "Assignment", "Exercises solved"))
        rows += [_row(module, standing, folder) for module in modules if module.track == track]
    return "\n".join(
        [
            "<h1>Lepton Course</h1>",
            _next_step(modules, standing, folder),
            "<table>",
            *rows,
            "</table>",
            "<p>Minutes are for a first reading. Run the cell above (Shift+Enter) to bring this "
            "page up to date.</p>",
        ]
    )


def next_module(modules: list[Module], standing: Mapping[str, progress.Standing]) -> Module | None:
    """The first module that is begun but not complete, else the first that is not complete."""
    open_ones = [m for m in modules if m.id in standing and not standing[m.id].complete]
    begun = [m for m in open_ones if standing[m.id].tries]
    return next(iter(begun + open_ones), None)


def _next_step(
    modules: list[Module], standing: Mapping[str, progress.Standing], folder: Path
) -> str:
    module = next_module(modules, standing)
    if module is None:
        return "<p>You have solved every exercise that there is. Well done.</p>"
    word = "Go on with" if standing[module.id].tries else "Start with"
    link = _link(folder, module.notebooks()[0], escape(module.title))
    return f"<p><b>{word} {link}</b>: {escape(module.about)}.</p>"


def _row(module: Module, standing: Mapping[str, progress.Standing], folder: Path) -> str:
    title = f"<b>{escape(module.title)}</b><br>{escape(module.about)}"
    if module.id not in standing:
        return _cells("td", str(module.number), title, "<i>planned</i>", "", "")
    lesson, assignment = (
        _link(folder, path, f"{minutes} min")
        for path, minutes in zip(module.notebooks(), module.minutes, strict=True)
    )
    state = standing[module.id]
    mark = "&nbsp;✓" if state.complete else ""
    bar = f'<progress value="{state.done}" max="{max(state.total, 1)}"></progress>'
    return _cells(
        "td",
        str(module.number),
        title,
        lesson,
        assignment,
        f"{bar} {state.done}&nbsp;of&nbsp;{state.total}{mark}",
    )


def _link(folder: Path, path: str, text: str) -> str:
    if not (folder / path).is_file():
        return f"{text} (the notebook is missing: run <code>lepton learn</code> again)"
    return f'<a href="{quote(path)}">{text}</a>'


def _cells(tag: str, *contents: str) -> str:
    cells = "".join(f"<{tag} {_LEFT}>{content}</{tag}>" for content in contents)
    return f"<tr>{cells}</tr>"
