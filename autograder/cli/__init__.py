"""The commands that a clone adds to `lepton`.

An older installation finds three of them here; they are loaded when asked for.
"""

from __future__ import annotations

from typing import Any

_IN_CLASS_COMMANDS = ("build", "class_app", "demo")


def __getattr__(name: str) -> Any:
    if name not in _IN_CLASS_COMMANDS:
        raise AttributeError(f"autograder.cli has no attribute {name!r}")
    from autograder.cli import class_commands

    return getattr(class_commands, name)
