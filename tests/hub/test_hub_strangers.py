"""What a stranger found: others kept out, words put into the hub's mouth, rights that outlive."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace

import pytest
from bounded_waits import join_all
from small_hub import small_hub
from sqlalchemy import select

from lepton_hub.api.idempotency import RepeatableAnswer
from lepton_hub.api.rate_limit import RateLimiter
from lepton_hub.previews import NoPreview, image_previews, thumbnail
from lepton_hub.rendering import BoundedRenderer, bounded_renderer

SLOW = ("[" * 15_000 + "\n\n") * 13
"""Takes longer than the tests' renderers have."""


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as hub:
        yield hub


# ── Others kept out ───────────────────────────────────────────────────────────────────────────
def test_who_guesses_tokens_keeps_nobody_from_signing_in(hub):
    hub.state.strangers = RateLimiter(60, 60, clock=lambda: 0.0)  # however slow the machine is

    def guess():
        return hub.client.get("/me", headers={"Authorization": "token mallory"}).status_code

    assert {guess() for _ in range(60)} == {401}
    assert guess() == 429
    for _ in range(70):
        page = hub.client.get("/pages/items", follow_redirects=False)
        assert page.status_code == 302, "somebody else at the same address wants to sign in"
    assert hub.client.get("/me").status_code == 401


def test_many_slow_texts_hold_few_threads_and_leave_what_is_kept(monkeypatch):
    monkeypatch.setattr(bounded_renderer, "_MOST_WAITING", 3)
    renderer = BoundedRenderer(seconds=1.0)
    kept = renderer.markdown("*kept*")
    took = []

    def show(number):
        begun = time.monotonic()
        assert renderer.markdown(f"{SLOW}{number}").startswith("<pre>")
        took.append(time.monotonic() - begun)

    threads = [threading.Thread(target=show, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    assert renderer.markdown("*kept*") == kept
    join_all(threads)
    assert len(took) == 12
    assert sorted(took)[8] < 8, "most of them did not wait for the others"
    assert renderer.markdown("*after*") == "<p><em>after</em></p>\n"
    renderer.close()


def test_many_slow_pictures_hold_few_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(image_previews, "_room", threading.BoundedSemaphore(3))
    others_are_refused = threading.Event()
    monkeypatch.setattr(image_previews, "_reduced", lambda *_: others_are_refused.wait(60) and b"s")
    with small_hub(tmp_path) as hub:
        store = hub.state.store
        sha256 = store.write(iter([b"png"])).sha256
        refused = []

        def look():
            try:
                thumbnail(store, sha256, "a.png")
            except NoPreview:
                refused.append(1)
                if len(refused) == 3:
                    others_are_refused.set()

        threads = [threading.Thread(target=look) for _ in range(6)]
        for thread in threads:
            thread.start()
        join_all(threads)
        assert len(refused) == 3
        assert thumbnail(store, sha256, "a.png") == b"s"


# ── Words put into the hub's mouth ────────────────────────────────────────────────────────────
JOB = "ejy8kc3iiDre0pp_"


@pytest.mark.parametrize("words", [f"job {JOB}", f" Job  {JOB} ", f"j\u200bob\u200b {JOB}."])
def test_nobody_says_that_a_job_of_the_pool_made_a_version(hub, words):
    hub.make("ada", "engines/rides")
    refused = hub.add("ada", "engines/rides", {"a.csv": b"a\n"}, made_with=words)
    assert refused.status_code == 422
    assert re.search("only the hub itself|invisible character", refused.json()["detail"])


@pytest.mark.parametrize("words", ["job_train.ipynb", "job 17", f"a job {JOB}", "jobs.py", ""])
def test_programs_may_have_any_other_name(hub, words):
    hub.make("ada", "engines/rides")
    added = hub.add("ada", "engines/rides", {"a.csv": b"a\n"}, made_with=words)
    assert added.json()["made_with"] == words


# ── Rights that are lost, or outlive ──────────────────────────────────────────────────────────
def give(hub, role, subject="person", name="curie"):
    told = {"subject": subject, "name": name, "role": role}
    return hub.ask("ada", "PUT", "/items/engines/rides/grants", json=told)


def take(hub, subject="person", name="curie"):
    params = {"subject": subject, "of": name}
    return hub.ask("ada", "DELETE", "/items/engines/rides/grants", params=params)


@pytest.mark.parametrize(
    ("held", "asked", "after"),
    [
        ("manage", "read", "manage"),
        ("contribute", "read", "contribute"),
        ("read", "manage", "manage"),
    ],
)
def test_a_request_that_is_granted_takes_nothing_away(hub, held, asked, after):
    hub.make("ada", "engines/rides")
    hub.post("curie", "/requests", {"item": "engines/rides", "role": asked})
    give(hub, held)
    waiting = hub.get("ada", "/requests/to-me").json()["requests"]
    place = f"/items/engines/rides/requests/{waiting[0]['id']}"
    assert hub.post("ada", place, {"granted": True}).status_code == 200
    grants = hub.get("ada", "/items/engines/rides/grants").json()["grants"]
    assert [(one["name"], one["role"]) for one in grants] == [("curie", after)]


def link(hub, who):
    made = hub.post(who, "/items/engines/rides/links", {"hours": 2160})
    assert made.status_code == 201, made.text
    return made.json()["path"]


@pytest.mark.parametrize("how", ["take", "lower"])
def test_who_manages_no_more_keeps_no_link(hub, how):
    hub.make("ada", "engines/rides")
    give(hub, "manage")
    give(hub, "manage", name="dora")
    links = {who: link(hub, who) for who in ("ada", "curie", "dora", "grace")}
    give(hub, "contribute", name="bose")
    give(hub, "manage")  # says the same again
    assert hub.get("curie", links["curie"]).status_code == 200
    take(hub) if how == "take" else give(hub, "read")
    statuses = {who: hub.get("dora", path).status_code for who, path in links.items()}
    assert statuses == {"ada": 200, "curie": 404, "dora": 200, "grace": 200}
    assert [entry.actor for entry in hub.log(action="link.end")] == ["ada"]


def test_of_a_team_that_manages_no_more_nobody_keeps_a_link(hub):
    hub.make("ada", "engines/rides")
    give(hub, "manage", "team", "particles")
    give(hub, "manage", name="dora")
    links = {who: link(hub, who) for who in ("ada", "curie", "dora")}
    give(hub, "read", "everybody", "")
    take(hub, "everybody", "")
    assert hub.get("curie", links["curie"]).status_code == 200
    take(hub, "team", "particles")
    statuses = {who: hub.get("curie", path).status_code for who, path in links.items()}
    assert statuses == {"ada": 200, "curie": 404, "dora": 200}


def test_who_leaves_the_team_that_manages_may_not_share_any_more(hub):
    hub.make("ada", "engines/rides")
    give(hub, "manage", "team", "particles")
    people = hub.known.people
    people["curie"] = replace(people["curie"], teams=frozenset())
    assert hub.get("curie", "/items/engines/rides").status_code == 404


# ── What was deleted ──────────────────────────────────────────────────────────────────────────
def kept_answers(hub):
    with hub.state.sessions() as session:
        return " ".join(session.scalars(select(RepeatableAnswer.content)))


def test_what_was_deleted_is_in_no_answer_that_is_given_again(hub):
    document = {"space": "engines", "name": "plan", "title": "Plan", "text": "apricot"}
    key = {"Idempotency-Key": "k"}
    assert hub.post("ada", "/documents", document, **key).status_code == 201
    thread = {"item": "engines/plan", "kind": "question", "title": "Why?", "text": "banana"}
    id_ = hub.post("bose", "/threads", thread, **key).json()["id"]
    hub.post("ada", f"/threads/{id_}/posts", {"text": "cherry"}, **{"Idempotency-Key": "p"})
    hub.make("ada", "engines/planning")
    other = {**document, "name": "plan-2", "text": "damson"}
    hub.post("ada", "/documents", other, **{"Idempotency-Key": "o"})
    assert hub.ask("ada", "DELETE", "/items/engines/plan").status_code == 200
    again = hub.post("ada", "/documents", document, **key)
    assert (again.status_code, again.json()["detail"]) == (404, "It was deleted.")
    assert hub.post("bose", "/threads", thread, **key).status_code == 404
    kept = kept_answers(hub)
    assert [fruit for fruit in ("apricot", "banana", "cherry", "damson") if fruit in kept] == [
        "damson"
    ]


def test_a_post_that_was_deleted_is_in_no_answer_that_is_given_again(hub):
    place = "02_data_pipelines/lesson.ipynb#Leakage"
    thread = {"section": place, "audience": "everybody", "kind": "question", "title": "Why?"}
    made = hub.post("ada", "/threads", {**thread, "text": "apricot"}, **{"Idempotency-Key": "t"})
    posts = f"/threads/{made.json()['id']}/posts"
    said = {"text": "banana"}
    post = hub.post("bose", posts, said, **{"Idempotency-Key": "p"}).json()["id"]
    assert hub.ask("bose", "DELETE", f"/posts/{post}").status_code == 204
    assert hub.post("bose", posts, said, **{"Idempotency-Key": "p"}).status_code == 404
    assert "banana" not in kept_answers(hub)
    assert hub.get("ada", posts).json()["total"] == 1, "it was not said again"
    assert hub.ask("ada", "DELETE", f"/posts/{made.json()['first']['id']}").status_code == 204
    assert "apricot" not in kept_answers(hub)
