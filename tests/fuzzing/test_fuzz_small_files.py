"""Timestamps, rosters, progress files and answers of any form."""

from __future__ import annotations

import math
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fuzzing import fuzz
from hostile_files import PROGRESS, ROSTERS, TIMESTAMPS, attempt, progress
from hypothesis import strategies as st
from nbgrader.coursedir import CourseDirectory

from autograder.classroom.roster import RosterError, parse_roster, read_roster, write_roster
from autograder.report.progress_files import opening_share, ways_to_right
from autograder.submissions.timestamps import timestamp_problem
from lepton_course.exercises.compare import accuracy, close, exact
from lepton_course.exercises.values import InvalidValue, dumps, loads
from lepton_course.progress.database import load_history
from lepton_course.progress.schema import from_document
from lepton_course.progress.standing import attempts_in, time_spent, to_repeat
from lepton_course.progress.transfer import ProgressFileError, export_progress, import_progress
from lepton_course.survey.asked import MOST_CHARACTERS, shared_text, valid_answers


def check_timestamp(data: bytes) -> None:
    """What is not told as a problem is read by nbgrader, too."""
    with tempfile.TemporaryDirectory() as name:
        Path(name, "timestamp.txt").write_bytes(data)
        problem = timestamp_problem(Path(name))
        assert len(problem) < 600
        if not problem:
            CourseDirectory().get_existing_timestamp(name)


PARTS = st.sampled_from(
    ["2026-03-01", "12:00:00", "UTC", "+0100", "-99999999999", "AM", "\ufeff", "T", " ", "9" * 9]
)


@fuzz(
    data=st.binary(max_size=120) | st.lists(PARTS, max_size=5).map(lambda p: " ".join(p).encode())
)
def test_any_timestamp(data):
    check_timestamp(data)


@pytest.mark.parametrize("name", TIMESTAMPS)
def test_the_corpus_of_timestamps(name):
    check_timestamp(TIMESTAMPS[name])


def check_roster(data: bytes) -> None:
    """A roster is refused with its mistakes, or comes back as it was written."""
    try:
        students = parse_roster(data)
    except RosterError as error:
        assert error.problems
        return
    with tempfile.TemporaryDirectory() as name:
        write_roster(Path(name, "roster.csv"), students)
        assert read_roster(Path(name, "roster.csv")) == students


FIELDS = st.text(max_size=8) | st.sampled_from(["ada", '"', ",", "\r", "=1+1", "a@b", "\x00"])
LINES = st.lists(st.lists(FIELDS, min_size=4, max_size=6).map(",".join), max_size=4)
HEADS = st.just("id,first_name,last_name,email,team") | st.text(max_size=30)


@fuzz(data=st.builds(lambda head, lines: "\n".join([head, *lines]), HEADS, LINES))
def test_any_roster(data):
    check_roster(data.encode("utf-8", "surrogatepass"))


@fuzz(data=st.binary(max_size=100))
def test_any_bytes_as_a_roster(data):
    check_roster(data)


@pytest.mark.parametrize("name", ROSTERS)
def test_the_corpus_of_rosters(name):
    check_roster(ROSTERS[name])


def check_progress(data: bytes) -> None:
    """A file is refused and changes nothing, or all that is shown of it can be computed."""
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        (workspace / ".lepton").mkdir()
        try:
            number = import_progress(workspace, data)
        except ProgressFileError:
            return
        history = load_history(workspace)
        assert number >= len(history.attempts)
        assert import_progress(workspace, data) == 0
        assert import_progress(workspace, export_progress(workspace)) == 0
        known = attempts_in(history)
        to_repeat(known, datetime.now(UTC))
        time_spent(history)
        opening_share(history)
        assert all(len(answer) < 10 for answer in valid_answers(history.survey).values())
        for row in history.survey[:9]:
            assert len(shared_text(history.survey, row.module)) <= MOST_CHARACTERS
        ways_to_right(history.attempts, sorted({a.exercise for a in history.attempts}))
        for record in history.records():
            record.at.astimezone()
        assert from_document(export_progress(workspace), 2**26).attempts == history.attempts


TIMES = st.datetimes().map(lambda time: time.isoformat()) | st.text(max_size=20)
ZONES = st.sampled_from(["", "Z", "+00:00", "+23:59", "-23:59"])
NUMBERS = st.floats() | st.integers() | st.booleans() | st.text(max_size=3) | st.none()
WORDS = st.text(max_size=5) | st.sampled_from(["m", "right", "wrong", "blank", "\ud800", None, 1])
ATTEMPTS = st.builds(
    lambda at, zone, **fields: attempt(at=at + zone, **fields),
    TIMES,
    ZONES,
    module=WORDS,
    exercise=WORDS,
    status=WORDS,
    diagnosis=WORDS,
    points=NUMBERS,
    max_points=NUMBERS,
)
HINTS = st.fixed_dictionaries({"module": WORDS, "exercise": WORDS, "stage": NUMBERS})
ANSWERS = st.fixed_dictionaries(
    {"at": TIMES, "module": WORDS, "question": WORDS, "choice": WORDS, "is_right": NUMBERS}
)


SURVEY = st.fixed_dictionaries(
    {
        "at": TIMES,
        "module": WORDS,
        "question": WORDS | st.sampled_from(["unclear", "useful", "known", "placement 1"]),
        "answer": WORDS | st.sampled_from(["1", "2", "fast"]) | st.text(),
        "is_shared": NUMBERS,
    }
)


@fuzz(
    tables=st.fixed_dictionaries(
        {},
        optional={
            "attempts": st.lists(ATTEMPTS, max_size=4),
            "hints": st.lists(HINTS, max_size=3),
            "answers": st.lists(ANSWERS, max_size=3),
            "survey": st.lists(SURVEY, max_size=4),
            "version": NUMBERS,
        },
    )
)
def test_any_progress_file(tables):
    check_progress(progress(**tables))


@fuzz(data=st.binary(max_size=200))
def test_any_bytes_as_a_progress_file(data):
    check_progress(data)


@pytest.mark.parametrize("name", PROGRESS)
def test_the_corpus_of_progress_files(name):
    check_progress(PROGRESS[name]())


ARRAYS = st.builds(
    lambda shape, dtype: np.zeros(shape, dtype),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from(["f4", "f8", "i8", "u1", "?", "c16", "<U3"]),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return type(b) is dict and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    return type(a) is type(b) and a == b


@fuzz(value=VALUES)
def test_any_answer_comes_back_as_it_was(value):
    try:
        data = dumps(value)
    except UnicodeEncodeError:  # half of a letter
        return
    assert same(loads(data), value)


@fuzz(value=VALUES, place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_changed_byte_in_an_answer(value, place, byte):
    try:
        data = bytearray(dumps(value))
    except UnicodeEncodeError:
        return
    data[place % len(data)] = byte
    try:
        loads(bytes(data))
    except InvalidValue:
        return


@fuzz(expected=VALUES, seen=VALUES)
def test_any_answer_can_be_compared(expected, seen):
    for comparison in (close(), exact()):
        comparison.differences(seen, expected)


@fuzz(seen=VALUES)
def test_any_answer_can_be_compared_with_labels(seen):
    accuracy(0.5).differences(seen, np.arange(4))


def test_structure_is_counted_before_an_answer_is_parsed():
    members = {"tree": np.frombuffer(b"[" + b"{}," * 2_000_000 + b"1]", np.uint8)}
    with tempfile.TemporaryFile() as file:
        np.savez_compressed(file, **members)
        file.seek(0)
        with pytest.raises(InvalidValue, match="more than 400,000 values"):
            loads(file.read())
