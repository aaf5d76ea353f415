"""Search and lists while others edit, index and begin; texts of any size. Both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from bounded_waits import join_all
from conftest import skip_unless_ci
from emptied_index import empty_index
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import SmallHub, small_hub
from sqlalchemy import event
from sqlalchemy.orm import sessionmaker

from lepton_hub.identity.oauth import COOKIE
from lepton_hub.search import index_keeping
from lepton_hub.search.index_keeping import keep_index
from lepton_hub.search.word_index import word_index
from lepton_hub.search.word_query import EntryWords, WordQuery

NUMBERS = count()
A_MOMENT = 0.5
"""Seconds in which somebody else may come as far as they can; the test passes if they do not."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def hub(request, tmp_path) -> Iterator[SmallHub]:
    database = f"sqlite:///{tmp_path}/hub.sqlite"
    if request.param == "postgresql":
        database = request.getfixturevalue("server").new_database(f"meanwhile{next(NUMBERS)}")
    with small_hub(tmp_path, database=database) as made:
        for number in range(4):
            made.make("ada", f"engines/i{number}", title="Rain")
        yield made


def find(hub: SmallHub, q: str, **more: object) -> list[str]:
    """Return what is found."""
    answer = hub.get("ada", "/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return [hit["reference"] for hit in answer.json()["hits"]]


def retitle(hub: SmallHub, reference: str, title: str) -> int:
    """Give an item another title; return the status."""
    card = hub.get("ada", f"/items/{reference}/card")
    told = {**card.json(), "title": title}
    headers = {"If-Match": card.headers["etag"]}
    return hub.ask("ada", "PUT", f"/items/{reference}/card", json=told, headers=headers).status_code


def begun(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


# ── Edits ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("q", ["rain", ""])
@pytest.mark.parametrize("path", ["/search", "/pages/search"])
def test_an_edit_in_the_middle_of_a_search_changes_nothing_of_it(hub, q, path):
    """It gives the entry another id, which the search has not seen."""
    statuses: list[int] = []

    def edit(_: object, __: object, statement: str, *___: object) -> None:
        if "JOIN search_texts" in statement and not statuses:
            statuses.append(0)
            join_all([begun(lambda: statuses.append(retitle(hub, "engines/i2", "Snow")))])

    event.listen(hub.state.engine, "before_cursor_execute", edit)
    cookie = hub.state.oauth.fernet.encrypt(b"ada").decode()
    headers = {"Cookie": f"{COOKIE}={cookie}"} if path.startswith("/pages") else {}
    answer = hub.ask("ada", "GET", path, params={"q": q}, headers=headers)
    event.remove(hub.state.engine, "before_cursor_execute", edit)
    assert statuses == [0, 200]
    assert answer.status_code == 200
    assert answer.text.count("engines/i2") > 0
    assert "Snow" not in answer.text
    assert find(hub, "snow") == ["engines/i2"]
    assert hub.log(action="search")[0].detail["query"] == "q=snow"


def test_deletions_in_the_middle_of_a_list_change_nothing_of_it(hub):
    """Else a page is empty, and the last one, where all of it is deleted."""
    statuses: list[int] = []

    def delete() -> None:
        for number in range(2):
            statuses.append(hub.ask("ada", "DELETE", f"/items/engines/i{number}").status_code)

    def meanwhile(_: object, __: object, statement: str, *___: object) -> None:
        if "AS MATERIALIZED" in statement and not statuses:
            join_all([begun(delete)])

    event.listen(hub.state.engine, "after_cursor_execute", meanwhile)
    told = hub.get("ada", "/items", params={"limit": 1}).json()
    event.remove(hub.state.engine, "after_cursor_execute", meanwhile)
    assert statuses == [200, 200]
    assert ([item["reference"] for item in told["items"]], told["total"]) == (["engines/i0"], 4)
    told = hub.get("ada", "/items", params={"cursor": told["next"]}).json()
    assert [item["reference"] for item in told["items"]] == ["engines/i2", "engines/i3"]


@pytest.fixture
def meanwhile(hub, monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Return what has the index filled, and something else done when it has its first entry."""
    index = index_keeping._index_item

    def fill_index(work: Callable[[], object]) -> None:
        others: list[threading.Thread] = []

        def index_and_work(session, number) -> None:
            index(session, number)
            if not others:
                others.append(threading.current_thread())
                others[0] = begun(work)
                others[0].join(A_MOMENT)

        monkeypatch.setattr(index_keeping, "_index_item", index_and_work)
        empty_index(hub.state.engine)
        keep_index(sessionmaker(hub.state.engine))
        join_all(others)

    return fill_index


def test_who_edits_while_a_hub_fills_its_index_loses_nothing(hub, meanwhile):
    statuses: list[int] = []
    meanwhile(lambda: statuses.append(retitle(hub, "engines/i0", "Snow")))
    assert statuses == [200]
    assert find(hub, "snow") == ["engines/i0"]
    assert len(find(hub, "rain")) == 3


def test_who_answers_while_a_hub_fills_its_index_loses_nothing(hub, meanwhile):
    told = {"item": "engines/i0", "kind": "question", "title": "Hail", "text": "When?"}
    thread = hub.post("ada", "/threads", told).json()["id"]
    statuses: list[int] = []
    post = {"text": "Now"}
    meanwhile(
        lambda: statuses.append(hub.post("ada", f"/threads/{thread}/posts", post).status_code)
    )
    assert statuses == [201]
    assert len(find(hub, "hail")) == len(find(hub, "now")) == 1


def test_two_hubs_that_begin_at_once_fill_the_index_once(hub, meanwhile):
    failed: list[Exception] = []

    def begin_as_well() -> None:
        try:
            keep_index(sessionmaker(hub.state.engine))
        except Exception as error:
            failed.append(error)

    meanwhile(begin_as_well)
    assert failed == []
    assert len(find(hub, "rain")) == 4


# ── Sizes ─────────────────────────────────────────────────────────────────────────────────────
def test_a_text_of_any_size_is_indexed(hub):
    """A tsvector has less room than a long text in Korean takes."""
    body = [f"{number:08d}" for number in range(150_000)]
    words = EntryWords(["title"], [], body, [], ["e"])
    with hub.state.sessions.begin() as session:
        index = word_index(session)
        index.put({1: words})
        for word in ("title", "00000000", "00020000"):
            assert index.few(WordQuery(["e"], [word], [])).keys() == {1}, word
