"""The learner's progress: attempts, hints, quiz answers and visits, in one SQLite file.

The file lies in the workspace, and nothing leaves the machine. Outside a workspace nothing is
recorded. Each record is one transaction, so that a kernel that is killed while it writes leaves
the file as it was. Trouble with the file never stops a check: it is told, and the check goes on.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

HIDDEN = ".lepton"
"""The folder that makes a folder a workspace."""

DATABASE = "progress.sqlite"

PATIENCE_SECONDS = 5
"""How long one notebook waits for another to have written."""

T = TypeVar("T")

TABLES = {  # name: columns, in order
    "attempts": "at TEXT NOT NULL, module TEXT NOT NULL, exercise TEXT NOT NULL,"
    " status TEXT NOT NULL, diagnosis TEXT, points REAL NOT NULL, max_points REAL NOT NULL",
    "hints": "module TEXT NOT NULL, exercise TEXT NOT NULL, stage INTEGER NOT NULL,"
    " PRIMARY KEY (module, exercise)",
    "answers": "at TEXT NOT NULL, module TEXT NOT NULL, question TEXT NOT NULL,"
    " choice TEXT NOT NULL, is_right INTEGER NOT NULL",
    "visits": "at TEXT NOT NULL, module TEXT NOT NULL",
}


@dataclass(frozen=True)
class Attempt:
    """One check of one exercise. status: right, wrong, error or blank."""

    at: datetime
    module: str
    exercise: str
    status: str
    diagnosis: str | None = None


@dataclass(frozen=True)
class Answer:
    """One answer to a question of a quiz."""

    at: datetime
    module: str
    question: str
    choice: str
    is_right: bool


@dataclass(frozen=True)
class Visit:
    """A notebook of the module was set up."""

    at: datetime
    module: str


@dataclass(frozen=True)
class History:
    """All that is recorded, each list in the order of time."""

    attempts: tuple[Attempt, ...] = ()
    answers: tuple[Answer, ...] = ()
    visits: tuple[Visit, ...] = ()

    def records(self) -> list[Attempt | Answer | Visit]:
        """Everything in the order of time."""
        return sorted((*self.attempts, *self.answers, *self.visits), key=lambda r: r.at)

    def last_by_module(self) -> dict[str, datetime]:
        """When anything was recorded last, by module."""
        return {record.module: record.at for record in self.records()}


# Outside a workspace, hints and failures still count within one session.
_hints_of_session: dict[tuple[str, str], int] = {}
_failures_of_session: dict[tuple[str, str], int] = {}


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
    key = (module, exercise)
    if status == "right":
        _failures_of_session[key] = 0
    elif status != "blank":
        _failures_of_session[key] = _failures_of_session.get(key, 0) + 1
    row = (_now(), module, exercise, status, diagnosis, float(points), float(max_points))
    with_database(find_workspace(folder), lambda database: insert(database, "attempts", [row]))


def record_answer(
    module: str, question: str, choice: str, is_right: bool, folder: Path | None = None
) -> None:
    """Note the answer to a question of a quiz."""
    row = (_now(), module, question, choice, int(is_right))
    with_database(find_workspace(folder), lambda database: insert(database, "answers", [row]))


def record_visit(module: str, folder: Path | None = None) -> None:
    """Note that a notebook of the module was set up."""
    row = (_now(), module)
    with_database(find_workspace(folder), lambda database: insert(database, "visits", [row]))


def failures(module: str, exercise: str, folder: Path | None = None) -> int:
    """Attempts in a row that were not right, since the last right one."""

    def select(database: sqlite3.Connection) -> int:
        return database.execute(
            "SELECT COUNT(*) FROM attempts WHERE module = ?1 AND exercise = ?2"
            " AND status NOT IN ('right', 'blank') AND rowid > (SELECT COALESCE(MAX(rowid), 0)"
            " FROM attempts WHERE module = ?1 AND exercise = ?2 AND status = 'right')",
            (module, exercise),
        ).fetchone()[0]

    stored = with_database(find_workspace(folder), select)
    return max(stored or 0, _failures_of_session.get((module, exercise), 0))


def hint_stage(module: str, exercise: str, folder: Path | None = None) -> int:
    """How many stages of the exercise's hints the learner has seen."""

    def select(database: sqlite3.Connection) -> int:
        row = database.execute(
            "SELECT stage FROM hints WHERE module = ? AND exercise = ?", (module, exercise)
        ).fetchone()
        return row[0] if row else 0

    stored = with_database(find_workspace(folder), select)
    return max(stored or 0, _hints_of_session.get((module, exercise), 0))


def record_hint(module: str, exercise: str, stage: int, folder: Path | None = None) -> None:
    """Note that the learner has seen the first `stage` stages of the exercise's hints."""
    _hints_of_session[module, exercise] = stage
    row = (module, exercise, stage)
    with_database(find_workspace(folder), lambda database: insert(database, "hints", [row]))


def load_history(workspace: Path) -> History:
    """All that is recorded in a workspace; an empty history when there is nothing yet."""
    if not (workspace / HIDDEN / DATABASE).exists():
        return History()

    def select(database: sqlite3.Connection) -> History:
        return History(
            tuple(Attempt(_time(row[0]), *row[1:5]) for row in rows(database, "attempts")),
            tuple(
                Answer(_time(row[0]), *row[1:4], is_right=bool(row[4]))
                for row in rows(database, "answers")
            ),
            tuple(Visit(_time(row[0]), row[1]) for row in rows(database, "visits")),
        )

    return with_database(workspace, select) or History()


def rows(database: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    """All rows of a table, in the order in which they were written."""
    return database.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()


def insert(database: sqlite3.Connection, table: str, new: Iterable[tuple[Any, ...]]) -> None:
    """Write rows; of a hint, the later stage counts."""
    width = TABLES[table].partition(" PRIMARY")[0].rstrip(",").count(",") + 1
    conflict = (
        " ON CONFLICT (module, exercise) DO UPDATE SET stage = MAX(stage, excluded.stage)"
        if table == "hints"
        else ""
    )
    marks = ", ".join("?" * width)
    database.executemany(f"INSERT INTO {table} VALUES ({marks}){conflict}", new)


def with_database(workspace: Path | None, use: Callable[[sqlite3.Connection], T]) -> T | None:
    """Run `use` in one transaction. None without a workspace, and after trouble that was told."""
    if workspace is None:
        return None
    path = workspace / HIDDEN / DATABASE
    try:
        return transaction(path, use)
    except sqlite3.OperationalError as error:  # locked for too long, read-only, disk full
        _tell(f"Progress was not recorded in {path}: {error}.")
    except sqlite3.DatabaseError:  # not a database any more: start a new one, lose nothing
        try:
            return _begin_anew(path, use)
        except (OSError, sqlite3.Error, Timeout) as error:
            _tell(f"Progress was not recorded in {path}: {error}.")
    except OSError as error:
        _tell(f"Progress was not recorded in {path}: {error}.")
    return None


def transaction(path: Path, use: Callable[[sqlite3.Connection], T]) -> T:
    """Run `use` in one transaction on the file: all of it is written, or nothing."""
    # Two notebooks may write at once: each waits for the other. The default rollback journal,
    # and not WAL, because home folders may lie on a network file system.
    with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        for table, columns in TABLES.items():
            database.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        return use(database)


def _begin_anew(path: Path, use: Callable[[sqlite3.Connection], T]) -> T:
    with FileLock(path.with_suffix(".lock"), timeout=PATIENCE_SECONDS):
        try:
            return transaction(path, use)  # another notebook may have begun anew meanwhile
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            pass
        aside = path.with_name(f"progress.broken-{datetime.now():%Y%m%d-%H%M%S-%f}.sqlite")
        path.replace(aside)
        # A journal left by a crash belongs to the old file, and would spoil the new one.
        journal = path.with_name(path.name + "-journal")
        if journal.exists():
            journal.replace(aside.with_name(aside.name + "-journal"))
        _tell(f"{path} could not be read. It was kept as {aside.name}, and a new one begun.")
        return transaction(path, use)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _tell(message: str) -> None:
    print(message, file=sys.stderr)
