"""Two requests about the same thing at the same moment, on PostgreSQL, where nobody takes turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import pytest
from conftest import skip_unless_ci
from httpx import Response
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import CARD, SmallHub, small_hub
from sqlalchemy import Connection, Engine, event, select, text

from lepton_hub.catalogue.tables import Version
from lepton_hub.database import open_database, upgrade_database

RIDES = {"space": "engines", "name": "rides", "kind": "dataset", "card": CARD}
PLACE = "/items/engines/rides"
KEY = {"Idempotency-Key": "k"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("There is no PostgreSQL server. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        yield server


class Races:
    """A hub on PostgreSQL, and requests that all arrive before the first one ends."""

    def __init__(self, hub: SmallHub, postgres: PostgresServer, database: str) -> None:
        self.hub, self.postgres, self.database = hub, postgres, database

    def run(self, *asked: Callable[[], Response]) -> list[Response]:
        """Make requests one after the other, each once the one before waits; return the answers."""
        answers: list[SimpleQueue[Response]] = [SimpleQueue() for _ in asked]
        with self._log_is_locked():
            for number, (ask, answer) in enumerate(zip(asked, answers, strict=True)):
                work = threading.Thread(target=lambda a=answer, f=ask: a.put(f()), daemon=True)
                work.start()
                wait_until_waiting(self.postgres, self.database, number + 1)
        return [answer.get(timeout=20) for answer in answers]

    @contextmanager
    def _log_is_locked(self) -> Iterator[None]:
        with self.hub.state.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM audit_head FOR UPDATE"))
            yield
            connection.rollback()


def wait_until_waiting(postgres: PostgresServer, database: str, count: int) -> None:
    """Wait until so many transactions wait for others."""
    waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
    end = time.monotonic() + 30
    while int(postgres.query(database, waiting)[0]) < count:
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.fixture
def races(postgres, tmp_path, request) -> Iterator[Races]:
    name = f"race_{abs(hash(request.node.name))}"
    with small_hub(tmp_path, database=postgres.new_database(name)) as hub:
        yield Races(hub, postgres, name)


def test_of_two_who_change_a_card_the_second_is_told(races):
    hub = races.hub
    hub.post("ada", "/items", RIDES)
    hub.grant("ada", "engines/rides", "person", "bose", "contribute")
    etag = hub.get("ada", f"{PLACE}/card").headers["etag"]

    def change(who: str, title: str) -> Response:
        headers = {"If-Match": etag}
        return hub.ask(who, "PUT", f"{PLACE}/card", json={**CARD, "title": title}, headers=headers)

    answers = races.run(lambda: change("ada", "First"), lambda: change("bose", "Second"))
    assert [answer.status_code for answer in answers] == [200, 412]
    assert hub.get("ada", f"{PLACE}/card").json()["title"] == "First"


def test_a_version_does_not_come_to_an_item_that_is_being_deleted(races):
    hub = races.hub
    hub.post("ada", "/items", RIDES)
    told = {"files": [{"path": "a.csv", "upload": hub.upload("ada", b"a\n1\n")}]}
    deleted, added = races.run(
        lambda: hub.ask("ada", "DELETE", PLACE),
        lambda: hub.post("ada", f"{PLACE}/versions", told),
    )
    assert (deleted.status_code, added.status_code) == (200, 404)
    with hub.state.sessions.begin() as session:
        assert session.scalars(select(Version)).all() == []


def test_the_same_request_sent_twice_at_once_gets_the_same_answer(races):
    hub = races.hub
    first, again = races.run(*[lambda: hub.post("ada", "/items", RIDES, **KEY)] * 2)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert len(hub.log(action="item.make")) == 1


def test_processes_that_start_at_once_upgrade_a_database_once(postgres):
    url = postgres.new_database("upgraded")
    first, second = (open_database(url) for _ in range(2))
    about_to_commit, go_on = threading.Event(), threading.Event()

    def pause(connection: Connection) -> None:
        if not connection.get_execution_options().get("hub_reads"):
            about_to_commit.set()
            go_on.wait(20)

    event.listen(first, "commit", pause)
    problems: SimpleQueue[Exception | None] = SimpleQueue()

    def upgrade(engine: Engine) -> None:
        try:
            upgrade_database(engine)
            problems.put(None)
        except Exception as error:
            problems.put(error)

    threading.Thread(target=upgrade, args=(first,), daemon=True).start()
    assert about_to_commit.wait(60)
    threading.Thread(target=upgrade, args=(second,), daemon=True).start()
    wait_until_waiting(postgres, "upgraded", 1)
    go_on.set()
    assert [problems.get(timeout=60) for _ in range(2)] == [None, None]
    first.dispose()
    second.dispose()
