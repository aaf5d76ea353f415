"""The hub's databases: tables and migrations agree, on SQLite, SQLCipher and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from conftest import skip_unless_ci
from page_visitor import PageVisitor
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import CARD, small_hub
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError as DriverError

from lepton_hub.audit import verify
from lepton_hub.database import Base, open_database, upgrade_database
from lepton_hub.database.engine import DatabaseError
from lepton_hub.search.word_index import managed_by_alembic

SAME = {"name": "same", "kind": "code", "card": CARD}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        yield server


def differences(engine) -> list:
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": managed_by_alembic}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, Base.metadata)


def test_tables_and_migrations_agree_on_sqlite(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/new/hub.sqlite")
    upgrade_database(engine)
    upgrade_database(engine)
    assert differences(engine) == []
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def share_and_look(hub) -> None:
    """Go once through what needs the database."""
    hub.make("ada", "engines/rides", title="Zähler 😀", tags=["b", "a"])
    assert hub.add("ada", "engines/rides", {"a.csv": b"1"}).status_code == 201
    assert hub.grant("ada", "engines/rides", "organisation", "quantum", "read").status_code == 200
    hub.make("curie", "~curie/x")
    made = hub.add("curie", "~curie/x", {"x": b"2"}, made_from=["engines/rides@1"])
    assert made.json()["made_from"] == ["engines/rides@1"]
    page = hub.get("curie", "/items", params={"limit": 1, "q": ""}).json()
    assert page["total"] == 2
    rest = hub.get("curie", "/items", params={"limit": 1, "cursor": page["next"]}).json()
    assert {page["items"][0]["reference"], rest["items"][0]["reference"]} == {
        "engines/rides", "~curie/x",
    }  # fmt: skip
    assert hub.get("curie", "/items", params={"tag": "a"}).json()["total"] == 1
    assert hub.get("curie", "/items/engines/rides").json()["title"] == "Zähler 😀"
    asked = hub.post("dora", "/requests", {"item": "engines/rides"}).json()
    path = f"/items/engines/rides/requests/{asked['id']}"
    assert hub.post("ada", path, {"granted": True}).status_code == 200
    link = hub.post("ada", "/items/engines/rides/links", {}).json()
    assert hub.get("dora", link["path"]).status_code == 200
    taken = hub.make("bose", "engines/rides")
    assert taken.status_code == 409
    assert hub.ask("ada", "DELETE", "/items/engines/rides").status_code == 200
    hub.state.tidy()
    with hub.state.sessions.begin() as session:
        assert verify(session).whole


def test_everything_works_on_postgresql(tmp_path, postgres):
    url = postgres.new_database("hub")
    with small_hub(tmp_path, database=url) as hub:
        assert differences(hub.state.engine) == []
        share_and_look(hub)
        with hub.state.engine.connect() as connection:
            for setting, value in (("jit", "off"), ("max_parallel_workers_per_gather", "0")):
                assert connection.execute(text(f"SHOW {setting}")).scalar() == value


def test_the_pages_work_on_postgresql(tmp_path, postgres):
    with small_hub(tmp_path, database=postgres.new_database("pages")) as hub:
        hub.make("ada", "engines/riders", tags=["transport"])
        hub.add("ada", "engines/riders", {"a.csv": b"a,b\n1,2\n"})
        hub.post("dora", "/requests", {"item": "engines/riders"})
        told = {"item": "engines/riders", "title": "Why?", "text": "Why?", "kind": "question"}
        hub.post("ada", "/threads", told)
        ada = PageVisitor(hub, "ada")
        assert "dora asks to read" in ada.see("/pages/").text
        assert "1 item" in ada.see("/pages/items?tag=transport").text
        assert "1 found" in ada.see("/pages/search?q=riders").text
        assert "Colleagues active here ada" in ada.see("/pages/team").text
        for below in ("", "/card", "/sharing", "/versions/new", "/file?path=a.csv", "/delete"):
            ada.see(f"/pages/items/engines/riders{below}")
        ada.see("/pages/requests")
        grace = PageVisitor(hub, "grace")
        grace.after(grace.send("/pages/administration/log/check"))
        assert "The audit log is intact" in grace.see("/pages/administration").text
        assert "audit.verify" in grace.see("/pages/administration/log").text


def share_all_at_once(hub) -> None:
    """Six people add versions to one item, ask and grant, all at the same time."""
    hub.make("ada", "engines/rides")
    hub.grant("ada", "engines/rides", "everybody", "", "manage")

    def work(number: int) -> list[int]:
        who = ("ada", "bose", "curie")[number % 3]
        same = hub.post(who, "/items", {**SAME, "space": f"~{who}"}, **{"Idempotency-Key": "one"})
        added = hub.add(who, "engines/rides", {"a.csv": f"{number}".encode()})
        told = {"item": "engines/rides", "role": "read"}
        asked = hub.post(who, "/requests", told)
        given = hub.grant(who, "engines/rides", "team", f"team-{number}", "read")
        seen = hub.get(who, "/items/engines/rides/versions")
        return [answer.status_code for answer in (same, added, asked, given, seen)]

    with ThreadPoolExecutor(6) as pool:
        for same, added, asked, given, seen in pool.map(work, range(12)):
            assert same in (201, 409)
            assert added == 201
            assert (asked, given, seen) == (202, 200, 200)
    told = hub.get("ada", "/items/engines/rides/versions").json()
    numbers = [version["number"] for version in told["versions"]]
    assert numbers == list(range(len(numbers), 0, -1))
    assert len(hub.log(action="item.make")) == 4
    with hub.state.sessions.begin() as session:
        assert verify(session).whole


def test_many_at_once_lose_nothing(tmp_path, postgres):
    for url in (f"sqlite:///{tmp_path}/hub.sqlite", postgres.new_database("many")):
        with small_hub(tmp_path, database=url) as hub:
            share_all_at_once(hub)


def test_a_database_with_a_key_opens_with_that_key_alone(tmp_path):
    pytest.importorskip("sqlcipher3")
    file, key = tmp_path / "hub.sqlite", tmp_path / "database-key"
    with small_hub(tmp_path, database=f"sqlite:///{file}", database_key_file=key) as hub:
        share_and_look(hub)
    assert key.stat().st_mode & 0o077 == 0
    for left in tmp_path.glob("hub.sqlite*"):
        assert b"SQLite format" not in left.read_bytes()[:32]
        assert b"engines" not in left.read_bytes()
    for wrong in (None, "another"):
        with pytest.raises((DatabaseError, DriverError), match="not a database|does not open"):
            open_database(f"sqlite:///{file}", wrong).connect()


def test_a_sqlite_without_encryption_in_sqlciphers_place_is_refused(tmp_path):
    pytest.importorskip("sqlcipher3")
    code = (
        "import tensorflow\n"
        "from lepton_hub.database import open_database\n"
        f"open_database('sqlite:///{tmp_path}/hub.sqlite', 'k').connect()\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "SQLite library loaded here lacks encryption" in done.stderr
    assert not [file for file in tmp_path.iterdir() if file.stat().st_size]


@pytest.mark.parametrize(
    ("url", "key", "words"),
    [
        ("mysql://x/y", None, "SQLite or PostgreSQL"),
        ("postgresql+psycopg://x/y", "k", "only with SQLite"),
    ],
)
def test_other_databases_are_refused_in_words(url, key, words):
    with pytest.raises(DatabaseError, match=words):
        open_database(url, key)
