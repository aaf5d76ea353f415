"""Which modules there are, and which of them somebody means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.curriculum.build import CURRICULUM, modules_in


class UnknownModule(Exception):
    """There is no such module; the message lists those that there are."""


def module_id(folder: Path) -> str:
    """`basics/05_convolutional_networks` for a module's folder."""
    return f"{folder.parent.name}/{folder.name}"


def select_modules(names: Sequence[str], curriculum: Path = CURRICULUM) -> list[Path]:
    """The folders of the modules of these names; all when none is given.

    A name is a module's id, its folder's path, its folder's name or that without the number.
    Raises UnknownModule.
    """
    folders = list(modules_in(curriculum))
    return [_find(name, folders) for name in names] if names else folders


def _find(name: str, folders: Sequence[Path]) -> Path:
    for folder in folders:
        short = folder.name.partition("_")[2]
        if name.rstrip("/") in (module_id(folder), folder.name, short):
            return folder
        if Path(name).resolve() == folder.resolve():
            return folder
    known = ", ".join(map(module_id, folders)) or "none"
    raise UnknownModule(f"There is no module {name!r}. The modules: {known}.")
