"""Commands that a clone adds to `lepton`.

Older installations import three of them from here; they are loaded on first use.
"""

from __future__ import annotations

from typing import Any

_IN_CLASS_COMMANDS = ("build", "class_app", "demo")


def __getattr__(name: str) -> Any:
    if name not in _IN_CLASS_COMMANDS:
        raise AttributeError(f"autograder.cli has no attribute {name!r}")
    from autograder.cli import class_commands

    return getattr(class_commands, name)
