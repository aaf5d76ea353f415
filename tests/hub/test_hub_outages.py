"""Conflicts, busy and full databases, lost connections: 409 or 503, and nothing is half done."""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import psycopg
import pytest
from conftest import skip_unless_ci
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import CARD, SmallHub, small_hub
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from lepton_hub.audit import verify
from lepton_hub.database import engine as engines
from lepton_hub.database.failures import Failure, failure_of
from lepton_hub.storage.places import FolderPlace

RIDES = {"space": "engines", "name": "rides", "kind": "dataset", "card": CARD}
THREAD = {"item": "engines/rides", "title": "Why?", "text": "Why?", "kind": "question"}
HEAD = "SELECT 1 FROM audit_head FOR UPDATE"
"""Locks what each request of the hub's locks at its end."""
KEY = {"Idempotency-Key": "k"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        yield server


@dataclass
class Served:
    """A hub on a database, and a way to connect to that database besides it."""

    hub: SmallHub
    kind: str

    @contextmanager
    def in_the_way(self, statement: str = HEAD) -> Iterator[Callable[[str], object]]:
        """Hold what a statement locks; gives what runs other statements in that transaction."""
        with self.hub.state.engine.connect() as connection:
            connection.begin()
            connection.execute(text(statement))
            yield lambda more: connection.execute(text(more))


@pytest.fixture(params=["sqlite", "sqlcipher", "postgresql"])
def served(request, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)
    options = {"database": f"sqlite:///{tmp_path}/hub.sqlite"}
    if request.param == "sqlcipher":
        pytest.importorskip("sqlcipher3")
        options["database_key_file"] = tmp_path / "database-key"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        options["database"] = server.new_database(f"hub{time.monotonic_ns()}")
    with small_hub(tmp_path, blobs=str(tmp_path / "blobs"), **options) as hub:
        yield Served(hub, request.param)


def assert_refused(answer, status: int = 503) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert ("retry-after" in answer.headers) == (status == 503)


def assert_nothing_was_done(served: Served) -> None:
    """The same request, sent again, takes effect once; the log is whole and has it once."""
    hub = served.hub
    assert hub.get("ada", "/items").json()["total"] == 0
    assert hub.post("ada", "/items", RIDES, **KEY).status_code == 201
    assert len(hub.log(action="item.make")) == 1
    with hub.state.sessions.begin() as session:
        assert verify(session).whole


def set_for_the_hub(served: Served, setting: str) -> None:
    """Have PostgreSQL use a setting for each connection of the hub's."""

    def connected(connection: psycopg.Connection, _: object) -> None:
        connection.execute(f"SET {setting}")
        connection.commit()

    served.hub.state.engine.dispose()
    event.listen(served.hub.state.engine, "connect", connected)


def test_a_writer_that_waits_too_long_says_busy(served):
    with served.in_the_way(HEAD if served.kind == "postgresql" else "SELECT 1"):
        assert_refused(served.hub.post("ada", "/items", RIDES, **KEY))
        assert_refused(served.hub.get("ada", "/items/engines/nothing"))
    assert_nothing_was_done(served)


def test_a_full_disk_says_so(served):
    if served.kind == "postgresql":
        pytest.skip("PostgreSQL has no setting for a full disk: see the codes")
    pages: list[int] = []

    def limited(connection, *_: object) -> None:
        cursor = connection.cursor()
        if not pages:
            pages.append(cursor.execute("PRAGMA page_count").fetchone()[0])
        cursor.execute(f"PRAGMA max_page_count = {pages[0]}")

    listener = ("checkout", limited)
    event.listen(served.hub.state.engine, *listener)
    large = {**RIDES, "card": {**CARD, "description": "x" * 9999, "limits": "y" * 3999}}
    answers = [served.hub.post("ada", "/items", {**large, "name": f"n{n}"}) for n in range(3)]
    assert_refused(answers[-1])
    assert "full" in answers[-1].json()["detail"]
    event.remove(served.hub.state.engine, *listener)
    pages[:] = [10**6]
    event.listen(served.hub.state.engine, *listener)
    made = sum(answer.status_code == 201 for answer in answers)
    assert served.hub.get("ada", "/items").json()["total"] == made
    assert len(served.hub.log(action="item.make")) == made


def test_a_full_disk_keeps_what_has_arrived_of_an_upload(tmp_path, monkeypatch):
    @contextmanager
    def full(*_: object) -> Iterator[None]:
        raise OSError(errno.ENOSPC, "No space left on device")
        yield

    with small_hub(tmp_path, blobs=str(tmp_path / "blobs")) as hub:
        hub.post("ada", "/items", RIDES)
        upload = hub.upload("ada", b"content")
        told = {"files": [{"path": "a.csv", "upload": upload}]}
        with monkeypatch.context() as patch:
            patch.setattr(FolderPlace, "writing", full)
            assert_refused(hub.post("ada", "/items/engines/rides/versions", told))
        assert hub.get("ada", f"/uploads/{upload}").json()["offset"] == 7
        assert hub.post("ada", "/items/engines/rides/versions", told).status_code == 201


def test_a_connection_that_cannot_be_opened_says_so(served, monkeypatch):
    def refuse(*_: object) -> None:
        served.hub.state.engine.dialect.loaded_dbapi.connect("file:/nowhere/at all?mode=ro")
        with served.hub.state.engine.begin():
            pass

    if served.kind == "postgresql":
        pytest.skip("see the test of a server that is away")
    served.hub.state.engine.dispose()
    event.listen(served.hub.state.engine, "connect", refuse)
    assert_refused(served.hub.post("ada", "/items", RIDES, **KEY))
    event.remove(served.hub.state.engine, "connect", refuse)
    assert_nothing_was_done(served)


def test_too_few_connections_say_busy(served, monkeypatch):
    pool = served.hub.state.engine.pool
    taken = [served.hub.state.engine.connect() for _ in range(pool.checkedin())]
    with monkeypatch.context() as patch:
        patch.setattr(pool, "_timeout", 0.1)
        patch.setattr(pool, "_overflow", 0)
        patch.setattr(pool, "_max_overflow", 0)
        assert_refused(served.hub.post("ada", "/items", RIDES, **KEY))
    for connection in taken:
        connection.close()
    assert_nothing_was_done(served)


def test_a_commit_that_fails_is_no_answer(served, monkeypatch):
    driver = served.hub.state.engine.dialect.loaded_dbapi
    error = driver.OperationalError("database is locked")
    error.sqlite_errorcode = 5

    def broken(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(served.hub.state.engine.dialect, "do_commit", broken)
        assert_refused(served.hub.post("ada", "/items", RIDES, **KEY))
    assert_nothing_was_done(served)


def test_two_who_do_the_same_at_the_same_moment_conflict(postgres, tmp_path):
    with small_hub(tmp_path, database=postgres.new_database("twice")) as hub:
        with Served(hub, "postgresql").in_the_way(
            "INSERT INTO repeatable_answers VALUES ('ada', 'k', 'f', 201, '{}', NULL, now())"
        ) as run:
            answers = asked_meanwhile(hub, "/items", RIDES)
            wait_until_waiting(postgres, "twice")
            run("COMMIT")
            answer = answers.get(timeout=20)
        assert_refused(answer, 409)
        assert hub.get("ada", "/items").json()["total"] == 0


@pytest.mark.parametrize("how", ["serialisation", "terminated"])
def test_what_postgresql_ends_says_busy(postgres, tmp_path, how):
    name = f"ended_{how}"
    with small_hub(tmp_path, database=postgres.new_database(name)) as hub:
        served = Served(hub, "postgresql")
        hub.get("ada", "/items")
        if how == "serialisation":
            set_for_the_hub(served, "default_transaction_isolation = 'repeatable read'")
        with served.in_the_way("UPDATE audit_head SET number = number") as run:
            answers = asked_meanwhile(hub, "/items", RIDES)
            wait_until_waiting(postgres, name)
            if how == "terminated":
                waiting = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted"
                postgres.query(name, waiting)
            else:
                run("COMMIT")
            answer = answers.get(timeout=20)
        assert_refused(answer)
        assert_nothing_was_done(served)


def test_a_deadlock_says_busy(postgres, tmp_path):
    with small_hub(tmp_path, database=postgres.new_database("deadlock")) as hub:
        served = Served(hub, "postgresql")
        hub.post("ada", "/items", RIDES)
        set_for_the_hub(served, "deadlock_timeout = '3s'")  # after the test waits as well
        with served.in_the_way("LOCK TABLE search_entries") as run:
            run("SET LOCAL deadlock_timeout = '1h'")  # so it is the hub's transaction that ends
            answers = asked_meanwhile(hub, "/threads", THREAD)
            wait_until_waiting(postgres, "deadlock")
            run(HEAD)
            answer = answers.get(timeout=20)
        assert_refused(answer)
        assert hub.get("ada", "/threads").json()["total"] == 0
        assert hub.post("ada", "/threads", THREAD, **KEY).status_code == 201


def asked_meanwhile(hub: SmallHub, path: str, told: object) -> SimpleQueue:
    """Ask in a thread; its answer comes through the queue."""
    answers: SimpleQueue = SimpleQueue()

    def work() -> None:
        answers.put(hub.post("ada", path, told, **KEY))

    threading.Thread(target=work, daemon=True).start()
    return answers


def wait_until_waiting(postgres: PostgresServer, database: str) -> None:
    end = time.monotonic() + 20
    while not int(postgres.query(database, "SELECT count(*) FROM pg_locks WHERE NOT granted")[0]):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_who_writes_about_an_item_does_not_wait_for_who_changes_it(postgres, tmp_path):
    """A reply indexes its post, which refers to the item, after it has locked the log's head."""
    with small_hub(tmp_path, database=postgres.new_database("about")) as hub:
        hub.post("ada", "/items", RIDES)
        thread = hub.post("ada", "/threads", THREAD).json()["id"]
        changing = "SELECT 1 FROM items FOR NO KEY UPDATE"
        with Served(hub, "postgresql").in_the_way(changing):
            answer = hub.post("bose", f"/threads/{thread}/posts", {"text": "So."})
        assert answer.status_code == 201


def test_a_server_that_is_away_and_comes_back(tmp_path):
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        data = f"--pgdata={server.folder / 'data'}"
        with small_hub(tmp_path, database=server.new_database("hub")) as hub:
            server.run("pg_ctl", "stop", data, "--wait", "--mode=fast")
            assert_refused(hub.post("ada", "/items", RIDES, **KEY))
            options = f"--options=-c listen_addresses= -c fsync=off -k {server.folder}"
            server.run("pg_ctl", "start", data, f"--log={server.folder / 'log'}", "--wait", options)
            assert_nothing_was_done(Served(hub, "postgresql"))


def drivers_own(driver) -> dict[Failure | None, Exception]:
    """Provoke errors of a driver of SQLite, without SQLAlchemy."""
    connection = driver.connect(":memory:")
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL UNIQUE)")
    connection.execute("CREATE TRIGGER no BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'no'); END")
    connection.execute("INSERT INTO t VALUES (1, 'x')")
    found = {}
    for kind, statements in {
        Failure.CONFLICT: ["INSERT INTO t VALUES (1, 'y')", "INSERT INTO t VALUES (2, 'x')"],
        None: ["INSERT INTO t VALUES (2, NULL)", "DELETE FROM t", "SELECT 1 FROM nowhere"],
    }.items():
        for statement in statements:
            with pytest.raises(driver.Error) as caught:
                connection.execute(statement)
            found[statement] = (kind, caught.value)
    return found


@pytest.mark.parametrize("name", ["sqlite3", "sqlcipher3.dbapi2"])
def test_errors_of_the_drivers_themselves_are_known(name):
    driver = pytest.importorskip(name)
    for statement, (kind, error) in drivers_own(driver).items():
        assert failure_of(error) is kind, statement


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("23505", Failure.CONFLICT),
        ("23503", Failure.CONFLICT),
        ("23502", None),
        ("40001", Failure.BUSY),
        ("40P01", Failure.BUSY),
        ("53100", Failure.FULL),
        ("53300", Failure.BUSY),
        ("57P01", Failure.AWAY),
        ("08006", Failure.AWAY),
        ("42P01", None),
        ("P0001", None),
    ],
)
def test_codes_of_postgresql_are_known(code, kind):
    error = psycopg.errors.lookup(code)("words")
    assert failure_of(error) is kind
    assert failure_of(OperationalError("SELECT 1", {}, error)) is kind


def test_mistakes_of_the_hub_stay_mistakes():
    assert failure_of(ValueError()) is None
    assert failure_of(FileNotFoundError(errno.ENOENT, "x")) is None
    assert failure_of(PoolTimeout()) is Failure.BUSY
    assert failure_of(psycopg.OperationalError("the server closed the connection")) is Failure.AWAY
    snapshot = sqlite3.OperationalError("database is locked")
    snapshot.sqlite_errorcode = 517
    assert failure_of(snapshot) is Failure.BUSY
