"""One's progress as a file: exported, imported, merged; a file that is none changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lepton_course.progress.database import (
    hint_stage,
    load_history,
    record_answer,
    record_attempt,
    record_hint,
    record_visit,
)
from lepton_course.progress.standing import attempts
from lepton_course.progress.transfer import ProgressFileError, export_progress, import_progress


@pytest.fixture
def machines(tmp_path: Path, monkeypatch) -> tuple[Path, Path]:
    """Two workspaces, as on two machines; the first has been worked in."""
    monkeypatch.setattr("lepton_course.progress.database._hints_of_session", {})
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        (folder / ".lepton").mkdir(parents=True)
    record_visit("basics/m", first)
    record_attempt("basics/m", "add", "wrong", "minus", 0, 2, first)
    record_attempt("basics/m", "add", "right", None, 2, 2, first)
    record_answer("basics/m", "quiz 1", "b", True, first)
    record_hint("basics/m", "add", 2, first)
    return first, second


def test_everything_moves_to_another_machine(machines, monkeypatch):
    first, second = machines
    assert import_progress(second, export_progress(first)) == 5
    assert load_history(second) == load_history(first)
    monkeypatch.setattr("lepton_course.progress.database._hints_of_session", {})
    assert hint_stage("basics/m", "add", second) == 2
    assert export_progress(second) == export_progress(first)


def test_importing_twice_does_no_harm_and_merging_loses_nothing(machines):
    first, second = machines
    record_attempt("basics/m", "add", "error", folder=second)
    for machine, other in ((first, second), (second, first), (first, second)):
        import_progress(machine, export_progress(other))
    assert attempts(first)["basics/m", "add"].tries == 3
    assert sorted(load_history(first).attempts, key=str) == sorted(
        load_history(second).attempts, key=str
    )
    assert import_progress(first, export_progress(first)) == 0


def test_the_file_holds_nothing_of_the_machine(machines):
    text = export_progress(machines[0]).decode()
    assert str(machines[0]) not in text and Path.home().name not in text
    assert set(json.loads(text)) == {
        "format", "version", "attempts", "hints", "answers", "visits", "survey",
    }  # fmt: skip


HINT = {"module": "basics/m", "exercise": "add", "stage": 1}


def test_an_imported_time_is_kept_as_precisely_as_it_was_written(machines):
    first, second = machines
    rows = json.loads(export_progress(first))
    for row in (*rows["attempts"], *rows["visits"]):
        row["at"] = "2026-03-02T09:00:00.123456+02:00"
    data = json.dumps(rows).encode()
    assert import_progress(second, data) == 5
    assert import_progress(second, data) == 0


def test_what_is_wrong_with_a_file_is_said_without_repeating_it(machines):
    with pytest.raises(ProgressFileError, match="damaged: attempts, status") as told:
        import_progress(machines[0], _damaged(lambda data, row: row.update(status=["<script>"])))
    assert "<script>" not in str(told.value)


def _damaged(change) -> bytes:
    row = {
        "at": "2026-03-02T09:00:00+00:00", "module": "basics/m", "exercise": "add",
        "status": "right", "diagnosis": None, "points": 1, "max_points": 2,
    }  # fmt: skip
    data = {
        "format": "lepton-progress",
        "version": 1,
        "attempts": [row],
        "hints": [],
        "answers": [],
        "visits": [],
    }
    change(data, row)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"format": "other"}',
        b"[" * 100_000,
        _damaged(lambda data, row: data.update(version=9)),
        _damaged(lambda data, row: data.pop("visits")),
        _damaged(lambda data, row: row.update(points="many")),
        _damaged(lambda data, row: row.update(at="yesterday")),
        _damaged(lambda data, row: row.pop("status")),
        _damaged(lambda data, row: row.update(at=7)),
        _damaged(lambda data, row: row.update(at="0001-01-01T00:00:00+23:00")),
        _damaged(lambda data, row: row.update(points=float("nan"))),
        _damaged(lambda data, row: row.update(points=10**400)),
        _damaged(lambda data, row: row.update(exercise="\ud800")),
        _damaged(lambda data, row: data.update(attempts={"at": 1})),
        _damaged(lambda data, row: data.update(attempts=["right"])),
        _damaged(lambda data, row: data.update(hints=[{**HINT, "stage": 10**30}])),
        _damaged(lambda data, row: data.update(hints=[{**HINT, "stage": "all"}])),
    ],
)
def test_what_is_no_progress_file_changes_nothing(machines, data):
    before = export_progress(machines[0])
    with pytest.raises(ProgressFileError):
        import_progress(machines[0], data)
    assert export_progress(machines[0]) == before
