"""The version of nbgrader's database, found in this process.

nbgrader starts the program `alembic` for it whenever it makes a gradebook, which imports all of
nbgrader once more: seconds of a processor.
"""

from __future__ import annotations

import nbgrader.api
from alembic.script import ScriptDirectory
from nbgrader.dbutil import ALEMBIC_DIR


def gradebook_version() -> str:
    """Return the newest version of nbgrader's database."""
    return ScriptDirectory(ALEMBIC_DIR).get_current_head() or ""


def find_version_here() -> None:
    """Have every gradebook that this process makes from now on find its version here."""
    nbgrader.api.get_alembic_version = gradebook_version
