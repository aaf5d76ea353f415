"""Turn the bytes that a learner handed in into a notebook that can be graded.

`cell_repair` then puts the release's cells back into it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.classroom.classroom import NOTEBOOK
from autograder.submissions.notebook_cleaning import UnreadableNotebook
from autograder.submissions.reading_process import read_notebook

MAX_NOTEBOOK_BYTES = 20 * 2**20
MAX_NOTEBOOKS = 100
"""Notebooks of a folder that are looked at; an assignment has a few."""
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
        for path in sorted(folder.glob("*.ipynb"))[:MAX_NOTEBOOKS]
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
            raise NotGradable(_too_large(size))
        return path.read_bytes()
    except OSError as error:
        raise NotGradable(f"the notebook could not be read: {error.strerror}") from error


def parse_notebook(data: bytes) -> NotebookNode:
    """Return a notebook of the current format from bytes. Raises NotGradable."""
    return parse_and_repair(data)[0]


def parse_and_repair(data: bytes) -> tuple[NotebookNode, list[str]]:
    """Return a notebook of the current format, and a sentence for what of it was left out.

    It is read in another process, within limits. Raises NotGradable.
    """
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise NotGradable(_too_large(len(data)))
    try:
        notebook, notes = read_notebook(data)
    except UnreadableNotebook as error:
        raise NotGradable(str(error)) from error
    return nbformat.from_dict(notebook), notes


def _too_large(size: int) -> str:
    return (
        f"the notebook has {size / 2**20:.0f} MiB; at most "
        f"{MAX_NOTEBOOK_BYTES // 2**20} MiB are graded (clear its outputs)"
    )
