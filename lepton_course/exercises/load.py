"""Loads a module's `exercises.py`."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from lepton_course.exercises.model import Exercise


def load_exercises(path: Path) -> dict[str, Exercise]:
    """The exercises that a module's `exercises.py` declares in `EXERCISES`, by name.

    Raises FileNotFoundError when there is no such file, and ValueError when two exercises have
    the same name.
    """
    exercises = list(_import_file(path.resolve()).EXERCISES)
    names = [exercise.name for exercise in exercises]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{path}: two exercises are named {name!r}; names must be unique")
    return dict(zip(names, exercises, strict=True))


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: a module's folder needs an exercises.py")
    name = "lepton_exercises_" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
