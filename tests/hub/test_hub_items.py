"""Items over HTTP: cards, pages, ETags, idempotency, limits, problems, the audit log."""

from __future__ import annotations

import pytest
from small_hub import CARD, SmallHub, small_hub

from lepton_hub import application
from lepton_hub.api.rate_limit import RateLimiter


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as hub:
        yield hub


def test_an_item_is_made_in_ones_own_space_or_a_teams(hub: SmallHub):
    assert hub.make("ada", "~ada/notes", kind="notebook").status_code == 201
    made = hub.make("ada", "engines/rides", tags=["riders", "city"])
    assert made.headers["location"] == "/items/engines/rides"
    told = made.json()
    assert told["owner"] == "ada"
    assert told["tags"] == ["city", "riders"]
    assert told["newest"] is None
    refused = hub.make("ada", "particles/rides")
    assert refused.status_code == 403
    assert "~ada, engines" in refused.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"space": "../etc"},
        {"space": "~"},
        {"name": "Rides"},
        {"name": "a/b"},
        {"name": ""},
        {"kind": "thing"},
        {"card": {**CARD, "title": ""}},
        {"card": {**CARD, "title": "a\0b"}},
        {"card": {**CARD, "licence": " "}},
        {"card": {**CARD, "tags": ["UPPER"]}},
        {"card": {**CARD, "personal_data": "some"}},
        {"card": {**CARD, "colour": "red"}},
        {"more": 1},
    ],
)
def test_what_does_not_fit_is_refused_in_words(hub: SmallHub, change):
    told = {"space": "engines", "name": "rides", "kind": "dataset", "card": CARD, **change}
    answer = hub.post("ada", "/items", told)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["title"]
    assert problem["status"] == 422
    assert problem["errors"][0]["where"].startswith("body.")


def test_a_list_comes_in_pages_each_item_once(hub: SmallHub):
    for number in range(7):
        hub.make("bose", f"engines/item-{number}")
        hub.make("bose", f"~bose/item-{number}")
    seen, cursor = [], None
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = hub.get("bose", "/items", params=query).json()
        assert page["total"] == 14
        seen += [item["reference"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(seen)
    assert len(set(seen)) == 14
    assert hub.get("ada", "/items").json()["total"] == 7
    for wrong in ("x", "bnVsbA", "WzEsMl0", "WyJhIiwgIlx1MDAwMCJd", "=" * 9, "é"):
        assert hub.get("ada", "/items", params={"cursor": wrong}).status_code == 400, wrong


def test_a_search_finds_words_wherever_they_stand_and_percent_signs_are_no_patterns(hub: SmallHub):
    hub.make("ada", "engines/rides", title="Riders by DAY", tags=["city"])
    hub.make("ada", "engines/growth", title="Growth of 5% a year", kind="model")
    found = {
        query: [
            i["reference"] for i in hub.get("ada", "/items", params={"q": query}).json()["items"]
        ]
        for query in ("day riders", "city", "5%", "%", "_", "riders growth", "")
    }
    rides, growth = "engines/rides", "engines/growth"
    assert found == {
        "day riders": [rides], "city": [rides], "5%": [growth], "%": [growth], "_": [],
        "riders growth": [], "": [growth, rides],
    }  # fmt: skip
    models = hub.get("ada", "/items", params={"kind": "model"}).json()
    assert models["facets"] == {"kind": {"model": 1}, "tag": {}}


def test_a_card_is_changed_by_who_has_read_it_as_it_is(hub: SmallHub):
    hub.make("ada", "engines/rides")
    place = "/items/engines/rides/card"
    read = hub.get("ada", place)
    etag, card = read.headers["etag"], {**CARD, "title": "New", "tags": ["b", "a"]}
    change = {"headers": {"If-Match": etag}, "json": card}
    assert hub.ask("ada", "PUT", place, json=card).status_code == 428
    assert hub.ask("bose", "PUT", place, **change).status_code == 403
    assert hub.ask("curie", "PUT", place, **change).status_code == 404
    changed = hub.ask("ada", "PUT", place, **change)
    assert changed.json()["tags"] == ["a", "b"]
    assert hub.ask("ada", "PUT", place, **change).status_code == 412
    assert hub.get("ada", place, headers={"If-None-Match": etag}).status_code == 200
    same = hub.get("ada", place, headers={"If-None-Match": changed.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert hub.log(action="card.change")[0].detail == {"changed": ["title", "tags"]}


def test_a_request_with_a_key_takes_effect_once(hub: SmallHub):
    told = {"space": "engines", "name": "rides", "kind": "dataset", "card": CARD}
    first = hub.post("ada", "/items", told, **{"Idempotency-Key": "one"})
    again = hub.post("ada", "/items", told, **{"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert len(hub.log(action="item.make")) == 1
    other = hub.post("ada", "/items", {**told, "name": "x"}, **{"Idempotency-Key": "one"})
    assert other.status_code == 422
    theirs = hub.post("bose", "/items", told, **{"Idempotency-Key": "one"})
    assert theirs.status_code == 409, "a key is each person's own"


def test_a_deleted_item_is_gone_and_its_name_leads_nowhere_else(hub: SmallHub):
    hub.make("ada", "engines/rides")
    hub.add("ada", "engines/rides", {"a.csv": b"x\n1\n", "b.csv": b"shared"})
    hub.make("bose", "~bose/copy")
    hub.add("bose", "~bose/copy", {"b.csv": b"shared"})
    hub.grant("ada", "engines/rides", "everybody", "", "read")
    files = hub.get("ada", "/items/engines/rides/versions/1").json()["files"]
    gone, kept = [file["sha256"] for file in files]
    assert hub.ask("bose", "DELETE", "/items/engines/rides").status_code == 403
    deleted = hub.ask("ada", "DELETE", "/items/engines/rides")
    assert deleted.json()["reference"] == "engines/rides"
    assert gone not in hub.state.store
    assert kept in hub.state.store, "another item holds it"
    for path in ("", "/versions", "/versions/1/files/a.csv", "/card", "/grants"):
        assert hub.get("ada", f"/items/engines/rides{path}").status_code == 404
    assert hub.make("bose", "engines/rides").status_code == 409
    assert hub.log(action="content.erase")[0].subject == gone
    assert hub.get("bose", "/items/~bose/copy/versions/1/files/b.csv").content == b"shared"


def test_every_access_and_every_refusal_is_in_the_log(hub: SmallHub):
    hub.make("ada", "engines/rides")
    hub.add("ada", "engines/rides", {"a.csv": b"x\n1\n"})
    hub.get("bose", "/items/engines/rides/versions/newest/files/a.csv")
    hub.get("curie", "/items/engines/rides/versions/newest/files/a.csv")
    hub.get("curie", "/items/engines/nothing")
    told = [(e.actor, e.action, e.subject) for e in hub.log(limit=3)]
    assert told == [
        ("curie", "refused", "engines/nothing"),
        ("curie", "refused", "engines/rides"),
        ("bose", "file.download", "engines/rides@1"),
    ]


def test_nobody_is_let_in_without_a_token_and_a_flood_is_stopped(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.state.limiter = RateLimiter(60, 5, clock=lambda: 0.0)  # however slow the machine is
        stranger = hub.client.get("/me")
        assert stranger.status_code == 401
        assert stranger.headers["www-authenticate"].startswith("Bearer")
        for header in ("token", "token  ", "Basic YTpi", "token mallory", "token \xe9"):
            headers = {"Authorization": header.encode("latin-1")}
            assert hub.client.get("/me", headers=headers).status_code == 401
        answers = [hub.get("ada", "/me") for _ in range(8)]
        assert {answer.status_code for answer in answers[:5]} == {200}
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert hub.get("bose", "/me").status_code == 200, "each person has a limit of their own"


def test_a_large_request_is_refused_before_it_fills_the_memory(hub: SmallHub):
    told = {
        "space": "engines",
        "name": "x",
        "kind": "code",
        "card": {**CARD, "title": "x" * 3_000_000},
    }
    assert hub.post("ada", "/items", told).status_code == 413

    def endless():
        for _ in range(10_000):
            yield b"x" * 1024

    sent = hub.ask("ada", "POST", "/items", content=endless())
    assert sent.status_code == 413
    assert sent.headers["content-type"] == "application/problem+json"


def test_every_answer_is_safe_to_show(hub: SmallHub):
    for path in ("/me", "/nothing", "/docs", "/openapi.json", "/health", "/items"):
        headers = hub.get("ada", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "private, no-cache"


def test_the_description_is_there_without_other_hosts(hub: SmallHub):
    page = hub.client.get("/docs").text
    assert "http://" not in page.replace("http://127.0.0.1", "")
    assert "https://" not in page
    assert "<script" not in page
    described = hub.client.get("/openapi.json").json()
    assert {"/data", "/items", "/uploads/{id}"} <= described["paths"].keys()
    assert all(f'id="{name}"' in page for name in described["components"]["schemas"])


def test_the_description_is_made_once(hub: SmallHub, monkeypatch):
    made = []
    usual = application.documentation_page
    monkeypatch.setattr(
        application, "documentation_page", lambda *told: made.append(1) or usual(*told)
    )
    pages = {hub.client.get("/docs").content for _ in range(3)}
    described = {hub.client.get("/openapi.json").content for _ in range(3)}
    assert (len(pages), len(described), made) == (1, 1, [1])


def test_the_older_clients_get_data_by_name_or_id(hub: SmallHub):
    id_ = hub.make("ada", "engines/rides").json()["id"]
    hub.add("ada", "engines/rides", {"a.csv": b"old"})
    hub.add("ada", "engines/rides", {"a.csv": b"new"})
    for known in ("engines/rides", "hub:engines/rides", id_):
        assert hub.get("ada", "/data", params={"id": known}).content == b"new"
        assert hub.get("curie", "/data", params={"id": known}).status_code == 404
    assert hub.get("ada", "/data", params={"id": "engines/rides@1"}).content == b"old"
    hub.add("ada", "engines/rides", {"a.csv": b"1", "b.csv": b"2"})
    asked = hub.get("ada", "/data", params={"id": "engines/rides"})
    assert (asked.status_code, asked.json()["paths"]) == (400, ["a.csv", "b.csv"])
    answer = hub.get("ada", "/data", params={"id": "engines/rides", "path": "b.csv"})
    assert answer.content == b"2"
    missing = hub.get("curie", "/data", params={"id": "nothing at all"})
    assert missing.content == hub.get("curie", "/data", params={"id": id_}).content
