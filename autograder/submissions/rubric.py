"""The rubric of an open question, from the released notebook to formgrader.

A rubric is a table with the columns "points" and "for" in the statement above the answer. It is
read from the release, since the learner's copy may say anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from nbformat import NotebookNode

from autograder.submissions.cell_marks import mark_of

_HEAD = re.compile(r"^\|\s*points\s*\|\s*for\s*\|\s*$", re.MULTILINE | re.IGNORECASE)
_ROW = re.compile(r"\|\s*(\d+(?:\.\d+)?)\s*\|\s*(.+?)\s*\|\s*")


@dataclass(frozen=True)
class Criterion:
    """One line of a rubric."""

    points: float
    words: str


def rubrics(release: NotebookNode) -> dict[str, list[Criterion]]:
    """Return the rubric of each answer that is graded by hand and has one, by grade id."""
    found: dict[str, list[Criterion]] = {}
    above: list[Criterion] = []
    for cell in release.cells:
        mark = mark_of(cell)
        if mark.is_open:
            if above:
                found[mark.grade_id] = above
            above = []
        elif cell.cell_type == "markdown":
            above = _criteria(cell.source) or above
    return found


def as_metadata(criteria: list[Criterion]) -> list[list[object]]:
    """Return a rubric in the form of a cell's metadata."""
    return [[criterion.points, criterion.words] for criterion in criteria]


def rubric_html(grade_id: str, rows: object) -> str:
    """Return a rubric from a cell's metadata as an HTML list, to which a script adds checkboxes."""
    if not isinstance(rows, list) or not rows:
        return ""
    items = "".join(
        f'<li data-points="{float(points):g}"><b>{float(points):g}</b> '
        f'<span class="words">{escape(str(words))}</span></li>'
        for points, words in rows
    )
    return (
        f'<ul class="lepton-rubric" data-for="{escape(grade_id)}" aria-label="Rubric">{items}</ul>'
    )


def _criteria(source: str) -> list[Criterion]:
    head = _HEAD.search(source)
    if head is None:
        return []
    criteria = []
    for line in source[head.end() :].strip().splitlines()[1:]:  # the first is | --- | --- |
        row = _ROW.fullmatch(line.strip())
        if row is None:
            break
        criteria.append(Criterion(float(row[1]), re.sub(r"[*`]", "", row[2])))
    return criteria
