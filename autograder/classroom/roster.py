"""The roster: a CSV file of students, read with every mistake reported by its line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from lepton_course.errors import CourseError

COLUMNS = ("id", "first_name", "last_name", "email", "team")

# An id names a folder and is part of nbgrader's glob patterns, so it has no separators and no
# wildcards; and no "+", which joins names in nbgrader's exchange.
_VALID_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True)
class Student:
    """A student: one line of the roster."""

    id: str
    first_name: str
    last_name: str
    email: str
    team: str


class RosterError(CourseError, ValueError):
    """An unusable roster; the message lists each mistake with its line."""

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        shown = [f"  {problem}" for problem in self.problems[:20]]
        if len(self.problems) > 20:
            shown.append(f"  … and {len(self.problems) - 20} more")
        super().__init__("\n".join([f"{name} cannot be used as a roster:", *shown]))


def read_roster(path: Path) -> tuple[Student, ...]:
    """Return the students of a roster file.

    Raises RosterError, listing all mistakes, when the file is missing or invalid.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RosterError(str(path), [f"it could not be read: {error.strerror}"]) from error
    return parse_roster(data, str(path))


def parse_roster(data: bytes, name: str = "the roster") -> tuple[Student, ...]:
    """Return the students in a roster's bytes: comma-separated UTF-8, with or without a BOM.

    Raises RosterError, listing all mistakes. name: how its message calls the roster.
    """
    reader = csv.reader(io.StringIO(_decode(data, name)), strict=True)
    problems: list[str] = []
    students: dict[str, tuple[int, Student]] = {}
    try:
        header = [title.strip() for title in next(reader, [])]
        _check_header(header, name)
        for row in reader:
            line = reader.line_num
            if not any(field.strip() for field in row):
                continue
            if len(row) != len(header):
                problems.append(
                    f"line {line}: {len(row)} fields, but the header has {len(header)}; "
                    "put quotes around a field that holds a comma"
                )
                continue
            fields = dict(zip(header, (field.strip() for field in row), strict=True))
            student = Student(*(fields[column] for column in COLUMNS))
            if student.id in students:
                first = students[student.id][0]
                problems.append(f"line {line}: the id {student.id!r} is already on line {first}")
                continue
            students.setdefault(student.id, (line, student))
            problems += [f"line {line}: {problem}" for problem in _problems(student)]
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    if not students and not problems:
        problems.append("line 2: there is no student; put one on each line below the header")
    if problems:
        raise RosterError(name, problems)
    return tuple(student for _, student in students.values())


def write_roster(path: Path, students: Iterable[Student]) -> None:
    """Write students to a CSV file that `read_roster` can read."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(astuple(student) for student in students)


def merge_rosters(old: Iterable[Student], new: Iterable[Student]) -> tuple[Student, ...]:
    """Return the students of both rosters, taking the new line where an id is in both."""
    merged = {student.id: student for student in old}
    merged.update({student.id: student for student in new})
    return tuple(merged.values())


def _decode(data: bytes, name: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise RosterError(name, ["line 1: the file is in UTF-16; save it as “CSV UTF-8”"])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problem = f"line {line}: a character is not in UTF-8; save the file as “CSV UTF-8”"
        raise RosterError(name, [problem]) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise RosterError(name, [f"line {line}: there is a zero byte; is this a CSV file?"])
    return text


def _check_header(header: Sequence[str], name: str) -> None:
    wanted = ",".join(COLUMNS)
    if not any(header):
        raise RosterError(name, [f"line 1: the file is empty; it starts with the line {wanted}"])
    if len(header) == 1 and ";" in header[0]:
        problem = "line 1: the columns are separated by semicolons; save the file with commas"
        raise RosterError(name, [problem])
    missing = [column for column in COLUMNS if column not in header]
    repeated = sorted(column for column, n in Counter(header).items() if column and n > 1)
    if missing:
        columns = ", ".join(missing)
        raise RosterError(name, [f"line 1: missing columns: {columns}; expected {wanted}"])
    if repeated:
        raise RosterError(name, [f"line 1: columns that appear twice: {', '.join(repeated)}"])


def _problems(student: Student) -> list[str]:
    problems = []
    if not student.id:
        problems.append("the id is empty")
    elif not _VALID_ID.fullmatch(student.id):
        problems.append(
            f"the id {student.id!r} names a folder: use 1 to 64 letters, digits, and . _ - @, "
            "starting with a letter, a digit or _"
        )
    if student.email and "@" not in student.email:
        problems.append(f"the e-mail {student.email!r} has no @")
    return problems
