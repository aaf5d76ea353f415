"""Store the learner's progress in SQLite: attempts, hints, quiz and survey answers, visits.

The file is in the workspace, and nothing leaves the machine. Outside a workspace nothing is
recorded. Each record is one transaction, so a kernel that is killed while writing leaves the file
as it was. Trouble with the file never stops a check: it is reported, and the check continues.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from lepton_course.errors import problem_in_words
from lepton_course.progress.schema import (
    RECORDS,
    Answer,
    Attempt,
    Hint,
    ProgressHistory,
    Record,
    SurveyAnswer,
    Visit,
    columns,
    create_table,
    from_row,
    history_of,
    to_row,
)

HIDDEN = ".lepton"
"""The folder whose presence makes its parent a workspace."""

DATABASE = "progress.sqlite"

PATIENCE_SECONDS = 5
"""How long one notebook waits while another writes."""

T = TypeVar("T")


# Outside a workspace, hints and failures still count within one session.
_hints_of_session: dict[tuple[str, str], int] = {}
_failures_of_session: dict[tuple[str, str], int] = {}


def find_workspace(start: Path | None = None) -> Path | None:
    """Return the nearest workspace folder at or above `start` (default: the current folder)."""
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
    """Record one attempt; `status` "right" counts as solved. `folder`: default, the current one."""
    key = (module, exercise)
    if status == "right":
        _failures_of_session[key] = 0
    elif status != "blank":
        _failures_of_session[key] = _failures_of_session.get(key, 0) + 1
    record = Attempt(_now(), module, exercise, status, diagnosis, float(points), float(max_points))
    _record(record, folder)


def record_answer(
    module: str, question: str, choice: str, is_right: bool, folder: Path | None = None
) -> None:
    """Record the answer to a quiz question."""
    _record(Answer(_now(), module, question, choice, bool(is_right)), folder)


def record_visit(module: str, folder: Path | None = None) -> None:
    """Record that a notebook of the module was set up."""
    _record(Visit(_now(), module), folder)


def record_survey(
    module: str, question: str, answer: str, is_shared: bool = True, folder: Path | None = None
) -> None:
    """Record an answer to the survey; `is_shared`: whether it may leave the workspace."""
    _record(SurveyAnswer(_now(), module, question, answer, is_shared), folder)


def consecutive_failures(module: str, exercise: str, folder: Path | None = None) -> int:
    """Return the number of consecutive attempts that were not right, since the last right one."""

    def select(database: sqlite3.Connection) -> int:
        return database.execute(
            "SELECT COUNT(*) FROM attempts WHERE module = ?1 AND exercise = ?2"
            " AND status NOT IN ('right', 'blank') AND rowid > (SELECT COALESCE(MAX(rowid), 0)"
            " FROM attempts WHERE module = ?1 AND exercise = ?2 AND status = 'right')",
            (module, exercise),
        ).fetchone()[0]

    stored = with_database(find_workspace(folder), select)
    return max(stored or 0, _failures_of_session.get((module, exercise), 0))


def was_solved(module: str, exercise: str, folder: Path | None = None) -> bool:
    """Return whether an attempt at the exercise was right."""

    def select(database: sqlite3.Connection) -> bool:
        found = database.execute(
            "SELECT 1 FROM attempts WHERE module = ? AND exercise = ? AND status = 'right' LIMIT 1",
            (module, exercise),
        )
        return found.fetchone() is not None

    return bool(with_database(find_workspace(folder), select))


def hint_stage(module: str, exercise: str, folder: Path | None = None) -> int:
    """Return how many stages of the exercise's hints the learner has seen."""

    def select(database: sqlite3.Connection) -> int:
        row = database.execute(
            "SELECT stage FROM hints WHERE module = ? AND exercise = ?", (module, exercise)
        ).fetchone()
        return row[0] if row and isinstance(row[0], int) else 0

    stored = with_database(find_workspace(folder), select)
    return max(stored or 0, _hints_of_session.get((module, exercise), 0))


def record_hint(module: str, exercise: str, stage: int, folder: Path | None = None) -> None:
    """Record that the learner has seen the first `stage` stages of the exercise's hints."""
    _hints_of_session[module, exercise] = stage
    _record(Hint(module, exercise, stage), folder)


def load_history(workspace: Path) -> ProgressHistory:
    """Return everything recorded in a workspace; an empty history when there is nothing yet."""
    if not (workspace / HIDDEN / DATABASE).exists():
        return ProgressHistory()
    return with_database(workspace, read_history) or ProgressHistory()


def read_history(database: sqlite3.Connection) -> ProgressHistory:
    """Return everything recorded in a database, in order of time and then of writing.

    A damaged record is left out: the others are worth no less for it.
    """
    return history_of(record for record in _records(database) if record is not None)


def count_damaged(database: sqlite3.Connection) -> tuple[int, int]:
    """Return the number of records of a database, and how many of them are damaged."""
    records = list(_records(database))
    return len(records), records.count(None)


def _records(database: sqlite3.Connection) -> Iterator[Record | None]:
    """Yield all records; None for each that is damaged."""
    database.text_factory = _decoded
    for kind in RECORDS:
        selected = f"SELECT {', '.join(columns(kind))} FROM {kind.table} ORDER BY rowid"
        for row in database.execute(selected):
            try:
                yield from_row(kind, dict(zip(columns(kind), row, strict=True)))
            except ValueError:
                yield None


def _decoded(text: bytes) -> str:
    """Return a text of the database; one that is not UTF-8 becomes one that no record accepts."""
    return text.decode(errors="surrogateescape")


def insert(database: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Write records; for a hint, the later stage wins."""
    for record in records:
        names = columns(type(record))
        conflict = (
            " ON CONFLICT (module, exercise) DO UPDATE SET stage = MAX(stage, excluded.stage)"
            if isinstance(record, Hint)
            else ""
        )
        database.execute(
            f"INSERT INTO {record.table} ({', '.join(names)})"
            f" VALUES ({', '.join('?' * len(names))}){conflict}",
            to_row(record),
        )


def _record(record: Record, folder: Path | None) -> None:
    with_database(find_workspace(folder), lambda database: insert(database, [record]))


def with_database(workspace: Path | None, use: Callable[[sqlite3.Connection], T]) -> T | None:
    """Run `use` in one transaction; return None without a workspace or after reported trouble."""
    if workspace is None:
        return None
    path = workspace / HIDDEN / DATABASE
    try:
        return transaction(path, use)
    except sqlite3.OperationalError as error:  # locked for too long, read-only, disk full
        _warn(f"Progress was not recorded in {path}: {problem_in_words(error)}.")
    except sqlite3.DatabaseError:  # not a database any more: start a new one, lose nothing
        try:
            return _start_over(path, use)
        except (OSError, sqlite3.Error, Timeout) as error:
            _warn(f"Progress was not recorded in {path}: {problem_in_words(error)}.")
    except OSError as error:
        _warn(f"Progress was not recorded in {path}: {problem_in_words(error)}.")
    return None


def transaction(path: Path, use: Callable[[sqlite3.Connection], T]) -> T:
    """Run `use` in one transaction on the file: all of it is written, or nothing."""
    # Two notebooks may write at once: each waits for the other. The default rollback journal,
    # and not WAL, because home folders may lie on a network file system.
    with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        for kind in RECORDS:
            database.execute(create_table(kind))
        return use(database)


def _start_over(path: Path, use: Callable[[sqlite3.Connection], T]) -> T:
    with FileLock(path.with_suffix(".lock"), timeout=PATIENCE_SECONDS):
        try:
            return transaction(path, use)  # another notebook may have started over meanwhile
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
        _warn(f"{path} could not be read. It was kept as {aside.name}, and a new one was started.")
        return transaction(path, use)


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _warn(message: str) -> None:
    print(message, file=sys.stderr)
