"""The audit log grows by whole entries, one after the other, and the database refuses all else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from audit_logs import (
    DATABASES,
    database_url,
    empty_log,
    open_engine,
    verdict_of,
    write_entries,
)
from bounded_waits import killed_after
from conftest import CLONE
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lepton_hub.audit import (
    ChainVerdict,
    SignedHead,
    append,
    entries,
    export_head,
    guard_statements,
    head_public_key,
    is_genuine,
    mentions,
    redact,
    redacted_fields,
)
from lepton_hub.audit.audit_chain import START
from lepton_hub.keys import KeyRing


@pytest.fixture(scope="module", params=DATABASES)
def url(request, tmp_path_factory) -> Iterator[str]:
    with database_url(request.param, tmp_path_factory.mktemp("audit")) as url:
        yield url


@pytest.fixture
def engine(url) -> Iterator[Engine]:
    engine = open_engine(url)
    empty_log(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def test_an_entry_is_read_as_it_was_written(engine, session):
    detail = {"b": [1, 2.5, None, True], "a": {"é": "\x00 ' \" \\ 𝒳"}}
    with session.begin():
        written = append(
            session, actor="Ada ✓", action="item.share", subject="it'em", detail=detail
        )
    assert (written.number, written.previous) == (1, START)
    assert written.detail == detail
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", written.time)
    assert entries(session) == [written]
    session.rollback()
    with session.begin():
        second = append(session, actor="a", action="b", subject="c", detail={})
    assert (second.number, second.previous) == (2, written.hash)
    assert verdict_of(engine) == ChainVerdict(entries=2)


def test_an_empty_log_is_whole(engine, session):
    assert verdict_of(engine).whole
    assert entries(session) == []


def test_an_entry_goes_with_its_transaction(engine, session):
    write_entries(engine, 1)
    append(session, actor="ada", action="x", subject="y", detail={})
    session.rollback()
    write_entries(engine, 1)
    assert [entry.number for entry in entries(session)] == [2, 1]
    assert verdict_of(engine).whole


@pytest.mark.parametrize(
    "wrong, error",
    [
        ({"actor": ""}, ValueError),
        ({"actor": "a\0b"}, ValueError),
        ({"actor": "x" * 501}, ValueError),
        ({"subject": "\ud800"}, ValueError),
        ({"action": ""}, ValueError),
        ({"action": "audit.redact"}, ValueError),
        ({"detail": {"x": float("nan")}}, ValueError),
        ({"detail": {"x": "y" * 20_000}}, ValueError),
        ({"detail": {"x": object()}}, TypeError),
        ({"detail": ["list"]}, TypeError),
    ],
)
def test_what_the_log_cannot_keep_is_refused_before_anything_is_written(session, wrong, error):
    with pytest.raises(error):
        append(session, **{"actor": "a", "action": "b", "subject": "c", "detail": {}, **wrong})
    assert entries(session) == []


def test_pages_and_filters(engine, session):
    write_entries(engine, 10)
    assert [entry.number for entry in entries(session, limit=3)] == [10, 9, 8]
    assert [entry.number for entry in entries(session, limit=3, before=8)] == [7, 6, 5]
    assert [entry.number for entry in entries(session, actor="ada")] == [9, 7, 5, 3, 1]
    assert [entry.number for entry in entries(session, subject="item:4")] == [5]
    assert len(entries(session, action="version.read", actor="bose", before=5)) == 2
    assert entries(session, actor="item:4") == entries(session, action="x") == []


FORBIDDEN = [
    *(f"DELETE FROM {table}" for table in ("audit_entries", "audit_values", "audit_redactions")),
    "DELETE FROM audit_head",
    "UPDATE audit_entries SET action = 'other'",
    "UPDATE audit_entries SET number = number + 100",
    "UPDATE audit_values SET text = 'other'",
    "UPDATE audit_redactions SET field = 'subject'",
    "UPDATE audit_head SET number = 1",
    "UPDATE audit_head SET number = number + 2",
    "UPDATE audit_head SET hash = 'other'",
    "INSERT INTO audit_head (id, number, hash) VALUES (1, 9, 'other')",
    "INSERT INTO audit_entries SELECT 9, time, action, actor_commitment, detail_commitment,"
    " subject_commitment, previous, hash FROM audit_entries WHERE number = 1",
    "INSERT INTO audit_values SELECT 1, 'detail', salt, 'other' FROM audit_values"
    " WHERE number = 1 AND field = 'actor'",
    "INSERT INTO audit_redactions (number, field, by) VALUES (2, 'actor', 1)",
]
SQLITE_ONLY = [
    "INSERT OR REPLACE INTO audit_values SELECT 2, 'actor', salt, 'other' FROM audit_values",
    "REPLACE INTO audit_head (id, number, hash) VALUES (1, 0, 'other')",
    "UPDATE OR REPLACE audit_entries SET number = 1",
]
POSTGRESQL_ONLY = ["TRUNCATE audit_entries CASCADE", "TRUNCATE audit_head", "TRUNCATE audit_values"]


def test_the_database_refuses_every_other_change(engine, session):
    write_entries(engine, 3)
    with session.begin():
        redact(session, actor="root", reason="asked for", values=[(1, "detail")])
    before = entries(session)
    session.rollback()  # or TRUNCATE would wait for its end
    own = SQLITE_ONLY if engine.dialect.name == "sqlite" else POSTGRESQL_ONLY
    for statement in [*FORBIDDEN, *own]:
        with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
            connection.execute(text(statement))
    assert entries(session) == before
    assert verdict_of(engine).whole


def test_the_triggers_may_be_made_again(engine):
    write_entries(engine, 1)
    with engine.begin() as connection:
        for statement in guard_statements(engine.dialect.name):
            connection.exec_driver_sql(statement)
    write_entries(engine, 1)
    assert verdict_of(engine) == ChainVerdict(entries=2)


def test_processes_that_write_at_once_make_one_chain(engine, url, session):
    paths = os.pathsep.join(map(str, (CLONE / "tests" / "support", CLONE / "tests", CLONE)))
    program = [sys.executable, paths.partition(os.pathsep)[0] + "/audit_writers.py", url, "15"]
    writers = subprocess.Popen(program, env={**os.environ, "PYTHONPATH": paths})
    with killed_after(writers):
        while writers.poll() is None:
            assert verdict_of(engine).whole, "while others write"
            time.sleep(0.01)
    assert writers.returncode == 0
    assert verdict_of(engine) == ChainVerdict(entries=60)
    for number in range(4):
        assert len(entries(session, actor=f"writer {number}")) == 15


def test_personal_values_are_removed_and_the_proof_stays(engine, session):
    write_entries(engine, 6)
    with session.begin():
        append(session, actor="curie", action="grant", subject="person:ada", detail={"to": "ada"})
        append(session, actor="curie", action="grant", subject="person:adam", detail={"to": "adam"})
    found = mentions(session, "ada")
    assert found == [(1, "actor"), (3, "actor"), (5, "actor"), (7, "detail"), (7, "subject")]
    session.rollback()
    with session.begin():
        said = redact(session, actor="root", reason="asked for", values=[*found, (1, "detail")])
    assert said.detail["count"] == 6
    newest = {entry.number: entry for entry in entries(session)}
    assert redacted_fields(newest[1]) == ("actor", "detail")
    assert redacted_fields(newest[7]) == ("detail", "subject")
    assert (newest[7].actor, newest[7].action) == ("curie", "grant")
    assert newest[8].detail == {"to": "adam"}
    assert entries(session, actor="ada") == []
    assert mentions(session, "ada") == []
    assert verdict_of(engine) == ChainVerdict(entries=9)
    write_entries(engine, 1)
    assert verdict_of(engine).whole


def test_a_redaction_of_what_is_not_there_or_is_proof_is_refused(engine, session):
    write_entries(engine, 2)
    with session.begin():
        redact(session, actor="root", reason="asked for", values=[(1, "actor")])
    for values in (
        [(1, "actor")],
        [(9, "actor")],
        [(1, "hash")],
        [(3, "detail")],
        [(3, "subject")],
    ):
        with pytest.raises(ValueError), session.begin():
            redact(session, actor="root", reason="again", values=values)
    with session.begin():
        redact(session, actor="curie", reason="root left", values=[(3, "actor")])
    assert verdict_of(engine) == ChainVerdict(entries=4)


def test_many_values_are_removed_at_once(engine, session):
    with session.begin():
        for number in range(110):
            append(session, actor="ada", action="read", subject=f"i{number}", detail={"n": number})
    values = [(n, field) for n in range(1, 111) for field in ("actor", "detail", "subject")]
    with session.begin():
        redact(session, actor="root", reason="asked for", values=values)
    assert verdict_of(engine) == ChainVerdict(entries=111)
    assert len(entries(session, actor="root")) == 1


def test_a_head_is_signed_and_holds_after_the_log_has_grown(engine, session):
    keys = KeyRing.in_memory()
    write_entries(engine, 3)
    public = head_public_key(keys)
    head = export_head(session, keys)
    session.rollback()
    kept = SignedHead.from_json(head.to_json())
    assert kept == head and is_genuine(kept, public)
    write_entries(engine, 2)
    keys.add_generation()
    assert verdict_of(engine, exported=kept) == ChainVerdict(entries=5)
    newer = export_head(session, keys)
    assert newer.generation == 2
    assert is_genuine(newer, head_public_key(keys)) and not is_genuine(newer, public)
    assert head_public_key(keys, 1) == public


def test_a_changed_head_is_not_genuine():
    keys = KeyRing.in_memory()
    public = head_public_key(keys)
    fields = {"number": 3, "hash": "a" * 64, "time": "now", "generation": 1}
    assert not is_genuine(SignedHead(**fields, signature="00" * 64), public)
    assert not is_genuine(SignedHead(**fields, signature="not hex"), public)
    for text_ in ("{}", "[]", "7", '{"number": 1}', "{", '{"x": 1}'):
        with pytest.raises(ValueError):
            SignedHead.from_json(text_)
