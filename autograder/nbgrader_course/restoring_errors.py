"""What to do about a submission that nbgrader cannot restore, in one sentence."""

from __future__ import annotations

import re

from nbgrader.nbgraderformat import SchemaTooNewError, SchemaTooOldError
from nbgrader.nbgraderformat import ValidationError as SchemaError

_FRESH = "copy the answers into a fresh copy of the released notebook"


def advice(error: Exception) -> str:
    """Return what is wrong and what to do about it."""
    if isinstance(error, SchemaTooOldError):
        return (
            f"its cells were marked by an older nbgrader (version {error.actual_version} of the "
            f"mark, not {error.expected_version}): run `nbgrader update` on the notebook"
        )
    if isinstance(error, SchemaTooNewError):
        return (
            f"its cells were marked by a newer nbgrader (version {error.actual_version} of the "
            f"mark, not {error.expected_version}): {_FRESH}"
        )
    if isinstance(error, KeyError):
        return (
            f"a missing cell cannot be put back, because the cell {error.args[0]} before it is "
            f"missing, too: {_FRESH}"
        )
    if isinstance(error, SchemaError):
        return f"{_where(error)}: {_FRESH}"
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{reason[:200]}: {_FRESH}"


def _where(error: SchemaError) -> str:
    """Return what the format asks for, with the cell in which it is missing."""
    path = [str(part) for part in error.absolute_path]
    cell = f"cell {int(path[1]) + 1}" if path[:1] == ["cells"] and path[1:2] else "nbgrader's mark"
    inner = ".".join(path[2:] if path[:1] == ["cells"] else path)
    message = re.sub(r"\s+", " ", error.message)[:200]
    return f"{cell} breaks the notebook format ({inner + ': ' if inner else ''}{message})"
