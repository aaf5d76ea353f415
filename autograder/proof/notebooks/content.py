"""A key for all that the execution of a notebook depends on: equal keys, equal results.

The notebook and its module's files, the helpers that they import, the data sets that they name,
the locked dependencies and the code of the proof itself.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat

import autograder.curriculum.build
from autograder.curriculum.build import CLONE
from autograder.curriculum.source_closure import imported_files
from autograder.proof.notebooks.tasks import NotebookTask

FRAMEWORKS = ("torch", "tensorflow-cpu", "tensorflow", "keras", "numpy")
DATA_SETS = Path("datasets") / "data"


def content_key(task: NotebookTask, clone: Path = CLONE) -> str:
    """The key of a task, a SHA-256 in hexadecimal."""
    digest = hashlib.sha256(f"{task.kind} {task.path} {sys.version}".encode())
    for name in FRAMEWORKS:
        digest.update(f"{name} {_version(name)}\0".encode())
    for path in sorted(depends_on(task, clone)):
        name = path.relative_to(clone) if path.is_relative_to(clone) else path.name
        digest.update(f"{name}\0".encode() + _file_digest(path))
    return digest.hexdigest()


def depends_on(task: NotebookTask, clone: Path = CLONE) -> set[Path]:
    """All files that a task depends on."""
    package = clone / "lepton_course"
    own = set(_module_files(task))
    sources = [*_code_of(task.source)]
    sources += [path.read_text(encoding="utf-8") for path in own if path.suffix == ".py"]
    helpers = imported_files(sources, package)
    mentions = sources + [
        path.read_text(encoding="utf-8") for path in helpers if path.parent.name != "datasets"
    ]
    data = (
        set(_data_sets(package, mentions))
        if package / "datasets" / "__init__.py" in helpers
        else set()
    )
    proof = {*Path(__file__).parent.glob("*.py"), Path(autograder.curriculum.build.__file__)}
    locked = {path for path in [clone / "constraints.txt"] if path.is_file()}
    return own | helpers | data | proof | locked


def _module_files(task: NotebookTask) -> Iterator[Path]:
    """The notebook and all other files of its module except other notebooks."""
    for path in task.source.parent.rglob("*"):
        generated = "__pycache__" in path.parts or ".ipynb_checkpoints" in path.parts
        if path.is_file() and not generated and (path.suffix != ".ipynb" or path == task.source):
            yield path


def _code_of(notebook: Path) -> Iterator[str]:
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            yield cell.source


def _data_sets(package: Path, mentions: Iterable[str]) -> Iterator[Path]:
    text = "\n".join(mentions)
    for folder in (package / DATA_SETS).glob("*"):
        if folder.name in text:
            yield from (path for path in folder.rglob("*") if path.is_file())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
