"""Damaged envelopes, contents deleted and shared at once, cards changed by two, verifying."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from contextlib import suppress

import pytest
from audit_logs import DATABASES, as_owner, database_url, empty_log, open_engine, write_entries
from bounded_waits import join_all
from small_hub import CARD, small_hub
from sqlalchemy import event, text
from sqlalchemy.orm import Session
from stored_files import damaged, flip, names_of
from test_hub_client import Wire
from typer.testing import CliRunner

from autograder.sandbox.linux import die_with_parent
from lepton_course import share
from lepton_course.errors import CourseError
from lepton_course.hub import HubConnection
from lepton_hub.api.idempotency import RepeatableAnswer
from lepton_hub.audit import BreakReason, append, verify_database
from lepton_hub.catalogue import contents
from lepton_hub.commands import hub_app
from lepton_hub.database import open_database, reading, upgrade_database
from lepton_hub.database.moments import now
from lepton_hub.keys import KeyRing
from lepton_hub.storage import BlobMissing, BlobStore


# ── Verifying ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", DATABASES)
def test_verifying_goes_on_in_pieces_while_others_write(kind, tmp_path):
    with database_url(kind, tmp_path) as url:
        engine = open_database(url)
        empty_log(engine)
        write_entries(engine, 1100)
        statements: list[str] = []
        begun: list[str] = []

        def seen(connection, cursor, statement, *_: object) -> None:
            if not connection.get_execution_options().get("hub_reads"):
                return
            statements.append(statement.partition(" ")[0])
            begun.extend(["begin"] * (statement == "BEGIN"))
            if len(statements) in (3, 7):  # in the middle of a piece
                with Session(engine) as session, session.begin():
                    append(session, actor="bose", action="a", subject="s", detail={})

        event.listen(engine, "before_cursor_execute", seen)
        verdict = verify_database(engine)
        event.remove(engine, "before_cursor_execute", seen)
        assert verdict.whole
        assert verdict.entries in (1101, 1102)
        assert set(statements) <= {"BEGIN", "SELECT"}
        assert kind == "postgresql" or len(begun) >= 5
        as_owner(engine, "UPDATE audit_values SET text = 'eve' WHERE number = 900")
        assert verify_database(engine).broken == 900
        engine.dispose()


def test_values_of_no_entry_are_found_wherever_they_are(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    for number in (0, -3, 8):
        empty_log(engine)
        write_entries(engine, 5)
        row = f"({number}, 'actor', 'salt', 'eve')"
        as_owner(engine, f"INSERT INTO audit_values (number, field, salt, text) VALUES {row}")
        verdict = verify_database(engine)
        assert (verdict.broken, verdict.reason) == (number, BreakReason.ENTRY_MISSING)
    engine.dispose()


def test_a_database_that_is_up_to_date_is_only_read(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/hub.sqlite")
    upgrade_database(engine)
    with engine.begin():  # somebody writes
        upgrade_database(engine)
        with reading(engine).begin() as other:
            assert other.execute(text("SELECT number FROM audit_head")).scalar() == 0


# ── Contents ──────────────────────────────────────────────────────────────────────────────────
def test_a_damaged_envelope_is_reported_and_stops_nothing_else(tmp_path, monkeypatch, capsys):
    options = {"blobs": str(tmp_path / "blobs"), "database": f"sqlite:///{tmp_path}/hub.sqlite"}
    with small_hub(tmp_path, **options) as hub:
        hub.make("ada", "engines/rides")
        hub.add("ada", "engines/rides", {"a.csv": b"needed"})
        store = hub.state.store
        damaged(store, "envelopes")
        unneeded = store.write([b"unneeded"]).sha256
        with hub.state.sessions.begin() as session:
            session.add(
                RepeatableAnswer(
                    person="ada", key="k", fingerprint="f", status=200, content="{}",
                    given_at=now().replace(year=2020),
                )
            )  # fmt: skip
        monkeypatch.setattr(contents, "SPARED_SECONDS", -1.0)
        monkeypatch.setattr(store, "clock", lambda: time.time() + 10 * 86_400)
        hub.state.tidy()
        assert "1 envelopes cannot be decrypted" in capsys.readouterr().err
        assert unneeded not in store
        assert len(names_of(store, "data")) == 1, "the damaged one's data are kept"
        with hub.state.sessions.begin() as session:
            assert session.get(RepeatableAnswer, ("ada", "k")) is None
        monkeypatch.undo()
        monkeypatch.setenv("LEPTON_HUB_BLOBS", str(tmp_path / "blobs"))
        told = CliRunner().invoke(hub_app, ["verify", str(tmp_path), "--contents"])
        sha256 = hashlib.sha256(b"needed").hexdigest()
        assert told.exit_code == 1
        assert "1 envelopes cannot be decrypted" in told.output
        assert f"{sha256}: is in use but cannot be read" in told.output
        hub.add("ada", "engines/rides", {"a.csv": b"needed"})
        store.check(sha256)
        assert store.sweep(-10).removed == 1
        told = CliRunner().invoke(hub_app, ["verify", str(tmp_path), "--contents"])
        assert (told.exit_code, "Damaged contents: 0" in told.output) == (0, True)


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_a_content_that_is_deleted_and_shared_at_once_is_there_afterwards(tmp_path, scheme):
    """The deletion is held up wherever it removes something, while the same is written again."""
    for step in range(3):
        store = BlobStore(f"{scheme}{tmp_path}/{step}", KeyRing.in_memory())
        store.write([b"content"])
        usual, count, threads = store.place.delete, [0], []

        def write(store: BlobStore = store) -> None:
            store.write([b"content"])

        def held_up(name, usual=usual, count=count, threads=threads, step=step, write=write):
            if threading.current_thread() is threading.main_thread():
                if count[0] == step:
                    threads.append(threading.Thread(target=write))
                    threads[0].start()
                    threads[0].join(0.2)
                count[0] += 1
            usual(name)

        store.place.delete = held_up
        sha256 = hashlib.sha256(b"content").hexdigest()
        store.delete(sha256)
        if not threads:
            write()
        join_all(threads)
        store.check(sha256)


def test_processes_that_write_and_delete_the_same_are_killed(tmp_path):
    """What a write acknowledged is there until somebody deletes it; a killed one keeps no lock."""
    keys = KeyRing.load_or_create(tmp_path / "keys.json")
    store = BlobStore(str(tmp_path / "blobs"), keys)
    sha256 = hashlib.sha256(b"content").hexdigest()
    for number in range(8):
        child = os.fork()
        if child == 0:
            try:  # whatever happens: a copy of the tests' process must not go on with the tests
                die_with_parent(signal.SIGKILL)
                os.fsync = lambda _: None
                while True:
                    store.write([b"content"])
                    store.delete(sha256)
            finally:
                os._exit(1)
        try:
            time.sleep(0.03 + 0.01 * number)
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        store.write([b"content"])
        store.check(sha256)
    store.sweep(-10)
    assert len(names_of(store, "data")) == 1


def test_threads_that_write_and_delete_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    store = BlobStore(str(tmp_path), KeyRing.in_memory())
    kept = store.write([b"kept"]).sha256
    problems: list[BaseException] = []

    def work(deletes: bool) -> None:
        for _ in range(40):
            try:
                blob = store.write([b"content"])
                if deletes:
                    store.delete(blob.sha256)
            except BlobMissing:
                continue  # another one has deleted it
            except BaseException as error:
                problems.append(error)

    threads = [threading.Thread(target=work, args=(number < 2,)) for number in range(4)]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert problems == []
    store.check(store.write([b"content"]).sha256)
    store.check(kept)


def test_a_document_takes_no_file_versions(tmp_path):
    with small_hub(tmp_path) as hub:
        told = {"space": "engines", "name": "notes", "title": "Notes", "text": "x"}
        assert hub.post("ada", "/documents", told).status_code == 201
        answer = hub.add("ada", "engines/notes", {"a.csv": b"1"})
        assert answer.status_code == 422
        assert "engines/notes is a document" in answer.json()["detail"]
        assert hub.get("ada", "/items/engines/notes/versions").json()["total"] == 0
        hidden = hub.add("curie", "engines/notes", {"a.csv": b"1"})
        nothing = hub.add("curie", "engines/nothing", {"a.csv": b"1"})
        assert (hidden.status_code, hidden.content) == (404, nothing.content)


# ── Cards ─────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def team(tmp_path, monkeypatch):
    """A hub, and `share` for it in people's names: each has a computer of their own."""
    with small_hub(tmp_path) as hub:
        wire = Wire(hub)

        def as_person(who: str, name: str, **options) -> str:
            monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / who))
            connection = HubConnection("http://hub.test", who, transport=wire, pause=lambda _: None)
            file = tmp_path / "a.csv"
            file.write_text(f"a\n{options.pop('value', 1)}\n")
            return share(name, file, hub=connection, **options)

        yield hub, as_person


def card_of(hub) -> dict:
    card = hub.get("ada", "/items/engines/rides/card").json()
    return {name: value for name, value in card.items() if value}


def test_a_colleagues_change_of_the_card_is_kept(team):
    hub, as_person = team
    as_person("ada", "engines/rides", card={**CARD, "limits": "none known"})
    hub.grant("ada", "engines/rides", "team", "engines", "contribute")
    etag = hub.get("bose", "/items/engines/rides/card").headers["etag"]
    theirs = {**CARD, "limits": "not for 2020", "category": "traffic", "tags": ["bus"]}
    headers = {"If-Match": etag}
    hub.ask("bose", "PUT", "/items/engines/rides/card", json=theirs, headers=headers)
    mine = {**CARD, "limits": "none known", "title": "Riders by day and line"}
    assert as_person("ada", "engines/rides", card=mine, value=2) == "hub:engines/rides@2"
    assert card_of(hub) == {**theirs, "title": mine["title"]}
    before = len(hub.log(action="card.change"))
    as_person("ada", "engines/rides", card=mine, value=3)
    assert len(hub.log(action="card.change")) == before, "what says nothing new changes nothing"


def test_two_who_change_the_same_are_told_and_nothing_is_shared(team):
    hub, as_person = team
    as_person("ada", "engines/rides", card=CARD)
    hub.grant("ada", "engines/rides", "team", "engines", "contribute")
    words = "licence is 'CC0-1.0' on the hub and 'internal' here.*replace_card=True"
    with pytest.raises(CourseError, match=words):
        as_person("bose", "engines/rides", card={**CARD, "licence": "internal"}, value=2)
    assert hub.get("ada", "/items/engines/rides/versions").json()["total"] == 1
    assert hub.log(action="upload.begin", actor="bose") == []
    replaced = {**CARD, "licence": "internal", "tags": ["b", "a"]}
    as_person("bose", "engines/rides", card=replaced, value=2, replace_card=True)
    assert card_of(hub) == {**replaced, "tags": ["a", "b"]}
    with pytest.raises(CourseError, match="a document"):
        hub.post("ada", "/documents", {"space": "engines", "name": "n", "title": "N", "text": "x"})
        as_person("ada", "engines/n", card=CARD)


def test_a_card_changed_between_reading_and_writing_is_read_again(team, monkeypatch):
    hub, as_person = team
    as_person("ada", "engines/rides", card=CARD)
    usual, late = HubConnection.patiently, []

    def overtaken(self, method, path, **options):
        if method == "PUT" and not late:
            late.append(path)
            etag = hub.get("ada", path).headers["etag"]
            changed = {**CARD, "category": "traffic"}
            hub.ask("ada", "PUT", path, json=changed, headers={"If-Match": etag})
        return usual(self, method, path, **options)

    monkeypatch.setattr(HubConnection, "patiently", overtaken)
    as_person("ada", "engines/rides", card={**CARD, "title": "Better"})
    assert card_of(hub) == {**CARD, "title": "Better", "category": "traffic"}


def test_flipping_is_what_damages(tmp_path):
    store = BlobStore(str(tmp_path), KeyRing.in_memory())
    store.write([b"x"])
    [name] = names_of(store, "envelopes")
    flip(store, name, 40)
    assert store.sweep(-10).damaged
    flip(store, name, 40)
    assert store.sweep(-10).damaged == ""


# ── Reading and writing at once ───────────────────────────────────────────────────────────────
def test_others_write_while_somebody_searches(tmp_path):
    with small_hub(tmp_path, database=f"sqlite:///{tmp_path}/hub.sqlite") as hub:
        hub.make("ada", "engines/rides")
        made: list[int] = []

        def meanwhile(connection, cursor, statement, *_: object) -> None:
            if "search_words" in statement and not made:  # the first read has its snapshot
                made.append(0)
                made[0] = hub.make("bose", "engines/more").status_code

        event.listen(hub.state.engine, "after_cursor_execute", meanwhile)
        found = hub.get("ada", "/search", params={"q": "riders"})
        assert (found.status_code, found.json()["total"], made) == (200, 1, [201])
        assert [entry.action for entry in hub.log()][:2] == ["search", "item.make"]
        assert verify_database(hub.state.engine).whole


def test_writers_take_turns(tmp_path):
    """Many threads write with few milliseconds between; none is passed over for long."""
    with small_hub(tmp_path, database=f"sqlite:///{tmp_path}/hub.sqlite") as hub:
        with hub.state.sessions.begin() as session:
            session.connection()
            threads = [
                threading.Thread(target=hub.make, args=("ada", f"engines/r{number}"))
                for number in range(4)
            ]
            for thread in threads:
                thread.start()
            time.sleep(0.1)
        for thread in threads:
            thread.join(20)
        assert hub.get("ada", "/items").json()["total"] == 4
        assert hub.state.engine.pool.checkedout() == 0
