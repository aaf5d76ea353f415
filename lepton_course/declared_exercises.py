"""Load the exercises that a module of the curriculum declares in its package `exercises`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from lepton_course.exercises.model import Declaration, Exercise

DECLARATIONS = Path("exercises", "__init__.py")
"""Where a module's folder lists its exercises."""


def load_exercises(module: Path) -> dict[str, Exercise]:
    """Return the exercises that a module's folder lists in `EXERCISES`, by name, in that order.

    An entry of the list is the name of a file beside it, or an exercise itself.
    Raises FileNotFoundError when there is no such list, and ValueError when two exercises have
    the same name.
    """
    path = module.resolve() / DECLARATIONS
    exercises = _listed(_import_package(path))
    names = [exercise.name for exercise in exercises]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{path}: two exercises are named {name!r}; names must be unique")
    return dict(zip(names, exercises, strict=True))


def _listed(package: ModuleType) -> list[Exercise]:
    exercises: list[Exercise] = []
    for entry in package.EXERCISES:
        if isinstance(entry, str):
            exercises += declared_in(importlib.import_module(f"{package.__name__}.{entry}"))
        else:
            exercises.append(_built(entry))
    return exercises


def declared_in(module: ModuleType) -> list[Exercise]:
    """Return the exercises of a file: its list `EXERCISES`, or else all that it declares."""
    declared = getattr(module, "EXERCISES", None)
    if declared is None:
        declared = [v for v in vars(module).values() if isinstance(v, Declaration | Exercise)]
    return [_built(entry) for entry in declared if not isinstance(entry, str)]


def _built(declared: Declaration | Exercise) -> Exercise:
    return declared.build() if isinstance(declared, Declaration) else declared


def _import_package(path: Path) -> ModuleType:
    """Import the package as its files are now, even if it was imported before."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: a module's folder needs a package `exercises`")
    name = "lepton_exercises_" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    _forget(name)
    importlib.invalidate_caches()
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)]
    )
    assert spec and spec.loader
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    try:
        spec.loader.exec_module(package)
    except BaseException:
        _forget(name)
        raise
    return package


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
