"""Discussions and questions: who sees them, what is kept, one accepted answer."""

from __future__ import annotations

import pytest
from small_hub import small_hub

SECTION = "02_data_pipelines/lesson.ipynb#Leakage"


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as made:
        made.make("ada", "engines/rides")
        yield made


def begin(hub, who: str, **told: object):
    usual = {"item": "engines/rides", "title": "Rides", "text": "Why so many?"}
    if "section" in told:
        usual.pop("item")
    return hub.post(who, "/threads", {**usual, **told})


def say(hub, who: str, thread: str, text: str = "Because"):
    return hub.post(who, f"/threads/{thread}/posts", {"text": text})


def test_whoever_sees_an_item_talks_about_it(hub):
    thread = begin(hub, "bose", tags=["b", "a", "a"]).json()
    assert (thread["item"], thread["tags"], thread["kind"]) == (
        "engines/rides", ["a", "b"], "discussion",
    )  # fmt: skip
    for number in range(4):
        assert say(hub, "ada", thread["id"], f"{number}").status_code == 201
    path = f"/threads/{thread['id']}/posts"
    first = hub.get("bose", path, params={"limit": 3}).json()
    rest = hub.get("bose", path, params={"limit": 3, "cursor": first["next"]}).json()
    texts = [post["text"] for post in first["posts"] + rest["posts"]]
    assert texts == ["Why so many?", "0", "1", "2", "3"]
    assert (first["total"], rest["next"]) == (5, None)
    assert begin(hub, "curie").status_code == 404
    assert say(hub, "curie", thread["id"]).status_code == 404
    hub.grant("ada", "engines/rides", "organisation", "quantum", "read")
    assert say(hub, "curie", thread["id"]).status_code == 201


@pytest.mark.parametrize(
    ("audience", "seen_by"),
    [
        ("team:particles", {"bose", "curie", "grace"}),
        ("organisation", {"ada", "bose", "grace"}),
        ("everybody", {"ada", "bose", "curie", "dora", "grace"}),
    ],
)
def test_a_thread_about_a_section_has_an_audience(hub, audience, seen_by):
    thread = begin(hub, "bose", section=SECTION, audience=audience).json()
    assert thread["section"] == SECTION
    nothing = hub.get("dora", "/threads/AAAAAAAAAAAAAAAA")
    for who in ("ada", "bose", "curie", "dora", "grace"):
        read = hub.get(who, f"/threads/{thread['id']}")
        listed = hub.get(who, "/threads", params={"section": SECTION}).json()["total"]
        assert (read.status_code == 200, listed == 1) == (who in seen_by, who in seen_by), who
        if who not in seen_by:
            assert (read.status_code, read.content) == (404, nothing.content)


def test_nobody_addresses_others(hub):
    assert begin(hub, "ada", section="x", audience="team:particles").status_code == 403
    assert begin(hub, "dora", section="x", audience="organisation").status_code == 403
    for wrong in (
        {"section": "x"},
        {"audience": "everybody"},
        {"item": None},
        {"item": "x"},
        {"section": "../x", "audience": "everybody"},
        {"section": "x", "audience": "person:ada"},
        {"section": "x", "audience": "everybody", "item": "engines/rides"},
        {"text": ""},
        {"text": " \n"},
        {"text": "x" * 20_001},
    ):
        assert begin(hub, "ada", **wrong).status_code == 422, wrong


def test_a_question_has_one_accepted_answer(hub):
    thread = begin(hub, "bose", kind="question").json()
    one = say(hub, "ada", thread["id"], "one").json()["id"]
    two = say(hub, "ada", thread["id"], "two").json()["id"]
    path = f"/threads/{thread['id']}/accepted"

    def accept(who: str, post: str):
        return hub.ask(who, "PUT", path, json={"post": post})

    assert accept("bose", one).json()["accepted"] == one
    assert accept("ada", two).json()["accepted"] == two  # ada owns the item
    answered = {"answered": True}
    assert hub.get("ada", "/threads", params=answered).json()["total"] == 1
    assert hub.get("ada", "/threads", params={"answered": False}).json()["total"] == 0
    assert accept("curie", one).status_code == 404
    assert accept("ada", thread["first"]["id"]).status_code == 409
    other = begin(hub, "ada").json()
    elsewhere = say(hub, "ada", other["id"]).json()["id"]
    assert accept("bose", elsewhere).status_code == 404
    wrong = hub.ask("ada", "PUT", f"/threads/{other['id']}/accepted", json={"post": elsewhere})
    assert wrong.status_code == 409
    assert hub.ask("bose", "DELETE", path).json()["accepted"] is None
    accept("bose", two)
    hub.ask("ada", "DELETE", f"/posts/{two}")
    assert hub.get("bose", f"/threads/{thread['id']}").json()["accepted"] is None


def test_only_who_asked_or_manages_accepts(hub):
    hub.grant("ada", "engines/rides", "everybody", "", "contribute")
    thread = begin(hub, "bose", kind="question").json()
    post = say(hub, "curie", thread["id"]).json()["id"]
    path = f"/threads/{thread['id']}/accepted"
    assert hub.ask("curie", "PUT", path, json={"post": post}).status_code == 403
    assert hub.ask("grace", "PUT", path, json={"post": post}).status_code == 200


def test_a_post_is_worded_otherwise_by_its_author_alone_and_nothing_is_lost(hub):
    thread = begin(hub, "bose").json()
    path = f"/posts/{thread['first']['id']}"
    etag = hub.get("bose", path).headers["etag"]

    def word(who: str, text: str, etag: str | None):
        headers = {"If-Match": etag} if etag else {}
        return hub.ask(who, "PUT", path, json={"text": text}, headers=headers)

    assert word("bose", "x", None).status_code == 428
    changed = word("bose", "Why so few?", etag)
    assert (changed.status_code, changed.json()["revision"]) == (200, 2)
    stale = word("bose", "Mine", etag)
    assert stale.status_code == 412
    assert (stale.json()["newest"], stale.json()["yours"]) == ("Why so few?", "Mine")
    assert word("ada", "x", changed.headers["etag"]).status_code == 403
    assert word("curie", "x", changed.headers["etag"]).status_code == 404
    with hub.state.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT text FROM post_wordings").scalars().all()
    assert kept == ["Why so many?"]
    assert hub.log(action="post.change")[0].detail["revision"] == 2


def test_what_is_deleted_is_gone_in_all_wordings(hub):
    thread = begin(hub, "ada").json()
    post = say(hub, "bose", thread["id"], "wrong").json()
    path = f"/posts/{post['id']}"
    etag = hub.get("bose", path).headers["etag"]
    hub.ask("bose", "PUT", path, json={"text": "right"}, headers={"If-Match": etag})
    hub.grant("ada", "engines/rides", "everybody", "", "read")
    assert hub.ask("curie", "DELETE", path).status_code == 403
    assert hub.ask("bose", "DELETE", path).status_code == 204
    assert hub.get("bose", path).status_code == 404
    with hub.state.engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT text FROM thread_posts").scalars().all()
        assert left == ["Why so many?", ""]
        assert connection.exec_driver_sql("SELECT count(*) FROM post_wordings").scalar() == 0
    say(hub, "bose", thread["id"], "third")
    posts = hub.get("ada", f"/threads/{thread['id']}/posts").json()["posts"]
    assert [one["number"] for one in posts] == [1, 3]
    assert hub.ask("ada", "DELETE", f"/posts/{thread['first']['id']}").status_code == 204
    assert hub.get("bose", f"/threads/{thread['id']}").status_code == 404
    assert hub.get("bose", "/threads").json()["total"] == 0


def test_threads_come_in_pages_the_latest_first(hub):
    made = [begin(hub, "ada", title=f"{number}", tags=[f"t{number % 2}"]).json()["id"]
            for number in range(5)]  # fmt: skip
    say(hub, "bose", made[1])
    found = []
    cursor = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = hub.get("bose", "/threads", params=query).json()
        found += [thread["id"] for thread in page["threads"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == [made[1], made[4], made[3], made[2], made[0]]
    for query, total in (
        ({"tag": "t1"}, 2), ({"by": "bose"}, 0), ({"kind": "question"}, 0),
        ({"item": "engines/rides"}, 5),
    ):  # fmt: skip
        assert hub.get("bose", "/threads", params=query).json()["total"] == total, query
    hidden = hub.get("curie", "/threads", params={"item": "engines/rides"})
    missing = hub.get("curie", "/threads", params={"item": "engines/nothing"})
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    assert hub.get("ada", "/threads", params={"cursor": "bm8"}).status_code == 400


def test_a_post_is_shown_cleaned_and_sent_twice_counts_once(hub):
    thread = begin(hub, "ada", text="<script>x</script> $x$").json()
    html = hub.get("bose", f"/posts/{thread['first']['id']}/html").text
    assert "<script" not in html
    assert r"\(x\)" in html
    for _ in range(2):
        path = f"/threads/{thread['id']}/posts"
        hub.post("ada", path, {"text": "once"}, **{"Idempotency-Key": "k"})
    assert hub.get("ada", f"/threads/{thread['id']}/posts").json()["total"] == 2
