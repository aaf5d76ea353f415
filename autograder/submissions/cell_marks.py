"""nbgrader's mark in a cell's metadata, read in one place.

A learner may have written anything there, so anything that is not a valid mark counts as none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

MARK_KEY = "nbgrader"


@dataclass(frozen=True)
class CellMark:
    """nbgrader's mark of a cell; all fields are empty for a cell without one."""

    grade_id: str = ""
    grade: bool = False
    solution: bool = False
    locked: bool = False
    task: bool = False
    points: float = 0.0
    is_code: bool = False

    @property
    def is_judged(self) -> bool:
        """Whether the cell asks the judge for points: a grade cell that is not an answer itself."""
        return self.is_code and self.grade and not self.solution

    @property
    def is_open(self) -> bool:
        """Whether the cell is an answer that is graded by hand."""
        return self.grade and self.solution

    @property
    def released_id(self) -> str:
        """The id of a cell that has a role in the assignment, or ""."""
        plays_a_part = self.grade or self.solution or self.locked or self.task
        return self.grade_id if plays_a_part else ""


def mark_of(cell: Mapping[str, Any]) -> CellMark:
    """Return the mark of a notebook's cell, trusted or not."""
    metadata = cell.get("metadata")
    mark = metadata.get(MARK_KEY) if isinstance(metadata, Mapping) else None
    if not isinstance(mark, Mapping):
        return CellMark()
    grade_id = mark.get("grade_id")
    return CellMark(
        grade_id=grade_id if isinstance(grade_id, str) else "",
        grade=bool(mark.get("grade")),
        solution=bool(mark.get("solution")),
        locked=bool(mark.get("locked")),
        task=bool(mark.get("task")),
        points=_finite(mark.get("points")),
        is_code=cell.get("cell_type") == "code",
    )


def _finite(points: object) -> float:
    """Return points as a finite number, or 0."""
    try:
        number = float(points) if isinstance(points, int | float) else 0.0
    except OverflowError:  # an integer too large for a float
        return 0.0
    return number if math.isfinite(number) else 0.0


def is_judged(cell: Mapping[str, Any]) -> bool:
    """Return whether a cell asks the judge for points."""
    return mark_of(cell).is_judged


def judged_points(notebook: NotebookNode) -> dict[str, float]:
    """Return the points of each judged cell, by grade id, in the notebook's order."""
    marks = (mark_of(cell) for cell in notebook.cells)
    return {mark.grade_id: mark.points for mark in marks if mark.is_judged}


def cells_with_id(notebook: NotebookNode, grade_id: str) -> Iterator[NotebookNode]:
    """Yield the cells with a grade id; a learner's notebook may have none, one or several."""
    return (cell for cell in notebook.cells if mark_of(cell).grade_id == grade_id)
