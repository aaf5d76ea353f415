"""Provide the names that notebooks of Lepton Course import.

Each name is loaded when it is first used, so that `import lepton_course` is instant and pulls in
neither torch nor TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "begin": "notebook_setup",
    "check": "checks.check",
    "hint": "checks.check",
    "quiz": "checks.quiz",
    "record": "records",
    "report_mistake": "workspace.mistake_report",
    "load_dataset": "datasets",
    "share": "hub",
    "device": "devices",
    "device_table": "hardware",
    "tensorflow_device": "devices",
    "seed_everything": "seeds",
    "batches": "training.minibatches",
    "fit": "training.loop",
    "plots": None,
}

__all__ = list(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"lepton_course has no attribute {name!r}")
    home = _HOMES[name]
    if home is None:
        return importlib.import_module(f"lepton_course.{name}")
    value = getattr(importlib.import_module(f"lepton_course.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
