"""Define the records of a learner's progress: tables of the database and of an exported file.

A record's class declares its table: fields are columns, in order. An exported file is JSON:

    {"format": "lepton-progress", "version": 1, "attempts": [{"at": …, "module": …}, …], …}

Such a file may have been written by anybody. One that is not of this form is refused as a whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, get_type_hints

from lepton_course.untrusted.bounded_json import TooMuch, bounded_json

FORMAT = "lepton-progress"
VERSION = 1
BYTES_OF_A_VALUE = 16
"""A record's value takes more in a file, with its name."""
FREE_TEXT = "unclear"
"""The survey's question that is answered in words; a later text replaces an earlier one."""
YEARS = range(1970, 3000)
"""Times outside of these years come from no clock, and cannot be shown in every time zone."""


@dataclass(frozen=True)
class Attempt:
    """One check of one exercise. status: right, wrong, error or blank."""

    table: ClassVar = "attempts"
    at: datetime
    module: str
    exercise: str
    status: str
    diagnosis: str | None = None
    points: float = 0.0
    max_points: float = 0.0

    @property
    def right(self) -> bool:
        """Whether the answer was right."""
        return self.status == "right"

    @property
    def answered(self) -> bool:
        """Whether there was an answer; a check of an untouched cell is no attempt at it."""
        return self.status != "blank"

    @property
    def share(self) -> float:
        """Fraction of the exercise's points that was earned, 0 to 1."""
        share = self.points / self.max_points if self.max_points > 0 else float(self.right)
        return min(max(share, 0.0), 1.0)


@dataclass(frozen=True)
class Hint:
    """How many stages of an exercise's hints the learner has seen."""

    table: ClassVar = "hints"
    key: ClassVar = ("module", "exercise")
    module: str
    exercise: str
    stage: int


@dataclass(frozen=True)
class Answer:
    """One answer to a quiz question."""

    table: ClassVar = "answers"
    at: datetime
    module: str
    question: str
    choice: str
    is_right: bool


@dataclass(frozen=True)
class Visit:
    """A notebook of the module was set up."""

    table: ClassVar = "visits"
    at: datetime
    module: str


@dataclass(frozen=True)
class SurveyAnswer:
    """One answer to the survey; `lepton_course.survey.asked` has the questions.

    is_shared: whether it may leave the workspace. Free text may only where the learner said so.
    """

    table: ClassVar = "survey"
    at: datetime
    module: str
    question: str
    answer: str
    is_shared: bool


Record = Attempt | Hint | Answer | Visit | SurveyAnswer
ALWAYS_THERE: tuple[type[Record], ...] = (Attempt, Hint, Answer, Visit)
"""Tables that an exported file has had from the first version on."""
RECORDS: tuple[type[Record], ...] = (*ALWAYS_THERE, SurveyAnswer)


@dataclass(frozen=True)
class ProgressHistory:
    """Everything recorded; each table but `hints` is in order of time."""

    attempts: tuple[Attempt, ...] = ()
    hints: tuple[Hint, ...] = ()
    answers: tuple[Answer, ...] = ()
    visits: tuple[Visit, ...] = ()
    survey: tuple[SurveyAnswer, ...] = ()

    def records(self) -> list[Attempt | Answer | Visit]:
        """Return all work on modules that has a time, in order of time; a survey is no work."""
        return sorted((*self.attempts, *self.answers, *self.visits), key=lambda r: r.at)

    def last_by_module(self) -> dict[str, datetime]:
        """Return the time of each module's latest record, by module."""
        return {record.module: record.at for record in self.records()}

    def of_module(self, module: str) -> ProgressHistory:
        """Return the part of the history that belongs to one module."""
        return history_of(
            record
            for kind in RECORDS
            for record in getattr(self, kind.table)
            if record.module == module
        )


def history_of(records: Iterable[Record]) -> ProgressHistory:
    """Sort records into their tables, those with a time in order of time."""
    tables: dict[str, list[Any]] = {kind.table: [] for kind in RECORDS}
    for record in records:
        tables[record.table].append(record)
    for name, rows in tables.items():
        if name != Hint.table:
            rows.sort(key=lambda row: row.at)
    return ProgressHistory(**{name: tuple(rows) for name, rows in tables.items()})


@cache
def columns(kind: type[Record]) -> tuple[str, ...]:
    """Return the names of a table's columns, in order."""
    return tuple(field.name for field in fields(kind))


def create_table(kind: type[Record]) -> str:
    """Return the SQL that creates a table where it is missing."""
    lines = [f"{name} {column.sql}" for name, column in _columns(kind).items()]
    key = getattr(kind, "key", ())
    lines += [f"PRIMARY KEY ({', '.join(key)})"] if key else []
    return f"CREATE TABLE IF NOT EXISTS {kind.table} ({', '.join(lines)})"


def to_row(record: Record) -> tuple[Any, ...]:
    """Return a record's values as database and JSON hold them, in column order."""
    return tuple(_plain(getattr(record, name)) for name in columns(type(record)))


def from_row(kind: type[Record], row: Mapping[str, Any]) -> Record:
    """Return the record in a row of the database or of a file. Raises ValueError."""
    values = {}
    for name, column in _columns(kind).items():
        try:
            values[name] = column.read(row[name])
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise ValueError(f"one of its records is damaged: {kind.table}, {name}") from error
    return kind(**values)


def to_document(history: ProgressHistory) -> bytes:
    """Return a history as an exported file."""
    tables = {
        kind.table: [
            dict(zip(columns(kind), to_row(record), strict=True))
            for record in getattr(history, kind.table)
        ]
        for kind in RECORDS
    }
    data = {"format": FORMAT, "version": VERSION, **tables}
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def from_document(
    data: bytes, max_bytes: int, needed: Iterable[type[Record]] = ALWAYS_THERE
) -> ProgressHistory:
    """Return the history in an exported file, which anybody may have written.

    needed: tables that must be there. Raises ValueError, with a reason that repeats nothing from
    the file.
    """
    if len(data) > max_bytes:
        raise ValueError(f"it has more than {max_bytes // 2**20} MiB")
    try:
        tree = bounded_json(data, max_bytes // BYTES_OF_A_VALUE)
    except TooMuch as error:
        raise ValueError(f"it is not JSON that can be read: {error}") from error
    except ValueError as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise ValueError("it is not a progress file of this course")
    required = {kind.table for kind in needed}
    tables = {kind: tree.get(kind.table) for kind in RECORDS}
    complete = all(
        isinstance(rows, list) or (rows is None and kind.table not in required)
        for kind, rows in tables.items()
    )
    if tree.get("version") != VERSION or not complete:
        raise ValueError("it comes from another version of this course")
    return history_of(from_row(kind, row) for kind, rows in tables.items() for row in rows or ())


@dataclass(frozen=True)
class Column:
    """How a field is stored: its SQL type, and how its value is read and checked."""

    sql: str
    read: Callable[[Any], Any]


def read_time(text: Any) -> datetime:
    """Return a time, in UTC, from its ISO form; without a zone it is UTC. Raises ValueError."""
    time = datetime.fromisoformat(text)
    try:
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:  # outside the years 1 to 9999
        raise ValueError("no time of a clock") from error
    if time.year not in YEARS:  # as it is stored: what is accepted here is accepted again
        raise ValueError("no time of a clock")
    return time


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    value.encode()  # a lone surrogate is not text either
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("no finite number")
    return float(value) + 0.0  # SQLite keeps no negative zero, which would come back as another


def _count(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise TypeError("no count")
    return value


_COLUMNS: dict[Any, Column] = {
    datetime: Column("TEXT NOT NULL", read_time),
    str: Column("TEXT NOT NULL", _text),
    str | None: Column("TEXT", lambda value: None if value is None else _text(value)),
    float: Column("REAL NOT NULL", _number),
    int: Column("INTEGER NOT NULL", _count),
    bool: Column("INTEGER NOT NULL", lambda value: bool(_count(value))),
}


@cache
def _columns(kind: type[Record]) -> dict[str, Column]:
    hints = get_type_hints(kind)
    return {name: _COLUMNS[hints[name]] for name in columns(kind)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        precise = value.microsecond % 1000
        return value.isoformat(timespec="microseconds" if precise else "milliseconds")
    return int(value) if isinstance(value, bool) else value
