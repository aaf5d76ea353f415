"""Export progress to a file and import it, as a backup or to move to another machine.

Plain JSON, readable by people. It says which exercises of which modules were tried, when and with
what outcome, and what was answered in the survey; no name, no answer to an exercise, nothing about
the machine.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lepton_course.errors import CourseError, problem_in_words
from lepton_course.progress.database import (
    DATABASE,
    HIDDEN,
    insert,
    read_history,
    transaction,
)
from lepton_course.progress.schema import (
    FREE_TEXT,
    RECORDS,
    Hint,
    ProgressHistory,
    Record,
    SurveyAnswer,
    from_document,
    to_document,
    to_row,
)

MAX_BYTES = 64 * 2**20

SurveyPart = Literal["all", "shared", "none"]


class ProgressFileError(CourseError):
    """A progress file cannot be read or written; the message says what to do."""


def export_progress(workspace: Path, survey: SurveyPart = "shared") -> bytes:
    """Return what is recorded in the workspace as JSON.

    survey: which answers to the survey are in it: all, those that the learner shares (of a text
    only the latest version, and none if that is not shared), or none.

    Raises ProgressFileError when it cannot be read.
    """
    try:
        history = transaction(workspace / HIDDEN / DATABASE, read_history)
        return to_document(replace(history, survey=_leaving(history.survey, survey)))
    except (sqlite3.Error, OSError, ValueError) as error:
        raise ProgressFileError(
            f"The progress in {workspace} cannot be read: {problem_in_words(error)}."
        ) from error


def _leaving(answers: tuple[SurveyAnswer, ...], part: SurveyPart) -> tuple[SurveyAnswer, ...]:
    """Return the answers that leave the workspace; `answers` is in order of time."""
    if part == "none":
        return ()
    if part == "all":
        return answers
    texts = {answer.module: answer for answer in answers if answer.question == FREE_TEXT}
    last = {id(text) for text in texts.values()}
    return tuple(
        answer
        for answer in answers
        if answer.is_shared and (answer.question != FREE_TEXT or id(answer) in last)
    )


def import_progress(workspace: Path, data: bytes) -> int:
    """Add the records that an exported file has and the workspace lacks; return their number.

    Existing records are neither changed nor duplicated, so importing twice does no harm. Either
    everything is taken or, when the file cannot be used, nothing; then it raises ProgressFileError.
    """
    try:
        incoming = from_document(data, MAX_BYTES)
    except ValueError as error:
        raise ProgressFileError(f"This is not a readable progress file: {error}.") from error

    def merge(database: sqlite3.Connection) -> int:
        new = missing_in(read_history(database), incoming)
        insert(database, new)
        return len(new)

    try:
        return transaction(workspace / HIDDEN / DATABASE, merge)
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        raise ProgressFileError(
            f"The progress in {workspace} is unchanged: {problem_in_words(error)}."
        ) from error


def missing_in(here: ProgressHistory, incoming: ProgressHistory) -> list[Record]:
    """Return the records of `incoming` that `here` lacks; of hints, those with a later stage."""
    stages = {(hint.module, hint.exercise): hint.stage for hint in here.hints}
    new: list[Record] = [
        hint for hint in incoming.hints if hint.stage > stages.get((hint.module, hint.exercise), 0)
    ]
    for table in (kind.table for kind in RECORDS if kind is not Hint):
        new += _lacking(getattr(here, table), getattr(incoming, table))
    return new


def _lacking(here: Iterable[Record], incoming: Iterable[Record]) -> Iterator[Record]:
    """Yield the records of `incoming` that `here` lacks, each as often as it lacks it.

    Compared as text: anybody can write numbers of one hash, which would take for ever to count.
    """
    left = Counter(repr(to_row(record)) for record in here)
    for record in incoming:
        key = repr(to_row(record))
        if left[key]:
            left[key] -= 1
        else:
            yield record
