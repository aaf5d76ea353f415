"""A search does the same work however much there is that somebody may not see."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from conftest import skip_unless_ci
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import ADA, CURIE, GRACE, SmallHub, small_hub
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from lepton_hub.catalogue.tables import ItemTag, SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.knowledge_tables import DiscussionThread, ThreadPost
from lepton_hub.search import (
    SearchEntry,
    SearchFilters,
    SearchTag,
    SearchText,
    count_facets,
    plan_search,
    search,
)
from lepton_hub.search.audiences import audiences_of, readers_of_item
from lepton_hub.search.entry_ids import first_id
from lepton_hub.search.word_forms import words_of
from lepton_hub.search.word_index import word_index
from lepton_hub.search.word_query import EntryWords, fact

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
VISIBLE, HIDDEN = 40, 1000
LOOKS = {
    "a word": SearchFilters(["rain"]),
    "a word that nothing visible has": SearchFilters(["secrets"]),
    "a beginning": SearchFilters(["rai"]),
    "a beginning of hidden words alone": SearchFilters(["secr"]),
    "a phrase": SearchFilters(words_of("rain gauge")),
    "a kind": SearchFilters(["rain"], kind="model"),
    "a tag alone": SearchFilters([], tag="wet"),
    "a team": SearchFilters(["rain"], team="particles"),
    "an owner": SearchFilters([], owner="curie"),
    "everything": SearchFilters([]),
}
NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as running:
        yield running


# ── What there is ─────────────────────────────────────────────────────────────────────────────
def item_row(number: int, person: Person, title: str) -> dict[str, object]:
    """Return the columns of an item that a person's team sees."""
    [team] = person.teams
    moment = BEGINNING + timedelta(seconds=7919 * number % 2003)  # hidden ones among the others
    return {
        "id": number, "space": team, "name": f"i{number}", "team": team, "kind": "model",
        "owner": person.name, "title": title, "description": f"{title}, by day", "category": "",
        "licence": "x", "origin": "x", "intended_use": "", "limits": "", "personal_data": "none",
        "changed_at": moment,
    }  # fmt: skip


def put_hidden(session: Session, rows: list[dict]) -> None:
    """Write items and their entries straight into the tables: one by one they take a minute."""
    session.execute(insert(SharedItem), rows)
    columns = ("kind", "team", "owner", "changed_at")
    entries = [
        {"id": first_id(row["changed_at"]), "key": f"item-{row['id']}", "item_id": row["id"]}
        | {name: row[name] for name in columns}
        for row in rows
    ]
    session.execute(insert(SearchEntry), entries)
    ids = [entry["id"] for entry in entries]
    session.execute(insert(SearchText), [
        {"entry_id": id_, "title": row["title"], "text": row["description"]}
        for id_, row in zip(ids, rows, strict=True)
    ])  # fmt: skip
    session.execute(insert(SearchTag), [{"entry_id": id_, "tag": "wet"} for id_ in ids])
    row = rows[0]
    told = {"kind": row["kind"], "team": row["team"], "owner": row["owner"], "tag": "wet"}
    facts = [fact(*one) for one in told.items()]
    readers = readers_of_item(session, session.get_one(SharedItem, row["id"]))
    texts = (words_of(row["title"]), ["wet"], words_of(row["description"]))
    word_index(session).put(dict.fromkeys(ids, EntryWords(*texts, facts, readers)))


def filled(hub: SmallHub, hidden: int) -> None:
    """Make what ada sees, and as much as is told that she does not."""
    with hub.state.sessions.begin() as session:
        for number in range(1, VISIBLE + 1):
            row = item_row(number, ADA, f"Rain gauge {'big' if number % 2 else 'small'}")
            session.add(SharedItem(**row, tags=[ItemTag(tag="wet")]))
        session.flush()
        thread = {"item_id": 1, "kind": "question", "title": "Rain gauge", "made_by": "ada"}
        session.add(DiscussionThread(id=1, **thread))
        session.flush()
        session.add(ThreadPost(thread_id=1, number=1, text="Rain gauge", made_by="ada"))
        numbers = range(VISIBLE + 1, VISIBLE + hidden + 1)
        if hidden:
            rows = [item_row(number, CURIE, "Rain gauge secrets") for number in numbers]
            put_hidden(session, rows)
    if hub.state.engine.dialect.name == "sqlite":  # FTS5 looks into each part of its index
        with hub.state.engine.begin() as connection:
            connection.execute(text("INSERT INTO search_words (search_words) VALUES ('optimize')"))


def look(session: Session, filters: SearchFilters) -> int:
    """Look for something as the hub's API does, and for the next page; return how much there is."""
    plan = plan_search(session, ADA, filters)
    found = search(plan, 21, None)
    if len(found) > 20:
        assert search(plan, 21, found[19].place)
    return count_facets(plan).total


# ── SQLite ────────────────────────────────────────────────────────────────────────────────────
def steps_of(hub: SmallHub, work: Callable[[Session], object]) -> int:
    """Return how many instructions of SQLite's virtual machine something takes."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    with hub.state.reading.begin() as session:
        driver = session.connection().connection.dbapi_connection
        driver.set_progress_handler(step, 1)
        work(session)
        driver.set_progress_handler(None, 1)
    return steps


@pytest.fixture(scope="module")
def hubs(tmp_path_factory) -> Iterator[list[SmallHub]]:
    """Yield a hub where ada sees all, and one where there is much else."""
    folders = [tmp_path_factory.mktemp("hub") for _ in range(2)]
    with small_hub(folders[0]) as alone, small_hub(folders[1]) as crowded:
        filled(alone, 0)
        filled(crowded, HIDDEN)
        yield [alone, crowded]


@pytest.mark.parametrize("name", LOOKS)
def test_sqlite_takes_as_many_steps_with_hidden_hits(hubs, name):
    """Give or take a few: where a word would stand, FTS5 looks up by where its pages begin."""
    alone, crowded = (steps_of(hub, lambda session: look(session, LOOKS[name])) for hub in hubs)
    assert alone > 100
    assert abs(alone - crowded) < HIDDEN / 10


def test_who_sees_the_rest_finds_it(hubs):
    with hubs[1].state.reading.begin() as session:
        for person in (CURIE, GRACE):
            assert count_facets(plan_search(session, person, SearchFilters(["secrets"]))).total
        assert look(session, SearchFilters(["secrets"])) == 0


@pytest.mark.parametrize("name", LOOKS)
def test_fts5_is_asked_for_words_of_own_audiences_alone(hubs, name):
    asked: list[str] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        assert "search_words_data" not in statement
        if "MATCH" in statement:
            asked.append(str(parameters))

    engine = hubs[1].state.engine
    event.listen(engine, "before_cursor_execute", note)
    with hubs[1].state.reading.begin() as session:
        look(session, LOOKS[name])
    event.remove(engine, "before_cursor_execute", note)
    told = {one for query in asked for one in re.findall(r'"(\w+?)_', query)}
    assert asked
    assert told <= set(audiences_of(ADA))


# ── PostgreSQL ────────────────────────────────────────────────────────────────────────────────
def rows_read(hub: SmallHub, filters: SearchFilters) -> dict[str, int]:
    """Return how many rows of each table of the index a search reads, and of all entries.

    (Of other tables as small as here, PostgreSQL reads all rows rather than look up some.)
    """
    asked: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        if "search_words" in statement:
            asked.append((statement, parameters))

    event.listen(hub.state.engine, "before_cursor_execute", note)
    with hub.state.reading.begin() as session:
        look(session, filters)
        event.remove(hub.state.engine, "before_cursor_execute", note)
        driver = session.connection().connection.cursor()
        rows: Counter[str] = Counter()
        for statement, parameters in asked:
            driver.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
            [[plans]] = driver.fetchall()
            for node in nodes(plans[0]["Plan"]):
                removed = sum(node[name] for name in node if name.startswith("Rows Removed by"))
                rows[node.get("Relation Name", "")] += node["Actual Loops"] * (
                    node["Actual Rows"] + removed
                )
    return {name: rows[name] for name in ("search_words", "search_words_forward", "search_entries")}


def nodes(plan: dict) -> Iterator[dict]:
    """Yield all nodes of a plan."""
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes(one)


@pytest.fixture(scope="module")
def hubs_on_postgres(server, tmp_path_factory) -> Iterator[list[SmallHub]]:
    folders: list[Path] = [tmp_path_factory.mktemp("hub") for _ in range(2)]
    databases = [server.new_database(f"hidden{next(NUMBERS)}") for _ in range(2)]
    with (
        small_hub(folders[0], database=databases[0]) as alone,
        small_hub(folders[1], database=databases[1]) as crowded,
    ):
        filled(alone, 0)
        filled(crowded, HIDDEN)
        for hub in (alone, crowded):
            driver = hub.state.engine.raw_connection()
            driver.dbapi_connection.autocommit = True
            driver.cursor().execute("VACUUM ANALYZE")
            driver.dbapi_connection.autocommit = False
            driver.close()
        yield [alone, crowded]


@pytest.mark.parametrize("name", LOOKS)
def test_postgresql_reads_as_many_rows_with_hidden_hits(hubs_on_postgres, name):
    alone, crowded = (rows_read(hub, LOOKS[name]) for hub in hubs_on_postgres)
    assert alone == crowded
    assert sum(alone.values()) > 0
