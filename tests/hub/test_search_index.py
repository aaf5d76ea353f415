"""The search index: what it finds is what a naive search finds, also after an upgrade."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from conftest import skip_unless_ci
from emptied_index import empty_index
from naive_search import all_entries, fill, naive
from page_visitor import PageVisitor
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import CURIE, PEOPLE, SmallHub, small_hub
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lepton_hub.database import open_database, upgrade_database
from lepton_hub.search import (
    SearchEntry,
    SearchFilters,
    count_facets,
    entry_ids,
    facet_counts,
    fts5_words,
    plan_search,
    search,
    tsvector_words,
)
from lepton_hub.search.index_keeping import keep_index
from lepton_hub.search.word_forms import words_of


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def hub(request, tmp_path_factory) -> Iterator[SmallHub]:
    database = "sqlite://"
    if request.param == "postgresql":
        database = request.getfixturevalue("server").new_database("search")
    with small_hub(tmp_path_factory.mktemp("hub"), database=database) as made:
        with made.state.sessions.begin() as session:
            fill(session, random.Random(5))
        yield made


QUERIES = [
    SearchFilters(words_of(q), **more)
    for q in ("", "rain", "rai", "by", "rain gauge", "day by", "NAIVE ra", "gauge snow by", "zzz")
    for more in ({}, {"kind": "model"}, {"tag": "rain"}, {"tag": "snow day", "team": "engines"},
                 {"owner": "curie"}, {"kind": "question", "owner": "ada"})
]  # fmt: skip


@pytest.mark.parametrize(("few", "many"), [(0, 0), (20, 30), (10**6, 0), (0, 10**6)])
def test_it_finds_what_a_naive_search_finds(hub, monkeypatch, few, many):
    """However the database reads it: all hits, or the latest first."""
    for module in (fts5_words, tsvector_words):
        monkeypatch.setattr(module, "_FEW_HITS", few)
    monkeypatch.setattr(tsvector_words, "_FEW_IN_LABELS", few)
    monkeypatch.setattr(tsvector_words, "_MANY_HITS", max(few, many))
    chance = random.Random(few + many)
    with hub.state.reading.begin() as session:
        everything = all_entries(session)
        for _ in range(40):
            filters = chance.choice(QUERIES)
            person = chance.choice(PEOPLE)
            expected = naive(session, everything, person, filters)
            plan = plan_search(session, person, filters)
            found, page = [], search(plan, 15, None)
            while page:
                found += page
                page = search(plan, 15, page[-1].place)
            assert [(hit.place[0], hit.entry.key) for hit in found] == [
                (rank, known.entry.key) for rank, known in expected
            ], (person, filters)
            counts = count_facets(plan)
            assert (counts.total, counts.complete) == (len(expected), True)
            entries = [known.entry for _, known in expected]
            assert counts.facets == {
                "kind": Counter(entry.kind for entry in entries),
                "tag": Counter(tag for _, known in expected for tag in known.tags),
                "team": Counter(entry.team for entry in entries if entry.team),
                "owner": Counter(entry.owner for entry in entries),
            }


def test_postgresql_makes_no_set_of_all_that_exists_to_check_some(hub):
    """Its planner makes one of an EXISTS, where it thinks that enough is asked about."""
    with hub.state.reading.begin() as session:
        if session.get_bind().dialect.name != "postgresql":
            return
        plan = plan_search(session, CURIE, SearchFilters([]))
        query = select(SearchEntry.id).where(plan._exists)
        shown = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        settings = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")
        for setting in settings:  # so that to look each up seems dear
            session.execute(text(f"SET LOCAL {setting} = off"))
        rows = session.execute(text(f"EXPLAIN {shown}")).scalars().all()
        of_items = [row for row in rows if "Filter:" in row and "SubPlan" in row][0]
        assert "hashed" not in of_items, rows


def test_counts_have_a_bound_and_say_so(hub, monkeypatch):
    whole = hub.get("curie", "/search", params={"q": "rain", "limit": 100}).json()
    assert whole["complete"]
    assert whole["total"] == len(whole["hits"]) > 6
    monkeypatch.setattr(facet_counts, "MOST_COUNTED", 6)
    page = hub.get("curie", "/search", params={"q": "rain", "limit": 100}).json()
    assert page["hits"] == whole["hits"]
    assert (page["total"], page["complete"]) == (6, False)
    with hub.state.reading.begin() as session:
        found = naive(session, all_entries(session), CURIE, SearchFilters(["rain"]))
        latest = sorted(found, key=lambda pair: -pair[1].entry.id)[:6]
        owners = Counter(known.entry.owner for _, known in latest)
    assert page["facets"]["owner"] == owners
    rare = hub.get(
        "curie", "/search", params={"q": "rain", "kind": "model", "tag": "snow day"}
    ).json()
    assert rare["total"] < 6
    assert rare["complete"]


def test_the_page_says_that_there_are_more(tmp_path, monkeypatch):
    with small_hub(tmp_path) as hub:
        for number in range(3):
            hub.make("ada", f"engines/i{number}", title="Rain")
        ada = PageVisitor(hub, "ada")
        assert "3 found" in ada.see("/pages/search?q=rain").text
        monkeypatch.setattr(facet_counts, "MOST_COUNTED", 2)
        shown = ada.see("/pages/search?q=rain").text
        assert "2+ found The counts cover the 2 most recently changed results." in shown
        assert "data set (2+)" in shown


def test_entries_of_one_moment_have_ids_of_their_own(hub, monkeypatch):
    monkeypatch.setattr(entry_ids, "IN_A_MICROSECOND", 2)
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    with hub.state.sessions() as session:
        for number in range(12):
            id_ = entry_ids.free_id(session, moment)
            assert id_ >= entry_ids.first_id(moment)
            entry = SearchEntry(id=id_, key=f"x{number}", kind="model", owner="x")
            entry.changed_at = moment
            session.add(entry)
            session.flush()
        session.rollback()


# ── An upgrade ────────────────────────────────────────────────────────────────────────────────
ITEM = {
    "public_id": "p", "kind": "dataset", "description": "Rain gauges.", "category": "",
    "licence": "x", "origin": "x", "intended_use": "", "limits": "", "personal_data": "none",
    "card_revision": 1,
}  # fmt: skip
TITLES = ("Rain by day", "Snow", "Rain forests")


def write_before(connection, postgres: bool) -> None:
    """Write items and what revision 0006 kept of them for search; two changed at one moment."""

    def put(table: str, **row: object) -> None:
        places = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"), row)

    for number, title in enumerate(TITLES, start=1):
        moment = f"2026-01-0{max(number, 2)} 10:00:00.000000"
        owner, team = ("ada", "engines") if number < 3 else ("dora", None)
        told = {"owner": owner, "team": team, "title": title, "changed_at": moment}
        space = team or f"~{owner}"
        item = {**ITEM, "public_id": f"p{number}", "space": space, "name": f"i{number}"}
        put("items", **item, id=number, created_at=moment, **told)
        put("search_entries", id=number, public_id=f"e{number}", key=f"item-{number}",
            kind="dataset", item_id=number, text=f"Rain gauges.\nx\ni{number}", **told)  # fmt: skip
        put("term_mentions", entry_id=number, term="dropout")
        tags = ["snow day", "rain"] if number == 1 else []
        for tag in tags:
            put("item_tags", item_id=number, tag=tag)
            put("search_tags", entry_id=number, tag=tag)
        words = [words_of(title), words_of(" ".join(tags)), words_of(f"Rain gauges. x i{number}")]
        if postgres:
            vector = " ".join(
                f"'{word}':{10 * place + at + 1}{'ABD'[place]}"
                for place, some in enumerate(words)
                for at, word in enumerate(some)
            )
            connection.execute(
                text("INSERT INTO search_words VALUES (:id, CAST(:words AS tsvector))"),
                {"id": number, "words": vector},
            )
        else:
            columns = dict(zip(("title", "tags", "body"), map(" ".join, words), strict=True))
            put("search_words", rowid=number, **columns)


def facts_known(session: Session, postgres: bool) -> dict[str, set[str]]:
    """Return the facts of each entry that the index holds."""
    facts = "array_to_string(tsvector_to_array(words), ' ')" if postgres else "facts"
    words = f"SELECT entry_id, {facts} FROM search_words_forward"
    keys = dict(session.execute(select(SearchEntry.id, SearchEntry.key)).tuples().all())
    return {
        keys[id_]: {word.lower() for word in some.split() if word.startswith("_")}
        for id_, some in session.execute(text(words))
    }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_indexed_before_an_upgrade_is_found_after_it(request, tmp_path, kind):
    database = f"sqlite:///{tmp_path}/hub.sqlite"
    if kind == "postgresql":
        database = request.getfixturevalue("server").new_database("upgraded")
    engine = open_database(database)
    upgrade_database(engine, "0006")
    with engine.begin() as connection:
        write_before(connection, kind == "postgresql")
    upgrade_database(engine, "0007")
    with engine.connect() as connection:
        mentions = "SELECT count(*) FROM term_mentions JOIN search_texts USING (entry_id)"
        assert connection.execute(text(mentions)).scalar() == 3
    engine.dispose()
    with small_hub(tmp_path, database=database) as hub:
        with hub.state.sessions.begin() as session:
            upgraded = facts_known(session, kind == "postgresql")
            assert len(upgraded) == 3
            assert {len(facts) for facts in upgraded.values()} == {3, 4, 6}
        answers = looks(hub)
        assert [len(page["hits"]) for page in answers] == [2, 1, 2, 2, 0]
        assert answers[0]["hits"][0]["title"] == "<mark>Rain</mark> by day"
        empty_index(hub.state.engine)
        keep_index(hub.state.sessions)
        assert looks(hub) == answers
        with hub.state.sessions.begin() as session:
            assert facts_known(session, kind == "postgresql") == upgraded


def looks(hub: SmallHub) -> list[dict]:
    queries = ({"q": "rain"}, {"q": "rain", "tag": "snow day"}, {"q": "snow"}, {"team": "engines"},
               {"q": "forests"})  # fmt: skip
    pages = [hub.get("ada", "/search", params=query).json() for query in queries]
    for page in pages:  # the order of what changed at one moment is drawn anew
        page["hits"].sort(key=lambda hit: hit["reference"])
    return pages
