"""Turn the bytes that a learner handed in into a notebook that can be graded.

The release decides: cells that the learner may not change are restored, missing cells are added,
copies lose their mark, and nothing that the submission says about points, outputs or verdicts
survives. Only the learner's own sources do.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.classroom.classroom import NOTEBOOK
from autograder.submissions.cell_marks import MARK_KEY, is_judged, mark_of
from autograder.submissions.rubric import as_metadata, rubrics
from autograder.submissions.untrusted_outputs import without_surrogates

MAX_NOTEBOOK_BYTES = 20 * 2**20
MAX_CELLS = 2_000
VERDICT_KEY = "lepton"
"""Key in a cell's metadata under which the judge leaves its verdict."""


class NotGradable(Exception):
    """A submission that cannot be graded; the message is the reason, in one sentence.

    names_file: whether the reason names the notebook's file.
    """

    def __init__(self, reason: str, names_file: bool = False) -> None:
        super().__init__(reason)
        self.names_file = names_file


@dataclass(frozen=True)
class Restored:
    """A notebook with the release's cells restored, and a sentence for each repair."""

    notebook: NotebookNode
    repairs: tuple[str, ...]


@dataclass(frozen=True)
class Submission:
    """The notebooks that a learner handed in, ready to run.

    notebooks: their JSON, restored, by name. repairs: a sentence for each repair. digest: SHA-256
        of the notebooks' bytes as they were handed in.
    """

    notebooks: Mapping[str, str]
    repairs: tuple[str, ...]
    digest: str


def submitted_notebooks(folder: Path) -> list[Path]:
    """Return the notebooks in a submission's folder that are ordinary files of acceptable size."""
    return [
        path
        for path in sorted(folder.glob("*.ipynb"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_NOTEBOOK_BYTES
    ]


def read_submission(folder: Path, name: str = NOTEBOOK, others: Collection[str] = ()) -> bytes:
    """Return the bytes of one notebook in a submission's folder. Raises NotGradable.

    others: notebooks of the assignment that may stand beside it.
    """
    path = folder / f"{name}.ipynb"
    if path.is_symlink() or folder.is_symlink() or (path.exists() and not path.is_file()):
        raise NotGradable(f"{path.name} is not an ordinary file", names_file=True)
    if not path.exists():
        found = sorted(p.name for p in folder.glob("*.ipynb") if p.stem not in others)[:3]
        other = f"; found {', '.join(found)} instead, rename it" if found else ""
        raise NotGradable(f"there is no {path.name}{other}", names_file=True)
    try:
        size = path.stat().st_size
        if size > MAX_NOTEBOOK_BYTES:
            raise NotGradable(
                f"the notebook has {size / 2**20:.0f} MiB; at most "
                f"{MAX_NOTEBOOK_BYTES // 2**20} MiB are graded (clear its outputs)"
            )
        return path.read_bytes()
    except OSError as error:
        raise NotGradable(f"the notebook could not be read: {error.strerror}") from error


def parse_notebook(data: bytes) -> NotebookNode:
    """Return a notebook of the current format from bytes. Raises NotGradable."""
    if not data.strip():
        raise NotGradable("the file is empty")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotGradable(f"the file is not UTF-8 text (byte {error.start})") from error
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotGradable(f"the file is not valid JSON: {error}") from error
    if not isinstance(tree, dict) or not isinstance(tree.get("nbformat"), int):
        raise NotGradable("the file is JSON, but not a notebook")
    text = without_surrogates(json.dumps(tree, ensure_ascii=False))
    cells = text.count('"cell_type"')
    if cells > MAX_CELLS:
        raise NotGradable(f"the notebook has {cells} cells; at most {MAX_CELLS} are graded")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about repairs, such as duplicate cell ids
            notebook = nbformat.convert(nbformat.reader.reads(text), to_version=4)
            _, notebook = nbformat.validator.normalize(notebook, strip_invalid_metadata=True)
            nbformat.validate(notebook)
    except Exception as error:  # a damaged notebook can make nbformat raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotGradable(f"the file is not a valid notebook: {reason[:200]}") from error
    return notebook


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
