"""Install the student notebooks into a learner's workspace, and keep them up to date.

A notebook that the learner has changed is never touched: its new version is put beside it. Changes
are detected in the cells' sources, because JupyterLab rewrites outputs and metadata whenever a
notebook is merely run and saved.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from lepton_course.errors import CourseError, problem_in_words
from lepton_course.pages import progress_notebook, start_notebook, survey_notebook
from lepton_course.progress.database import HIDDEN
from lepton_course.survey.asked import is_on
from lepton_course.syllabus import OPEN_FOLDERS, PACKAGED, TOOLBOX, is_ready, load_syllabus

MANIFEST = "manifest.json"

Action = Literal["added", "updated", "unchanged", "kept", "beside"]


class WorkspaceError(CourseError):
    """The workspace cannot be made or updated; the message says why and what to do."""


@dataclass(frozen=True)
class FileChange:
    """What happened to one file.

    path: relative to the workspace.
    beside: for action "beside", the file with the new version; the learner's own, at `path`, was
        left alone.
    """

    path: str
    action: Action
    beside: str = ""


def update_workspace(folder: Path, curriculum: Path = PACKAGED) -> list[FileChange]:
    """Make or update the workspace in `folder`; return what happened to each file.

    Raises WorkspaceError when the folder cannot be used, and SyllabusError when there is no
    curriculum to copy.
    """
    modules = load_syllabus(curriculum)
    folder = folder.expanduser().resolve()
    _refuse_unusable(folder)
    ready = [module.id for module in modules if is_ready(module, curriculum)]
    try:
        (folder / HIDDEN).mkdir(parents=True, exist_ok=True)
        delivered = _read_manifest(folder)
        changes = [
            deliver(folder, path, content, delivered)
            for path, content in student_files(curriculum, ready)
        ]
        changes += _deliver_pages(folder, curriculum, delivered)
        write_atomically(folder / HIDDEN / MANIFEST, _manifest_bytes(delivered))
    except PermissionError as error:
        raise WorkspaceError(
            f"{error.filename or folder} cannot be written. "
            "Choose a folder that you may write to: lepton learn DIR (or make learn DIR=…)."
        ) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise WorkspaceError(
            f"{_file_in_the_way(Path(error.filename))} is a file, but the course needs a folder "
            "of this name. Rename the file, or choose another DIR."
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"The workspace could not be written: {problem_in_words(error)}."
        ) from error
    return changes


def student_files(curriculum: Path, modules: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield path (relative, POSIX) and content of each file a learner gets: notebooks and pictures.

    The checks stay in the installed package: a workspace holds nothing that decides on answers.
    """
    if (curriculum / TOOLBOX).is_file():
        yield TOOLBOX, (curriculum / TOOLBOX).read_bytes()
    for module in modules:
        home = curriculum / module
        files = sorted(home.glob("*.ipynb"))
        for name in OPEN_FOLDERS:
            files += sorted(file for file in (home / name).rglob("*") if file.is_file())
        for file in files:
            yield file.relative_to(curriculum).as_posix(), file.read_bytes()


def deliver(
    folder: Path, path: str, content: bytes, delivered: dict[str, str], refresh: bool = False
) -> FileChange:
    """Bring one file up to date without touching what the learner has changed.

    delivered: fingerprints of what was last written, by path; updated in place.
    refresh: write even when only outputs or metadata differ.
    """
    target = folder / path
    new = fingerprint(path, content)
    last, delivered[path] = delivered.get(path), new
    if not os.path.lexists(target):
        write_atomically(target, content)
        return FileChange(path, "added")
    found = _fingerprint_of(target)
    if found == new:
        if refresh:
            write_atomically(target, content)
        return FileChange(path, "unchanged")
    if found is not None and found == last:
        write_atomically(target, content)
        return FileChange(path, "updated")
    if found is not None and new == last:
        return FileChange(path, "kept")
    return FileChange(path, "beside", _put_beside(folder, path, content, new, delivered))


def _deliver_pages(folder: Path, curriculum: Path, delivered: dict[str, str]) -> list[FileChange]:
    """Write START.ipynb, PROGRESS.ipynb and SURVEY.ipynb with the current progress."""
    # START last: it links to the others.
    pages = (progress_notebook, *((survey_notebook,) if is_on() else ()), start_notebook)
    return [
        deliver(folder, page.NAME, page.notebook(folder, curriculum), delivered, refresh=True)
        for page in pages
    ]


def record_delivery(folder: Path, path: str, content: bytes) -> None:
    """Remember that the course's own version of one file has just been written."""
    delivered = _read_manifest(folder)
    delivered[path] = fingerprint(path, content) or ""
    write_atomically(folder / HIDDEN / MANIFEST, _manifest_bytes(delivered))


def fingerprint(path: str, content: bytes) -> str | None:
    """Return the SHA-256 of what a learner can change in a file; None for an unreadable notebook.

    For a notebook: its non-empty cells (JupyterLab adds an empty one when the last is run), by
    type, source, attachments and nbgrader's metadata; not outputs or counters.
    """
    if not path.endswith(".ipynb"):
        return hashlib.sha256(content).hexdigest()
    try:
        cells = [_essence(cell) for cell in json.loads(content)["cells"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    text = json.dumps([cell for cell in cells if cell[1].strip()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or an interruption, sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _essence(cell: Mapping[str, Any]) -> tuple[str, str, Any, Any]:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return cell["cell_type"], text, cell.get("attachments"), cell["metadata"].get("nbgrader")


def read_file(path: Path) -> bytes:
    """Return a file's content. Raises OSError, also where a pipe or a device stands in its place.

    A pipe would be waited for, for ever.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return path.read_bytes()


def _fingerprint_of(target: Path) -> str | None:
    try:
        return fingerprint(target.name, read_file(target))
    except OSError:  # a file that may not be read: not ours
        return None


def _put_beside(
    folder: Path, path: str, content: bytes, new: str | None, delivered: dict[str, str]
) -> str:
    """Write the new version under a free name, or over an earlier one that nobody changed."""
    pure = PurePosixPath(path)
    number = 1
    while True:
        suffix = "new version" if number == 1 else f"new version {number}"
        name = str(pure.with_name(f"{pure.stem} ({suffix}){pure.suffix}"))
        target = folder / name
        found = _fingerprint_of(target)
        if found is not None and found == new:
            return name
        if not os.path.lexists(target) or (found is not None and found == delivered.get(name)):
            write_atomically(target, content)
            delivered[name] = new
            return name
        number += 1


def _refuse_unusable(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder} is a file. Give a folder, or a name that is still free.")
    for parent in (folder, *folder.parents):
        if (parent / "curriculum" / "syllabus.yml").is_file() and (parent / "autograder").is_dir():
            raise WorkspaceError(
                f"{folder} lies in the clone of the course ({parent}). A workspace is a folder of "
                "its own, for example ~/lepton."
            )


def _file_in_the_way(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if place.exists()), path)


def _read_manifest(folder: Path) -> dict[str, str]:
    """Return the fingerprints of what was delivered; empty when missing or damaged.

    Without them nothing counts as ours, and whatever differs from the new version is left alone.
    """
    try:
        files = json.loads(read_file(folder / HIDDEN / MANIFEST))["files"]
        return {str(path): str(mark) for path, mark in files.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _manifest_bytes(delivered: Mapping[str, str]) -> bytes:
    return json.dumps({"version": 1, "files": delivered}, indent=1, sort_keys=True).encode()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
