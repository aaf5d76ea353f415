"""Give a learner a fresh copy of a notebook or of one exercise; the old notebook is kept."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lepton_course.syllabus import PACKAGED
from lepton_course.workspace.install import (
    WorkspaceError,
    read_file,
    record_delivery,
    write_atomically,
)

Cell = dict[str, Any]


@dataclass(frozen=True)
class FreshCopy:
    """What was put in place. kept: the learner's notebook as it was, beside the fresh one."""

    notebook: Path
    kept: Path


def reset_notebook(workspace: Path, notebook: Path, curriculum: Path = PACKAGED) -> FreshCopy:
    """Put the course's notebook in place of the learner's, which is kept beside it.

    Raises WorkspaceError when the course has no such notebook.
    """
    path, fresh = _courses_own(workspace, notebook, curriculum)
    kept = _keep(workspace / path)
    write_atomically(workspace / path, fresh)
    record_delivery(workspace, path, fresh)
    return FreshCopy(workspace / path, kept)


def reset_exercise(
    workspace: Path, notebook: Path, exercise: str, curriculum: Path = PACKAGED
) -> FreshCopy:
    """Put the course's cells of one exercise in place of the learner's; the rest stays as it is.

    The notebook as it was is kept beside it. Raises WorkspaceError when the notebook has no such
    exercise, or cannot be read.
    """
    path, fresh = _courses_own(workspace, notebook, curriculum)
    target = workspace / path
    wanted = answer_cells(json.loads(fresh)["cells"], exercise)
    if not wanted:
        raise WorkspaceError(f"{path} has no exercise {exercise!r}: its check cells name them.")
    try:
        mine = json.loads(read_file(target))
        replaced = replace_cells(mine["cells"], wanted, exercise)
    except (
        OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError,
    ) as error:  # fmt: skip
        raise WorkspaceError(
            f"{target} cannot be read. A fresh copy of all of it: lepton reset '{notebook}'"
        ) from error
    if not replaced:
        raise WorkspaceError(
            f"The cell of {exercise!r} is no longer in {path}. "
            f"A fresh copy of all of it: lepton reset '{notebook}'"
        )
    kept = _keep(target)
    write_atomically(target, (json.dumps(mine, indent=1, ensure_ascii=False) + "\n").encode())
    return FreshCopy(target, kept)


def answer_cells(cells: list[Cell], exercise: str) -> list[Cell]:
    """Return the cells of a notebook in which an exercise is answered: they define its name."""
    defines = re.compile(rf"^(?:def|class)\s+{re.escape(exercise)}\b|^{re.escape(exercise)}\s*=")
    return [
        cell
        for cell in cells
        if cell["cell_type"] == "code"
        and (
            _grade_id(cell) == f"{exercise}-answer"
            or any(defines.match(line) for line in source_of(cell).splitlines())
        )
    ]


def replace_cells(mine: list[Cell], wanted: list[Cell], exercise: str) -> int:
    """Give each wanted cell's source to the learner's cell that it belongs to; return how many.

    A cell is found by its id, else by nbgrader's, else by what it defines.
    """
    replaced = 0
    for fresh in wanted:
        found = [cell for cell in mine if cell.get("id") and cell.get("id") == fresh.get("id")]
        found = found or [c for c in mine if _grade_id(c) and _grade_id(c) == _grade_id(fresh)]
        found = found or (answer_cells(mine, exercise) if len(wanted) == 1 else [])
        for cell in found[:1]:
            cell |= {"source": fresh["source"], "outputs": [], "execution_count": None}
            replaced += 1
    return replaced


def source_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's source as one text; files hold it as a text or as a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _grade_id(cell: Mapping[str, Any]) -> str | None:
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def _courses_own(workspace: Path, notebook: Path, curriculum: Path) -> tuple[str, bytes]:
    """Return a notebook's path in the workspace, and the course's own content of it."""
    full = notebook.expanduser().resolve()
    path = full.relative_to(workspace).as_posix() if full.is_relative_to(workspace) else ""
    own = curriculum / path
    if not path.endswith(".ipynb") or not own.is_file():
        raise WorkspaceError(f"{notebook} is not a notebook that the course brought.")
    return path, own.read_bytes()


def _keep(path: Path) -> Path:
    """Copy a notebook to a free name beside it, and return that."""
    number = 1
    while True:
        suffix = "before reset" if number == 1 else f"before reset {number}"
        kept = path.with_name(f"{path.stem} ({suffix}){path.suffix}")
        if not os.path.lexists(kept):
            break
        number += 1
    if path.is_file():
        write_atomically(kept, path.read_bytes())
    return kept
