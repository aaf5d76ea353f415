"""Render PROGRESS.ipynb and `lepton progress`: exercises, attempts, time, what to repeat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from lepton_course.pages.course_map import (
    HEADINGS,
    LEGEND,
    CourseMap,
    Stop,
    duration_in_words,
    load_map,
)
from lepton_course.pages.live import show_live
from lepton_course.pages.start_notebook import TABLE, counts_in_words, link, page_notebook
from lepton_course.pages.wording import counted
from lepton_course.progress.database import find_workspace, load_history
from lepton_course.progress.standing import Attempts, attempts_in
from lepton_course.syllabus import PACKAGED

if TYPE_CHECKING:
    from rich.console import Console

NAME = "PROGRESS.ipynb"

SOURCE = """\
# JupyterLab shows this page as it is now, without running it. Elsewhere, run this cell
# (Shift+Enter): from then on the page follows your work.
from lepton_course.pages.progress_notebook import show

show()"""

EXERCISE_HEADINGS = ("Exercise", "Kind", "State", "Attempts", "Repeat")

Known = dict[tuple[str, str], Attempts]

_LEFT = 'style="text-align: left; vertical-align: top; padding: 0.4em 0.3em"'
_RIGHT = 'style="text-align: right; vertical-align: top; padding: 0.4em 0.3em"'


def show() -> None:
    """Display the progress in the workspace that contains the notebook, and keep it up to date."""
    folder = find_workspace()
    if folder is None:
        print("This page belongs in a workspace. Make one with: lepton learn DIR")
        return
    show_live(folder, lambda: render(folder), lambda: render_text(folder))


def notebook(folder: Path, curriculum: Path = PACKAGED) -> bytes:
    """Return PROGRESS.ipynb for the workspace `folder`, with its output already there."""
    return page_notebook("progress", SOURCE, render(folder, curriculum))


def render(folder: Path, curriculum: Path = PACKAGED, now: datetime | None = None) -> str:
    """Return the page as HTML. Links are relative to the workspace `folder`."""
    now = now or datetime.now().astimezone()
    course, known = _load(folder, curriculum, now)
    begun = [stop for stop in course.stops if stop.touched]
    parts = ["<h1>Your progress</h1>"]
    if course.due:
        parts += ["<h2>To repeat</h2>", "<ul>"]
        parts += [
            f"<li>{link(folder, due.notebook, escape(due.exercise.title))} "
            f"({escape(due.module.title)}): {_why(due.is_solved)}</li>"
            for due in course.due
        ]
        parts.append("</ul>")
    parts.append(_modules_table(begun) if begun else "<p>Nothing has been checked yet.</p>")
    parts.append(f"<p>{LEGEND}</p>" if begun else "")
    for stop in begun:
        parts.append(_exercises_table(stop, known, now))
    parts.append(
        "<p>An exercise that you missed comes back a day after you solved it, and once more after "
        "a week. All of this is stored in your workspace, in <code>.lepton/progress.sqlite</code>, "
        "and nowhere else. <code>lepton progress --export FILE</code> in a terminal saves a copy, "
        "<code>--import FILE</code> restores it.</p>"
    )
    return "\n".join(parts)


def render_text(folder: Path, curriculum: Path = PACKAGED, now: datetime | None = None) -> str:
    """Return the page for terminals and screen readers."""
    now = now or datetime.now().astimezone()
    course, known = _load(folder, curriculum, now)
    lines = ["Your progress"]
    for stop in course.stops:
        if stop.touched:
            told = (
                *counts_in_words(stop),
                counted(stop.standing.tries, "attempt"),
                f"time {duration_in_words(stop.standing.spent)}",
                f"left {duration_in_words(stop.minutes_left)}",
            )
            lines.append(f"{stop.module.title}: {', '.join(told)}")
            lines += [f"  {' · '.join(cells)}" for cells in exercise_rows(stop, known, now)]
    lines += [f"Repeat: {due.exercise.title} ({due.notebook})" for due in course.due]
    return "\n".join(lines if len(lines) > 1 else [*lines, "Nothing has been checked yet."])


def exercise_rows(stop: Stop, known: Known, now: datetime) -> Iterator[tuple[str, ...]]:
    """Yield the texts for `EXERCISE_HEADINGS` of each exercise that was tried."""
    for exercise in stop.exercises:
        attempts = known.get((stop.module.id, exercise.name))
        if attempts:
            state = "✓ solved" if attempts.solved else "not yet"
            again = "" if exercise.is_prediction else when(attempts.due, now)
            kind = "graded" if exercise.points else "optional" if exercise.is_optional else "small"
            yield exercise.title, kind, state, str(attempts.tries), again


def when(due: datetime | None, now: datetime) -> str:
    """Return when to repeat an exercise, in words; "" for never."""
    if due is None:
        return ""
    if due <= now:
        return "today"
    days = -(-(due - now) // timedelta(days=1))  # rounded up
    return "tomorrow" if days == 1 else f"in {days} days"


def show_tables(console: Console, folder: Path) -> None:
    """Print the progress in a workspace as tables, as `lepton progress` shows it."""
    from rich.table import Table

    now = datetime.now().astimezone()
    course, known = _load(folder, PACKAGED, now)
    table = Table(HEADINGS[0], title=f"Progress in {folder}")
    for heading in HEADINGS[1:]:
        table.add_column(heading, justify="right")
    for stop in course.stops:
        if stop.is_ready:
            table.add_row(*stop.cells())
    console.print(table)
    for stop in course.stops:
        rows = list(exercise_rows(stop, known, now))
        if rows:
            table = Table(title=stop.module.title, title_justify="left")
            for heading in EXERCISE_HEADINGS:
                table.add_column(heading, justify="right" if heading == "Attempts" else "left")
            for row in rows:
                table.add_row(*row)
            console.print(table)
    console.print(LEGEND)
    if course.due:
        titles = ", ".join(due.exercise.title for due in course.due)
        console.print(f"To repeat today: {titles}")


def _load(folder: Path, curriculum: Path, now: datetime) -> tuple[CourseMap, Known]:
    return load_map(folder, curriculum, now), attempts_in(load_history(folder))


def _why(is_solved: bool) -> str:
    if is_solved:
        return "missed once and solved since. Solve it again without looking."
    return "not solved yet. Look at it with fresh eyes."


def _modules_table(stops: list[Stop]) -> str:
    rows = [_row("th", *HEADINGS)]
    for stop in stops:
        title, *numbers = map(escape, stop.cells())
        rows.append(_row("td", title, *(_unbroken(n) for n in numbers)))
    return TABLE + "".join(rows) + "</table>"


def _exercises_table(stop: Stop, known: Known, now: datetime) -> str:
    told = exercise_rows(stop, known, now)
    rows = [_row("td", escape(title), *map(_unbroken, map(escape, rest))) for title, *rest in told]
    if not rows:
        return ""
    head = _row("th", *EXERCISE_HEADINGS)
    return f"<h3>{escape(stop.module.title)}</h3>{TABLE}{head}{''.join(rows)}</table>"


def _unbroken(text: str) -> str:
    """Return a cell's text with breaks only between hours and minutes."""
    return re.sub(r" (?!\d+ min)", "&nbsp;", text)


def _row(tag: str, first: str, *others: str) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    cells = [f"<{tag}{scope} {_LEFT}>{first}</{tag}>"]
    cells += [f"<{tag}{scope} {_RIGHT}>{other}</{tag}>" for other in others]
    return f"<tr>{''.join(cells)}</tr>"
