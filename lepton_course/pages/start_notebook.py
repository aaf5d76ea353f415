"""Render START.ipynb: the course map with times, links, progress and where to continue.

The page is rendered when the workspace is made, so that it shows without being run, and again
whenever the course's JupyterLab reads it (`served_pages`). Its HTML uses
only what JupyterLab allows in a notebook that has not been run (no style sheets, no scripts), and
no colours of its own, so that it suits the light and the dark theme.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from lepton_course.pages.course_map import (
    LEGEND,
    CourseMap,
    Due,
    Stop,
    duration_in_words,
    load_map,
)
from lepton_course.pages.live import show_live
from lepton_course.pages.new_versions import Pair, pairs, side_by_side
from lepton_course.progress.database import find_workspace
from lepton_course.survey.asked import is_on
from lepton_course.survey.placement import Suggestion
from lepton_course.syllabus import PACKAGED, TOOLBOX

NAME = "START.ipynb"

SOURCE = """\
# JupyterLab shows this page as it is now, without running it. Elsewhere, run this cell
# (Shift+Enter): from then on the page follows your work.
from lepton_course.pages.start_notebook import show

show()"""

TABLE = '<table style="margin-left: 0">'
"""Begins a table that is aligned with the text; JupyterLab would centre it."""

_LEFT = 'style="text-align: left; vertical-align: top"'
_TRACKS = {"basics": "Basics", "advanced": "Advanced"}
SURVEY = "SURVEY.ipynb"
"""Name of the page with the survey."""

_WORDS = {"planned": "planned", "open": "", "begun": "begun", "done": "✓ done"}


def show() -> None:
    """Display the start page of the workspace that contains the notebook; keep it up to date."""
    folder = find_workspace()
    if folder is None:
        print("This page belongs in a workspace. Make one with: lepton learn DIR")
        return
    show_live(folder, lambda: render(folder), lambda: render_text(load_map(folder)))


def notebook(folder: Path, curriculum: Path = PACKAGED) -> bytes:
    """Return START.ipynb for the workspace `folder`: one cell, with its output already there."""
    return page_notebook("start", SOURCE, render(folder, curriculum))


def page_notebook(name: str, source: str, html: str) -> bytes:
    """Return a notebook of one hidden cell, with its output already there."""
    cell = {
        "cell_type": "code",
        "id": name,
        "metadata": {"jupyter": {"source_hidden": True}},
        "source": source,
        "execution_count": None,
        "outputs": [
            {"output_type": "display_data", "data": {"text/html": html}, "metadata": {}},
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
    """Return the page as HTML. Links are relative to the workspace `folder`."""
    course = load_map(folder, curriculum)
    rows = []
    for track, title in _TRACKS.items():
        rows.append(f'<tr><td colspan="3" {_LEFT}><h2>{title}</h2></td></tr>')
        rows.append(_cells("th", "Module", "Notebooks", "Solved"))
        stops = [stop for stop in course.stops if stop.module.track == track]
        rows += [_row(stop, stop == course.next, folder) for stop in stops]
    return "\n".join(
        [
            "<h1>Lepton Course</h1>",
            _next_step(course, folder),
            _survey(course, folder) if is_on() else "",
            _toolbox(folder, curriculum),
            _repetition(course.due, folder),
            _new_versions(folder),
            TABLE,
            *rows,
            "</table>",
            f"<p>Minutes are for a first reading. {LEGEND} "
            f"More in {link(folder, 'PROGRESS.ipynb', 'your progress')}.{_always(folder)}</p>",
        ]
    )


def render_text(course: CourseMap) -> str:
    """Return the page for terminals and screen readers."""
    lines = ["Lepton Course"]
    if course.next:
        lines.append(f"Go on with {course.next.module.title}: {course.next.notebook}")
    if skipped := [stop.module.title for stop in course.stops if stop.may_skip]:
        lines.append(f"You may skip {', '.join(skipped)}")
    lines += [f"Repeat {due.exercise.title}: {due.notebook}" for due in course.due]
    for stop in course.stops:
        solved = "".join(f"{part}, " for part in counts_in_words(stop)) if stop.is_ready else ""
        word = "next" if stop == course.next else _WORDS[stop.state] or "open"
        left = f", {duration_in_words(stop.minutes_left)} left" if stop.is_ready else ""
        lines.append(f"{stop.module.id}: {solved}{word}{left}")
    return "\n".join(lines)


def link(folder: Path, path: str, text: str) -> str:
    """Return a link to a file of the workspace, or advice when the file is missing."""
    if not (folder / path).is_file():
        return f"{text} (the notebook is missing: run <code>lepton learn</code> again)"
    return f'<a href="{quote(path)}">{text}</a>'


def _next_step(course: CourseMap, folder: Path) -> str:
    stop = course.next
    if stop is None:
        return "<p>You have solved every exercise. Well done.</p>"
    word = "Go on with" if stop.state == "begun" else "Start with"
    target = link(folder, stop.notebook, escape(stop.module.title))
    last = f" You were at <i>{escape(stop.last.title)}</i>." if stop.last else ""
    here, in_all = map(duration_in_words, (stop.minutes_left, course.minutes_left))
    left = f"About {here} left in it, {in_all} in all"
    return f"<p><b>{word} {target}</b>: {escape(stop.module.about)}.{last}<br>{left}.</p>"


def _survey(course: CourseMap, folder: Path) -> str:
    """Suggest what to skip, offer the survey before any work, and its questions after a module."""
    parts = []
    if course.suggestion:
        parts.append(_suggestion(course, course.suggestion))
    elif not any(stop.touched for stop in course.stops):
        asked = link(folder, SURVEY, "A few questions")
        parts.append(f"<b>Is some of this known to you?</b> {asked} tell where to begin.")
    done = [s for s in course.stops if s.state == "done" and not s.is_reviewed and s.touched]
    if done:
        last = max(done, key=lambda stop: stop.touched or datetime.min)
        asked = link(folder, SURVEY, "Three questions")
        parts.append(f"<b>{asked}</b> about <i>{escape(last.module.title)}</i>, for a minute.")
    return "".join(f"<p>{part}</p>" for part in parts)


def _suggestion(course: CourseMap, suggestion: Suggestion) -> str:
    """Say where to begin, unless the learner has begun there, and what may be skipped."""
    stops = {stop.module.id: stop for stop in course.stops}
    titles = {module: f"<i>{escape(stop.module.title)}</i>" for module, stop in stops.items()}
    told = []
    if suggestion.begin and stops[suggestion.begin].state == "open":
        told.append(f"begin with {titles[suggestion.begin]}")
    if suggestion.skip:
        them = "its" if len(suggestion.skip) == 1 else "their"
        names = ", ".join(titles[module] for module in suggestion.skip)
        told.append(f"you may skip {names}, as you answered all {them} questions right")
    rest = "; ".join(told) or "nothing to skip"
    return f"<b>Your answers before the course</b> suggest: {rest}."


def _always(folder: Path) -> str:
    """Return the link to the survey that the page ends with."""
    if not is_on() or not (folder / SURVEY).is_file():
        return ""
    return f" {link(folder, SURVEY, 'The survey')} asks what you know and need."


def _toolbox(folder: Path, curriculum: Path) -> str:
    if not (curriculum / TOOLBOX).is_file():
        return ""
    page = link(folder, TOOLBOX, "The toolbox")
    return f"<p>{page}: notation, shapes and the mathematics that lessons rely on.</p>"


def _repetition(due: tuple[Due, ...], folder: Path) -> str:
    if not due:
        return ""
    items = ", ".join(
        f"{link(folder, d.notebook, escape(d.exercise.title))} ({escape(d.module.title)})"
        for d in due[:3]
    )
    more = f", and {len(due) - 3} more" if len(due) > 3 else ""
    return f"<p><b>Repeat today</b>, without looking: {items}{more}.</p>"


def _new_versions(folder: Path) -> str:
    """List notebooks that have a new version, with a link to compare where JupyterLab runs."""
    items = []
    for pair in pairs(folder):
        address = side_by_side(folder, pair)
        see = f' (<a href="{escape(address)}" target="_blank">compare</a>)' if address else ""
        mine = escape(pair.mine).replace("/", "/<wbr>")
        items.append(f"<li>{link(folder, pair.mine, mine)}: {_beside(pair)}{see}</li>")
    if not items:
        return ""
    return (
        "<p><b>New versions</b> of notebooks that you have changed. Yours are as you left them; "
        "<code>lepton changes</code> in a terminal shows both side by side.</p>"
        f"<ul>{''.join(items)}</ul>"
    )


def _beside(pair: Pair) -> str:
    return f'<a href="{quote(pair.new)}">{escape(Path(pair.new).name)}</a>'


def _row(stop: Stop, is_next: bool, folder: Path) -> str:
    module, state = stop.module, stop.standing
    skip = "you may skip it" if stop.may_skip and stop.state == "open" else ""
    word = "▸ next" if is_next else skip or _WORDS[stop.state]
    note = f" <i>{word}</i>" if word else ""
    about = re.sub("(?<=[a-z])(?=[A-Z])", "<wbr>", escape(module.about))  # LongNames may break
    title = f"{module.number}. <b>{escape(module.title)}</b>{note}<br>{about}"
    if not stop.is_ready:
        return f'<tr><td colspan="3" {_LEFT}>{title}</td></tr>'
    notebooks = "<br>".join(
        link(folder, path, f"{kind}, {minutes}&nbsp;min") + ("&nbsp;✓" if share == 1 else "")
        for kind, path, minutes, share in zip(
            ("Lesson", "Assignment"), module.notebooks(), module.minutes, stop.shares, strict=True
        )
    )
    if module.deeper:
        minutes = f"Deeper, {module.deeper_minutes}&nbsp;min (optional)"
        notebooks += f"<br>{link(folder, module.deeper, minutes)}"
    full = round(5 * state.done / max(state.total, 1))
    bar = f'<span aria-hidden="true">{"▰" * full}{"▱" * (5 - full)}</span>'
    left = f"about {duration_in_words(stop.minutes_left)} left" if stop.state == "begun" else ""
    solved = [text.replace(" ", "&nbsp;") for text in counts_in_words(stop)]
    return _cells("td", title, notebooks, "<br>".join(filter(None, (bar, *solved, left))))


def counts_in_words(stop: Stop) -> list[str]:
    """Return what was solved in a module: "graded 1 of 7", "small 2 of 6", "quiz 0 of 6"."""
    return [f"{kind} {done} of {asked}" for kind, (done, asked) in stop.counts().items() if asked]


def _cells(tag: str, *contents: str) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    cells = "".join(f"<{tag}{scope} {_LEFT}>{content}</{tag}>" for content in contents)
    return f"<tr>{cells}</tr>"
