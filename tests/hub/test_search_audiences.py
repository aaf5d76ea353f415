"""Whoever may see something finds it from then on, and nobody else: whatever changes who may."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from conftest import skip_unless_ci
from naive_search import all_entries, fill, naive
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import ADA, BOSE, CURIE, DORA, GRACE, PEOPLE, SmallHub, small_hub
from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import delete_item
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import erase_threads
from lepton_hub.knowledge.knowledge_tables import DiscussionThread, ThreadPost
from lepton_hub.permissions import Grant, Role, Subject
from lepton_hub.permissions.grants import give_role
from lepton_hub.search import (
    SearchFilters,
    count_facets,
    fts5_words,
    index_keeping,
    plan_search,
    search,
)
from lepton_hub.search.audiences import (
    ADMINISTRATORS,
    EVERYBODY,
    audience,
    audiences_of,
)
from lepton_hub.search.word_index import word_index
from lepton_hub.search.word_query import EntryWords, WordQuery

SUBJECTS = [
    (Subject.EVERYBODY, ""),
    (Subject.ORGANISATION, "quantum"),
    (Subject.ORGANISATION, "analytical"),
    (Subject.TEAM, "particles"),
    (Subject.PERSON, "dora"),
    (Subject.PERSON, "curie"),
]
LOOKS = [
    SearchFilters([]),
    SearchFilters(["rain"]),
    SearchFilters(["gau"]),
    SearchFilters(["by", "day"]),
    SearchFilters(["rain"], team="engines"),
    SearchFilters([], owner="ada"),
]


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
        database = request.getfixturevalue("server").new_database("audiences")
    with small_hub(tmp_path_factory.mktemp("hub"), database=database) as made:
        with made.state.sessions.begin() as session:
            fill(session, random.Random(7))
        yield made


# ── Changes of who may see something ──────────────────────────────────────────────────────────
def some_item(session: Session, chance: random.Random) -> SharedItem:
    there = select(SharedItem).where(SharedItem.deleted_at.is_(None)).order_by(SharedItem.id)
    return chance.choice(session.scalars(there).all())


def some_thread(session: Session, chance: random.Random) -> DiscussionThread:
    thread = DiscussionThread
    there = select(thread).where(thread.deleted_at.is_(None)).order_by(thread.id)
    return chance.choice(session.scalars(there).all())


def give(session: Session, chance: random.Random) -> None:
    give_role(session, some_item(session, chance), ADA, *chance.choice(SUBJECTS), Role.READ)


def take(session: Session, chance: random.Random) -> None:
    held = session.scalars(select(Grant).order_by(Grant.id)).all()
    if held:
        session.delete(chance.choice(held))


def hand_over(session: Session, chance: random.Random) -> None:
    some_item(session, chance).owner = chance.choice(["ada", "bose", "curie", "dora"])


def move(session: Session, chance: random.Random) -> None:
    some_item(session, chance).team = chance.choice([None, "engines", "particles"])


def address(session: Session, chance: random.Random) -> None:
    thread = some_thread(session, chance)
    if thread.item_id is None:
        told = chance.choice([("everybody", ""), ("team", "particles"), ("team", "engines")])
        thread.audience, thread.audience_name = told
    else:
        thread.item_id = some_item(session, chance).id


def say(session: Session, chance: random.Random) -> None:
    thread = some_thread(session, chance)
    made = {"number": chance.randrange(10**6, 10**9), "made_by": "bose", "text": "rain by day"}
    session.add(ThreadPost(thread_id=thread.id, **made))


def delete(session: Session, chance: random.Random) -> None:
    if chance.random() < 0.5:
        delete_item(session, some_item(session, chance), "ada")
    else:
        erase_threads(session, [some_thread(session, chance)])


CHANGES = [give, give, give, take, take, hand_over, move, address, address, say, delete]


def found_by(session: Session, person: Person, filters: SearchFilters) -> list[str]:
    plan = plan_search(session, person, filters)
    keys = [hit.entry.key for hit in search(plan, 1000, None)]
    assert count_facets(plan).total == len(keys)
    return keys


@pytest.mark.parametrize("seed", range(3))
def test_after_any_changes_it_finds_what_is_visible(hub, seed):
    chance = random.Random(seed)
    for _ in range(6):
        with hub.state.sessions.begin() as session:
            for change in chance.choices(CHANGES, k=4):
                change(session, chance)
        with hub.state.reading.begin() as session:
            everything = all_entries(session)
            for person in PEOPLE:
                filters = chance.choice(LOOKS)
                expected = [known.entry.key for _, known in naive(
                    session, everything, person, filters
                )]  # fmt: skip
                assert found_by(session, person, filters) == expected, (person, filters)


def test_who_may_no_longer_see_something_reads_no_hit_of_it(hub):
    """The index tells it, not only what looks at its hits."""
    with hub.state.sessions.begin() as session:
        item = SharedItem(
            id=1000, space="engines", name="told", team="engines", kind="model", owner="ada",
            title="zebra", description="", category="", licence="x", origin="x", intended_use="",
            limits="", personal_data="none",
        )  # fmt: skip
        session.add(item)
        session.flush()
        for number in range(2):
            thread = DiscussionThread(
                id=1000 + number, item_id=item.id, kind="question", title="", made_by="ada"
            )
            session.add(thread)
            session.flush()
            session.add(ThreadPost(thread_id=thread.id, number=1, text="zebra", made_by="ada"))
        give_role(session, item, ADA, Subject.PERSON, "dora", Role.READ)
    assert [hits_of(hub, person) for person in (ADA, DORA, CURIE, GRACE)] == [3, 3, 0, 3]
    with hub.state.sessions.begin() as session:
        session.delete(session.scalars(select(Grant).where(Grant.item_id == item.id)).one())
        session.get_one(SharedItem, item.id).team = "particles"
    assert [hits_of(hub, person) for person in (ADA, BOSE, DORA, CURIE)] == [3, 3, 0, 3]
    with hub.state.sessions.begin() as session:
        item = session.get_one(SharedItem, item.id)
        give_role(session, item, ADA, Subject.EVERYBODY, "", Role.READ)
    assert [hits_of(hub, person) for person in PEOPLE] == [3] * len(PEOPLE)


def hits_of(hub: SmallHub, person: Person) -> int:
    """Return how many hits the index has for a person, whether they may see them or not."""
    with hub.state.reading.begin() as session:
        query = WordQuery(audiences_of(person), ["zebra"], [])
        return len(word_index(session).few(query) or ())


# ── Names ─────────────────────────────────────────────────────────────────────────────────────
def test_audiences_are_told_apart():
    names = ["ada", "Ada", "a.da", "ada@x", "e", "x", ""]
    kinds = ("person", "team", "organisation")
    tokens = {audience(kind, name) for kind in kinds for name in names}
    assert len(tokens) == len(kinds) * len(names)
    assert not tokens & {EVERYBODY, ADMINISTRATORS}
    assert all(token.isalnum() and token.islower() for token in tokens)


def test_somebody_in_many_teams_finds_what_each_of_them_has(hub):
    """A statement has at most 65,535 parameters in PostgreSQL, 32,766 in SQLite."""
    teams = [f"team{number}" for number in range(500)]
    person = Person("eve", frozenset(teams))
    with hub.state.sessions() as session:
        item = SharedItem(
            id=2000, space=teams[-1], name="quagga", team=teams[-1], kind="model", owner="ada",
            title="quagga", description="", category="", licence="x", origin="x", intended_use="",
            limits="", personal_data="none",
        )  # fmt: skip
        session.add(item)
        session.commit()
        for filters in (SearchFilters(["quagga"]), SearchFilters([]), SearchFilters([], "model")):
            assert "item-2000" in found_by(session, person, filters)
        delete_item(session, item, "ada")
        session.commit()


def test_a_text_with_many_readers_is_written_a_little_at_a_time(hub, monkeypatch):
    monkeypatch.setattr(fts5_words, "_WORDS_AT_ONCE", 1)
    teams = [audience("team", str(number)) for number in range(6)]
    changes = [teams[:4], teams[2:], teams[:1], [], teams, [EVERYBODY, *teams], teams[:2], []]
    with hub.state.sessions() as session:
        index = word_index(session)

        def found_by() -> list[str]:
            look = {one: WordQuery([one], ["okapi", "eats"], []) for one in (*teams, EVERYBODY)}
            return [one for one, query in look.items() if index.few(query)]

        for _ in range(2):
            index.put({1: EntryWords(["okapi", "eats"], [], ["leaves"], [], teams[:3])})
            assert found_by() == teams[:3]
            for readers in changes:
                index.readdress([1], readers)
                expected = [EVERYBODY] if EVERYBODY in readers else readers
                assert set(expected) <= set(found_by()) <= set(readers)
        index.remove([1])
        assert found_by() == []
        session.rollback()


def test_of_a_long_text_with_many_readers_the_first_words_are_found(tmp_path, monkeypatch):
    """However many read it, an edit writes so many words and no more."""
    monkeypatch.setattr(index_keeping, "_MOST_WRITTEN", 90)
    with small_hub(tmp_path) as hub:
        text = " ".join(f"word{number:03}" for number in range(40))
        told = {"space": "~ada", "name": "long", "title": "Long", "text": text}
        assert hub.post("ada", "/documents", told).status_code == 201

        def last_found(who: str) -> int:
            q = [
                number
                for number in range(40)
                if hub.get(who, "/search", params={"q": f"word{number:03}"}).json()["total"]
            ]
            assert q == list(range(len(q)))
            return len(q)

        assert last_found("ada") == 40
        for number in range(7):
            hub.grant("ada", "~ada/long", "person", f"reader{number}", "read")
        assert last_found("ada") == 40
        etag = hub.get("ada", "/documents/~ada/long").headers["etag"]
        edit = hub.ask(
            "ada",
            "PUT",
            "/documents/~ada/long",
            json={"text": f"{text} end"},
            headers={"If-Match": etag},
        )
        assert edit.status_code == 200, edit.text
        assert [last_found(who) for who in ("ada", "grace")] == [10, 10]


# ── What is found of an item ──────────────────────────────────────────────────────────────────
def test_names_of_files_and_notes_of_versions_are_found(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.make("ada", "engines/rides")
        hub.add("ada", "engines/rides", {"raw/pelican_2024.csv": b"1"}, note="Without ostriches.")
        hub.add("ada", "engines/rides", {"heron.csv": b"2"}, note="With storks.")
        told = {"space": "engines", "name": "guide", "title": "Guide", "text": "How."}
        hub.post("ada", "/documents", told)
        path = "/documents/engines/guide/attachments"
        upload = {"name": "flamingo.png", "upload": hub.upload("ada", b"png")}
        assert hub.post("ada", path, upload).status_code == 201

        def found(who: str, q: str) -> list[str]:
            hits = hub.get(who, "/search", params={"q": q}).json()["hits"]
            return [hit["reference"] for hit in hits]

        for q in ("heron", "ostriches", "storks"):
            assert (found("ada", q), found("curie", q)) == (["engines/rides"], []), q
        assert found("ada", "pelican") == []  # the newest version has no such file
        assert (found("ada", "flamingo"), found("curie", "flamingo")) == (["engines/guide"], [])
        assert hub.ask("ada", "DELETE", f"{path}/flamingo.png").is_success
        assert found("ada", "flamingo") == []
