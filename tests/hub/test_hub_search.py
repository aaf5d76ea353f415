"""Search: ranking, facets, highlights, pages; the same on SQLite and PostgreSQL; nothing leaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import skip_unless_ci
from emptied_index import empty_index
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres import postgres_programs, postgres_server
from small_hub import SmallHub, small_hub

from lepton_hub.search.highlights import excerpt, marked
from lepton_hub.search.index_keeping import keep_index
from lepton_hub.search.word_forms import words_of


def fill(hub: SmallHub) -> None:
    for number, title in enumerate(("Rain by day", "Snow by day", "Rain forests")):
        hub.make(
            "ada", f"engines/weather-{number}", title=title, tags=["weather", f"t{number}"],
            description="Counts of <b>naïve</b> rain gauges. 雨", category="climate",
        )  # fmt: skip
    columns = [{"name": "millimetres_fallen", "type": "number"}]
    hub.add("ada", "engines/weather-0", {"a.csv": b"1"}, columns=columns)
    hub.make("curie", "particles/hidden", kind="model", title="Rain secrets", tags=["rain", "t0"])
    hub.post(
        "curie",
        "/documents",
        {"space": "particles", "name": "plan", "title": "Plan", "text": "secret rain " * 50},
    )
    hub.post(
        "ada",
        "/documents",
        {
            "space": "engines",
            "name": "note",
            "title": "Gauges",
            "tags": ["rain"],
            "text": "# How\n\nThe rain gauge, by day. It’s empty.",
        },
    )
    made = hub.post(
        "bose",
        "/threads",
        {
            "item": "engines/note",
            "kind": "question",
            "title": "Which gauge?",
            "tags": ["t0"],
            "text": "Which rain gauge is empty?",
        },
    ).json()
    hub.post("ada", f"/threads/{made['id']}/posts", {"text": "The rain one"})
    hub.post(
        "bose",
        "/threads",
        {
            "section": "02_data/lesson.ipynb",
            "audience": "team:particles",
            "title": "Rain here",
            "text": "rain",
        },
    )


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory) -> Iterator[SmallHub]:
    with small_hub(tmp_path_factory.mktemp("hub")) as hub:
        fill(hub)
        yield hub


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory) -> Iterator[SmallHub]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        folder = tmp_path_factory.mktemp("hub")
        with small_hub(folder, database=server.new_database("search")) as hub:
            fill(hub)
            yield hub


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def hub(request) -> SmallHub:
    return request.getfixturevalue(request.param)


def look(hub: SmallHub, who: str, q: str = "", **more: object) -> dict:
    answer = hub.get(who, "/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def titles(page: dict) -> list[str]:
    plain = (hit["title"].replace("<mark>", "").replace("</mark>", "") for hit in page["hits"])
    return list(plain)


def test_titles_come_first_then_tags_then_phrases_then_the_rest(hub):
    found = look(hub, "ada", "rain")
    assert found["total"] == len(found["hits"]) == 6
    assert titles(found)[:2] == ["Rain by day", "Rain forests"]  # it changed last
    assert titles(found)[2] == "Gauges"  # by its tag
    assert titles(look(hub, "ada", "rain gauge"))[:1] == ["Gauges"]  # its title has one of them
    assert titles(look(hub, "ada", "day by"))[-1] == "Gauges"


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("naive FORESTS", ["Rain forests"]),
        ("NAÏVE snow", ["Snow by day"]),
        ("millimetres", ["Rain by day"]),
        ("millimetres_fal", ["Rain by day"]),
        ("weather-1", ["Snow by day"]),
        ("gau which", ["Which gauge?"]),
        ("which gau", ["Which gauge?"]),
        ("it's", ["Gauges"]),
        ("climate 雨 snow", ["Snow by day"]),
        ("nothing of it", []),
        ('"rain forests" OR snow', []),
        ("title : rain", []),
        ("rain* ^forests", ["Rain forests"]),
        ("forests'); DROP TABLE items; --", []),
        ("forests & !rain | (", ["Rain forests"]),
    ],
)
def test_words_are_words_whatever_else_is_written(hub, q, expected):
    found = titles(look(hub, "ada", q))
    assert found == expected or (q == "gau which" and found == [])


def test_facets_count_what_is_found(hub):
    found = look(hub, "ada", "rain")
    assert found["facets"] == {
        "kind": {"dataset": 3, "question": 2, "document": 1},
        "tag": {"weather": 3, "t0": 2, "rain": 1, "t1": 1, "t2": 1},
        "team": {"engines": 6},
        "owner": {"ada": 5, "bose": 1},
    }
    assert list(found["facets"]["tag"]) == ["weather", "t0", "rain", "t1", "t2"]
    for query, total in (
        ({"kind": "question"}, 2), ({"tag": "t0"}, 2), ({"team": "engines"}, 6),
        ({"owner": "bose"}, 1), ({"kind": "model"}, 0), ({"team": "particles"}, 0),
    ):  # fmt: skip
        narrowed = look(hub, "ada", "rain", **query)
        assert narrowed["total"] == len(narrowed["hits"]) == total, query
        assert sum(narrowed["facets"]["kind"].values()) == total


def test_what_was_looked_for_is_marked_and_safe(hub):
    hit = next(h for h in look(hub, "ada", "naive")["hits"] if "Snow" in h["title"])
    assert "&lt;b&gt;<mark>naïve</mark>&lt;/b&gt;" in hit["excerpt"]
    post = look(hub, "ada", "which")["hits"][0]
    assert post["title"] == "<mark>Which</mark> gauge?"
    assert post["reference"] == "engines/note"
    assert hub.get("ada", f"/posts/{post['post']}").json()["thread"] == post["thread"]


@pytest.mark.parametrize("q", ["rain", ""])
def test_pages_hold_everything_once(hub, q):
    whole = look(hub, "ada", q, limit=100)["hits"]
    found = []
    cursor = {}
    while cursor is not None:
        page = look(hub, "ada", q, limit=2, **cursor)
        assert page["total"] == len(whole)
        found += page["hits"]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert found == whole
    dates = [hit["changed_at"] for hit in look(hub, "ada")["hits"]]
    assert dates == sorted(dates, reverse=True)


def test_what_somebody_may_not_see_changes_nothing_that_they_see(hub):
    """The answer is byte for byte that of a time before others wrote of the same words."""
    queries = [{"q": q} for q in ("rain", "rain gauge", "secret", "rain da", "")]
    queries += [
        {"q": "rain", **more} for more in ({"tag": "t0"}, {"team": "particles"}, {"limit": 2})
    ]
    before = [hub.get("ada", "/search", params=query) for query in queries]
    made = []
    for number in range(5):
        reference = f"particles/more-{number}"
        hub.make("curie", reference, title="Rain gauge secrets", tags=["t0", "rain"])
        made.append(reference)
    hub.post(
        "curie",
        "/documents",
        {"space": "particles", "name": "long", "title": "Rain", "text": "rain gauge secret " * 500},
    )
    thread = hub.post(
        "curie",
        "/threads",
        {"item": made[0], "title": "Rain", "text": "rain secret", "tags": ["t0"]},
    ).json()
    after = [hub.get("ada", "/search", params=query) for query in queries]
    assert [one.content for one in after] == [one.content for one in before]
    assert [one.headers for one in after] == [one.headers for one in before]
    assert look(hub, "ada", "secret")["total"] == 0
    assert look(hub, "curie", "secret")["total"] >= 8
    for reference in [*made, "particles/long"]:
        hub.ask("curie", "DELETE", f"/items/{reference}")
    assert hub.get("curie", f"/threads/{thread['id']}").status_code == 404
    assert not any("long" in hit["reference"] for hit in look(hub, "curie", "rain")["hits"])


def test_what_changes_is_found_anew_and_only_there(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.make("ada", "engines/a", title="Apple", tags=["fruit"])
        card = hub.get("ada", "/items/engines/a/card")
        told = {**card.json(), "title": "Pear", "tags": ["tree"]}
        headers = {"If-Match": card.headers["etag"]}
        hub.ask("ada", "PUT", "/items/engines/a/card", json=told, headers=headers)
        assert [look(hub, "ada", q)["total"] for q in ("apple", "fruit", "pear", "tree")] == [
            0, 0, 1, 1,
        ]  # fmt: skip
        made = hub.post("ada", "/threads", {"item": "engines/a", "title": "T", "text": "old"})
        post = made.json()["first"]["id"]
        etag = hub.get("ada", f"/posts/{post}").headers["etag"]
        change = {"json": {"text": "new"}, "headers": {"If-Match": etag}}
        hub.ask("ada", "PUT", f"/posts/{post}", **change)
        assert [look(hub, "ada", q)["total"] for q in ("old", "new")] == [0, 1]
        failed = hub.post(
            "ada",
            "/documents",
            {"space": "engines", "name": "a", "title": "Never", "text": "never"},
        )
        assert failed.status_code == 409
        assert look(hub, "ada", "never")["total"] == 0
        hub.ask("ada", "DELETE", f"/posts/{post}")
        assert look(hub, "ada", "new")["total"] == 0


def test_an_index_that_lacks_something_is_completed(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.make("ada", "engines/a", title="Apple")
        hub.post("ada", "/threads", {"item": "engines/a", "title": "T", "text": "core"})
        empty_index(hub.state.engine)
        assert look(hub, "ada", "apple")["total"] == 0
        keep_index(hub.state.sessions)
        assert [look(hub, "ada", q)["total"] for q in ("apple", "core")] == [1, 1]


@pytest.mark.parametrize("q", ["!!!", "a b c d e f g h i", "x" * 201])
def test_what_cannot_be_looked_for_is_refused(on_sqlite, q):
    assert on_sqlite.get("ada", "/search", params={"q": q}).status_code == 422


@pytest.mark.parametrize(
    "cursor", ["x", "WzFd", "WzAsICJ4IiwgInkiXQ", "WzAsICJ4Il0", "WzAsICItMSJd"]
)
def test_a_made_up_cursor_is_refused(on_sqlite, cursor):
    assert on_sqlite.get("ada", "/search", params={"cursor": cursor}).status_code == 400


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_looked_for(on_sqlite, on_postgres, q):
    statuses = {
        hub.get("ada", "/search", params={"q": q}).status_code for hub in (on_sqlite, on_postgres)
    }
    assert len(statuses) == 1
    assert statuses <= {200, 422}


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_marks_add_nothing_but_marks(text, words):
    wanted = words_of(" ".join(words))
    html = marked(text, wanted)
    bare = html.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert "<mark" not in excerpt(text, []) or "<mark>" not in text
    assert excerpt(text, wanted).replace("<mark>", "").replace("</mark>", "").count("<") == 0


def test_an_excerpt_is_where_the_words_are():
    text = "nothing " * 300 + "the Word stands " + "nothing " * 300
    found = excerpt(text, ["word"])
    assert "<mark>Word</mark> stands" in found
    assert found.startswith("… ")
    assert found.endswith(" …")
    assert len(found) < 300
    assert excerpt("x" * 50_000, ["y"]).count("x") == 240
