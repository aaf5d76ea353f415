"""Put a release's cells back into a submission.

The release decides: cells that the learner may not change are restored, missing cells are added,
copies lose their mark, and nothing that the submission says about points, outputs or verdicts
survives. Only the learner's own sources do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from autograder.submissions.cell_marks import MARK_KEY, is_judged, mark_of
from autograder.submissions.rubric import as_metadata, rubrics
from autograder.submissions.submission import VERDICT_KEY, NotGradable


@dataclass(frozen=True)
class Restored:
    """A notebook with the release's cells restored, and a sentence for each repair."""

    notebook: NotebookNode
    repairs: tuple[str, ...]


def restore(notebook: NotebookNode, release: NotebookNode) -> Restored:
    """Return the submission with every cell of the release in its place.

    Neither argument is changed. Raises NotGradable when none of the release's grade cells is left,
    since this is then another notebook.
    """
    released = {_grade_id(cell): cell for cell in release.cells if _grade_id(cell)}
    submitted = [_stripped(cell) for cell in notebook.cells]
    kept = _kept_cells(submitted, released)
    if not any(mark_of(released[grade_id]).grade for grade_id in kept):
        raise NotGradable("none of the assignment's grade cells is in the notebook")

    repairs: list[str] = []
    cells: list[NotebookNode] = []
    for index, cell in enumerate(submitted):
        grade_id = _grade_id(cell)
        if grade_id and kept.get(grade_id) == index:
            cells.append(_restored(cell, released[grade_id]))
            continue
        if grade_id in released:
            repairs.append(f"a copy of the cell {grade_id} was ignored")
        cell.metadata.pop(MARK_KEY, None)
        cells.append(cell)
    for position, grade_id in enumerate(released):
        if grade_id not in kept:
            _insert(cells, released[grade_id], list(released)[:position])
            repairs.append(f"the cell {grade_id} was missing and was put back")
    moved = _move_after_answers(cells, _answers(release))
    repairs += [f"the cell {grade_id} stood before its answer and was moved" for grade_id in moved]

    for grade_id, criteria in rubrics(release).items():
        [answer] = [cell for cell in cells if _grade_id(cell) == grade_id]
        answer.metadata[VERDICT_KEY] = {"rubric": as_metadata(criteria)}

    restored = nbformat.v4.new_notebook(cells=cells)
    restored.metadata = NotebookNode(
        {key: value for key, value in release.metadata.items() if key != VERDICT_KEY}
    )
    _unique_cell_ids(restored)
    return Restored(restored, tuple(dict.fromkeys(repairs)))


def _grade_id(cell: NotebookNode) -> str:
    return mark_of(cell).released_id


def _stripped(cell: NotebookNode) -> NotebookNode:
    """Return a fresh cell with only the learner's source, pasted pictures and nbgrader mark."""
    new = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }[cell.cell_type](cell.source)
    mark = cell.metadata.get(MARK_KEY)
    if isinstance(mark, dict):
        new.metadata[MARK_KEY] = NotebookNode(mark)
    if "attachments" in cell:
        new["attachments"] = cell.attachments
    return new


def _kept_cells(cells: list[NotebookNode], released: dict[str, NotebookNode]) -> dict[str, int]:
    """Return, for each released cell that was handed in, the index of the copy that counts.

    That is the last copy that differs from the release; of untouched copies, the first.
    """
    kept: dict[str, int] = {}
    for index, cell in enumerate(cells):
        grade_id = _grade_id(cell)
        if grade_id in released and (
            grade_id not in kept or cell.source != released[grade_id].source
        ):
            kept[grade_id] = index
    return kept


def _restored(cell: NotebookNode, released: NotebookNode) -> NotebookNode:
    """Return the released cell, with the learner's source if it is the learner's to write."""
    copy = _blank_copy(released)
    if mark_of(released).solution:
        copy.source = cell.source
        if "attachments" in cell:
            copy["attachments"] = cell.attachments
    return copy


def _blank_copy(released: NotebookNode) -> NotebookNode:
    copy = nbformat.from_dict(json.loads(json.dumps(released)))
    copy.metadata.pop(VERDICT_KEY, None)
    if copy.cell_type == "code":
        copy.outputs = []
        copy.execution_count = None
    return copy


def _insert(cells: list[NotebookNode], released: NotebookNode, before: list[str]) -> None:
    """Insert a missing cell after its nearest released predecessor, or at the top."""
    positions = {_grade_id(cell): index for index, cell in enumerate(cells) if _grade_id(cell)}
    place = next((positions[g] + 1 for g in reversed(before) if g in positions), 0)
    cells.insert(place, _blank_copy(released))


def _move_after_answers(cells: list[NotebookNode], answers: dict[str, str]) -> list[str]:
    """Move grade cells that stand before their answers after them; return their ids."""
    moved = []
    for grade_id, answer_id in answers.items():
        ids = [_grade_id(cell) for cell in cells]
        here, answer = ids.index(grade_id), ids.index(answer_id)
        if here < answer:
            cells.insert(answer, cells.pop(here))
            moved.append(grade_id)
    return moved


def _answers(release: NotebookNode) -> dict[str, str]:
    """Return, for each judged cell, the nearest answer cell before it."""
    answers: dict[str, str] = {}
    last = ""
    for cell in release.cells:
        if not _grade_id(cell):
            continue
        if is_judged(cell):
            answers.update({_grade_id(cell): last} if last else {})
        elif cell.cell_type == "code" and mark_of(cell).solution:
            last = _grade_id(cell)
    return answers


def _unique_cell_ids(notebook: NotebookNode) -> None:
    seen: set[str] = set()
    for cell in notebook.cells:
        if cell.get("id") in seen:
            cell["id"] = nbformat.v4.new_code_cell().id
        seen.add(cell.get("id"))
