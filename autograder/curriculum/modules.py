"""The modules of a curriculum: finding and selecting them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lepton_course.declared_exercises import DECLARATIONS
from lepton_course.errors import CourseError

CLONE = Path(__file__).resolve().parents[2]
CURRICULUM = CLONE / "curriculum"
ASSIGNMENT = "assignment.ipynb"


class UnknownModule(CourseError):
    """No module has this name; the message lists those there are."""


class CurriculumError(Exception):
    """A curriculum from which no class can be made; the message says why."""


def modules_in(curriculum: Path = CURRICULUM) -> Iterator[Path]:
    """Yield the folders of the modules that exist, sorted by name."""
    yield from sorted(path.parents[1] for path in curriculum.glob(f"*/*/{DECLARATIONS.as_posix()}"))


def module_id(folder: Path) -> str:
    """Return a module folder's id, such as `basics/05_convolutional_networks`."""
    return f"{folder.parent.name}/{folder.name}"


def assignment_id(folder: Path) -> str:
    """Return nbgrader's id of a module's assignment: the folder's name without its number."""
    return re.sub(r"^\d+_", "", folder.name)


def assignments_in(curriculum: Path) -> dict[str, Path]:
    """Map each assignment's id to its module's folder.

    Raises CurriculumError if there is none, or if two modules give the same id.
    """
    found: dict[str, Path] = {}
    for folder in modules_in(curriculum):
        if not (folder / ASSIGNMENT).is_file():
            continue
        name = assignment_id(folder)
        if name in found:
            raise CurriculumError(
                f"{found[name]} and {folder} give the same assignment id {name!r}. "
                "Rename one of them."
            )
        found[name] = folder
    if not found:
        raise CurriculumError(
            f"{curriculum} holds no module with an {ASSIGNMENT}. "
            "Run this in a clone of the course, or name its curriculum with --curriculum."
        )
    return found


def select_modules(names: Sequence[str], curriculum: Path = CURRICULUM) -> list[Path]:
    """Return the folders of the modules with these names, or of all modules if no name is given.

    A name is a module's id, its folder's path, or its folder's name with or without the number.

    Raises UnknownModule.
    """
    folders = list(modules_in(curriculum))
    return [_find(name, folders) for name in names] if names else folders


def _find(name: str, folders: Sequence[Path]) -> Path:
    for folder in folders:
        if name.rstrip("/") in (module_id(folder), folder.name, assignment_id(folder)):
            return folder
        if Path(name).resolve() == folder.resolve():
            return folder
    known = ", ".join(map(module_id, folders)) or "none"
    raise UnknownModule(f"There is no module {name!r}. The modules: {known}.")
