"""The tables of a learner's progress, as they have been since the first workspace."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from lepton_course.progress.schema import (
    RECORDS,
    Answer,
    Attempt,
    Hint,
    SurveyAnswer,
    Visit,
    create_table,
    from_document,
    history_of,
    to_document,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECORDED = [
    Attempt(NOON, "basics/m", "add", "right", None, 2.0, 2.0),
    Attempt(NOON.replace(hour=11), "basics/m", "add", "wrong", "minus", 0.0, 2.0),
    Hint("basics/m", "add", 2),
    Answer(NOON, "basics/n", "quiz 1", "b", True),
    Visit(NOON, "basics/m"),
    SurveyAnswer(NOON, "basics/m", "unclear", "why", False),
]


def test_the_tables_are_those_of_the_workspaces_that_exist():
    assert [create_table(kind).split(" EXISTS ")[1] for kind in RECORDS] == [
        "attempts (at TEXT NOT NULL, module TEXT NOT NULL, exercise TEXT NOT NULL, "
        "status TEXT NOT NULL, diagnosis TEXT, points REAL NOT NULL, max_points REAL NOT NULL)",
        "hints (module TEXT NOT NULL, exercise TEXT NOT NULL, stage INTEGER NOT NULL, "
        "PRIMARY KEY (module, exercise))",
        "answers (at TEXT NOT NULL, module TEXT NOT NULL, question TEXT NOT NULL, "
        "choice TEXT NOT NULL, is_right INTEGER NOT NULL)",
        "visits (at TEXT NOT NULL, module TEXT NOT NULL)",
        "survey (at TEXT NOT NULL, module TEXT NOT NULL, question TEXT NOT NULL, "
        "answer TEXT NOT NULL, is_shared INTEGER NOT NULL)",
    ]


def test_a_history_comes_back_from_its_document_in_the_order_of_time():
    history = history_of(RECORDED)
    assert [attempt.status for attempt in history.attempts] == ["wrong", "right"]
    assert from_document(to_document(history), 10_000) == history


def test_a_document_of_before_the_survey_is_read():
    tree = json.loads(to_document(history_of(RECORDED)))
    del tree["survey"]
    assert from_document(json.dumps(tree).encode(), 10_000) == history_of(RECORDED[:-1])


def test_a_history_is_divided_by_module():
    history = history_of(RECORDED)
    assert history.of_module("basics/n") == history_of(RECORDED[3:4])
    assert len(history.of_module("basics/m").hints) == 1


@pytest.mark.parametrize(
    ("points", "most", "share"), [(1, 2, 0.5), (9, 2, 1), (-1, 2, 0), (0, 0, 1)]
)
def test_a_share_of_the_points_lies_between_nothing_and_all(points, most, share):
    assert Attempt(NOON, "m", "add", "right", None, points, most).share == share


def test_a_document_that_is_too_long_is_not_even_parsed():
    with pytest.raises(ValueError, match="MiB"):
        from_document(b"[" * 2_000_000, max_bytes=2**20)
