"""Where the learner stands: each attempt at an exercise, in one SQLite file in the workspace.

Nothing leaves the machine. Outside a workspace nothing is recorded. Trouble with the file never
stops a check: it is told, and the check goes on.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

HIDDEN = ".lepton"
"""The folder that makes a folder a workspace."""

DATABASE = "progress.sqlite"

T = TypeVar("T")

_TABLES = """
CREATE TABLE IF NOT EXISTS attempts (
    at TEXT NOT NULL, module TEXT NOT NULL, exercise TEXT NOT NULL, status TEXT NOT NULL,
    diagnosis TEXT, points REAL NOT NULL, max_points REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS hints (
    module TEXT NOT NULL, exercise TEXT NOT NULL, stage INTEGER NOT NULL,
    PRIMARY KEY (module, exercise)
);
"""

# Outside a workspace, hints still go on from stage to stage within one session.
_hints_of_session: dict[tuple[str, str], int] = {}


@dataclass(frozen=True)
class Attempts:
    """What is known of one exercise. `diagnosis` is that of the latest attempt."""

    tries: int
    solved: bool
    diagnosis: str | None


@dataclass(frozen=True)
class Standing:
    """How far a module is: exercises answered right, of all that it asks."""

    done: int
    total: int
    tries: int = 0

    @property
    def complete(self) -> bool:
        """Whether every exercise of the module was answered right at least once."""
        return 0 < self.total <= self.done


def find_workspace(start: Path | None = None) -> Path | None:
    """The nearest folder at or above `start` (default: the current one) that is a workspace."""
    start = (start or Path.cwd()).resolve()
    return next((folder for folder in (start, *start.parents) if (folder / HIDDEN).is_dir()), None)


def record_attempt(
    module: str,
    exercise: str,
    status: str,
    diagnosis: str | None = None,
    points: float = 0,
    max_points: float = 0,
    folder: Path | None = None,
) -> None:
    """Note one attempt; `status` "right" counts as solved. `folder`: default, the current one."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    row = (at, module, exercise, status, diagnosis, float(points), float(max_points))

    def insert(database: sqlite3.Connection) -> None:
        database.execute("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    _with_database(find_workspace(folder), insert)


def hint_stage(module: str, exercise: str, folder: Path | None = None) -> int:
    """How many stages of the exercise's hints the learner has seen."""

    def select(database: sqlite3.Connection) -> int:
        row = database.execute(
            "SELECT stage FROM hints WHERE module = ? AND exercise = ?", (module, exercise)
        ).fetchone()
        return row[0] if row else 0

    stored = _with_database(find_workspace(folder), select)
    return max(stored or 0, _hints_of_session.get((module, exercise), 0))


def record_hint(module: str, exercise: str, stage: int, folder: Path | None = None) -> None:
    """Note that the learner has seen the first `stage` stages of the exercise's hints."""
    _hints_of_session[module, exercise] = stage

    def upsert(database: sqlite3.Connection) -> None:
        database.execute(
            "INSERT INTO hints VALUES (?, ?, ?)"
            " ON CONFLICT (module, exercise) DO UPDATE SET stage = excluded.stage",
            (module, exercise, stage),
        )

    _with_database(find_workspace(folder), upsert)


def attempts(workspace: Path) -> dict[tuple[str, str], Attempts]:
    """What is known of each exercise that was tried, by (module, exercise)."""
    if not (workspace / HIDDEN / DATABASE).exists():
        return {}

    def select(database: sqlite3.Connection) -> dict[tuple[str, str], Attempts]:
        rows = database.execute(
            "SELECT module, exercise, COUNT(*), MAX(status = 'right'),"
            " (SELECT diagnosis FROM attempts AS latest WHERE latest.module = attempts.module"
            "  AND latest.exercise = attempts.exercise ORDER BY latest.rowid DESC LIMIT 1)"
            " FROM attempts GROUP BY module, exercise"
        )
        return {(row[0], row[1]): Attempts(row[2], bool(row[3]), row[4]) for row in rows}

    return _with_database(workspace, select) or {}


def standing(workspace: Path, exercises: Mapping[str, list[str]]) -> dict[str, Standing]:
    """How far each module is. `exercises`: the names that each module asks for."""
    known = attempts(workspace)
    return {
        module: Standing(
            done=sum(known[module, n].solved for n in names if (module, n) in known),
            total=len(names),
            tries=sum(known[module, n].tries for n in names if (module, n) in known),
        )
        for module, names in exercises.items()
    }


def _with_database(workspace: Path | None, use: Callable[[sqlite3.Connection], T]) -> T | None:
    """Run `use` in one transaction. None without a workspace, and after trouble that was told."""
    if workspace is None:
        return None
    path = workspace / HIDDEN / DATABASE
    try:
        return _transaction(path, use)
    except sqlite3.OperationalError as error:  # locked for too long, read-only, disk full
        _tell(f"Progress was not recorded in {path}: {error}.")
    except sqlite3.DatabaseError:  # not a database any more: start a new one, lose nothing
        aside = path.with_name(f"progress.broken-{datetime.now():%Y%m%d-%H%M%S-%f}.sqlite")
        try:
            path.replace(aside)
            _tell(f"{path} could not be read. It was kept as {aside.name}, and a new one begun.")
            return _transaction(path, use)
        except (OSError, sqlite3.Error) as error:
            _tell(f"Progress was not recorded in {path}: {error}.")
    except OSError as error:
        _tell(f"Progress was not recorded in {path}: {error}.")
    return None


def _transaction(path: Path, use: Callable[[sqlite3.Connection], T]) -> T:
    # Two notebooks may write at once: each waits up to two seconds for the other. The default
    # rollback journal, and not WAL, because home folders may lie on a network file system.
    with closing(sqlite3.connect(path, timeout=2)) as database, database:
        database.executescript(_TABLES)
        return use(database)


def _tell(message: str) -> None:
    print(message, file=sys.stderr)
