"""Discussions as pages: begin, read, answer, accept, change, delete; each for whom it is."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from lasting_renderer import RENDERER
from page_visitor import ORIGIN, PageVisitor
from small_hub import small_hub

NEW = "/pages/discussions/new"
SECTION = "02_data_pipelines/lesson.ipynb#Leakage"


@contextmanager
def prepared(folder):
    with small_hub(folder) as made:
        made.state.renderer = RENDERER
        made.make("ada", "engines/rides")
        yield made


@pytest.fixture
def hub(tmp_path):
    with prepared(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A hub for tests that change nothing in it."""
    with prepared(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture
def ada(hub):
    return PageVisitor(hub, "ada")


@pytest.fixture
def bose(hub):
    return PageVisitor(hub, "bose")


def question(hub, who: str = "bose", **more) -> dict:
    told = {"item": "engines/rides", "title": "Why gaps?", "text": "Since *when*?", **more}
    return hub.post(who, "/threads", {"kind": "question", **told}).json()


def place(thread: dict) -> str:
    return f"/pages/discussions/{thread['id']}"


def test_a_question_is_asked_answered_and_accepted(hub, ada, bose):
    form = bose.see(f"{NEW}?item=engines/rides").form(NEW)
    assert (form.fields["item"], form.fields["kind"]) == ("engines/rides", "question")
    told = {**form.fields, "title": "Why gaps?", "text": "Since *when*?", "tags": "rain"}
    page = bose.after(bose.send(NEW, told))
    assert "open question about Riders by day" in page.text
    thread = hub.get("ada", "/threads").json()["threads"][0]
    assert f"/pages/discussions/{thread['id']}" in ada.see("/pages/discussions?show=open").links
    answered = ada.send(place(thread), {"text": "The sensor was off."})
    assert "post=" in answered.headers["location"]
    assert "The sensor was off." in ada.after(answered).text
    post = hub.get("ada", f"/threads/{thread['id']}/posts").json()["posts"][1]["id"]
    page = bose.see(place(thread))
    accept = page.form(f"{place(thread)}/accepted")
    assert accept.fields["post"] == post
    assert "Accepted answer by ada" in bose.after(bose.send(accept.action, accept.fields)).text
    assert ada.see("/pages/discussions?show=open").text.count("Why gaps?") == 0
    back = bose.see(place(thread)).form(accept.action)
    assert "open again" in bose.after(bose.send(back.action, back.fields)).text
    actions = {entry.action for entry in hub.log()}
    assert {"thread.make", "post.add", "thread.accept", "thread.read", "thread.list"} <= actions


def test_a_button_that_is_pressed_twice_counts_once(hub, bose):
    fields = {**bose.see(f"{NEW}?item=engines/rides").form(NEW).fields, "title": "T", "text": "x"}
    first = bose.send(NEW, fields)
    assert first.headers["location"] == bose.send(NEW, fields).headers["location"]
    path = first.headers["location"]
    answer = {**bose.see(path).form(path).fields, "text": "y"}
    for _ in range(2):
        assert bose.send(path, answer).status_code == 303
    assert bose.send(path, {**answer, "text": "z"}).status_code == 303  # after going back
    thread = path.rpartition("/")[2]
    posts = hub.get("ada", f"/threads/{thread}/posts").json()["posts"]
    assert [post["text"] for post in posts] == ["x", "y", "z"]


def test_a_section_has_its_own_audience_and_anchor(hub, ada, bose):
    form = bose.see(f"{NEW}?section={SECTION.replace('#', '%23')}").form(NEW)
    assert (form.fields["section"], form.fields["about"]) == (SECTION, "section")
    told = {**form.fields, "title": "Leaks?", "text": "x", "audience": "team:engines"}
    bose.after(bose.send(NEW, told))
    anchors = {
        "02_data_pipelines/lesson.ipynb": "Leakage",
        "02_data_pipelines": f"about-{SECTION}",  # another notebook may have a section of this name
    }
    for path, anchor in anchors.items():
        page = ada.see(f"/pages/discussions/course/{path}")
        assert f'id="{anchor}"' in page.html
        assert "Leaks?" in page.text
    for path in ("02_data", "02_data_pipelines/lesson", "02_DATA_PIPELINES"):
        assert "Leaks?" not in ada.see(f"/pages/discussions/course/{path}").text
    curie = PageVisitor(hub, "curie")
    assert "Leaks?" not in curie.see("/pages/discussions/course/02_data_pipelines").text
    assert "Leaks?" not in curie.see("/pages/discussions").text
    thread = hub.get("ada", "/threads").json()["threads"][0]
    links = ada.see(place(thread)).links
    assert "/pages/discussions/course/02_data_pipelines/lesson.ipynb#Leakage" in links
    assert "Leaks?" in ada.see(f"/pages/discussions?section={SECTION.replace('#', '%23')}").text


@pytest.mark.parametrize(
    ("wrong", "status", "sentence"),
    [
        ({"title": ""}, 422, "This field is required"),
        ({"text": " "}, 422, "It contains no word"),
        ({"item": "no name"}, 422, "An item is named SPACE/NAME"),
        ({"item": ""}, 422, "An item is named SPACE/NAME"),
        ({"item": "particles/nothing"}, 404, "There is no such item that you may see"),
        ({"about": "section", "section": "a b"}, 422, "Name a part of the course"),
        (
            {"about": "section", "section": "m", "audience": "team:particles"},
            403,
            "not in this team",
        ),
        ({"about": "section", "section": "m", "audience": "evil"}, 422, "Choose who can see it"),
        ({"kind": "poll"}, 422, "discussion"),
        ({"tags": "Ünïcode"}, 422, "At most 20 tags"),
    ],
)
def test_a_form_with_a_problem_keeps_what_was_typed(shared, wrong, status, sentence):
    ada = PageVisitor(shared, "ada")
    told = {"about": "item", "item": "engines/rides", "kind": "question", "title": "T"}
    answer = ada.send(NEW, {**told, "text": "\n<my> words", "tags": "", **wrong})
    assert answer.status_code == status
    assert sentence in answer.text
    if "text" not in wrong:
        assert ">\n\n&lt;my&gt; words</textarea>" in answer.text


def test_an_item_that_one_may_not_see_is_as_one_that_is_not_there(shared):
    curie = PageVisitor(shared, "curie")
    told = {"about": "item", "kind": "question", "title": "T", "text": "x", "tags": ""}
    hidden = curie.send(NEW, {**told, "item": "engines/rides"})
    missing = curie.send(NEW, {**told, "item": "engines/other"})
    assert hidden.text.replace("rides", "other") == missing.text
    for path in ("/pages/discussions?item=engines/", f"{NEW}?item=engines/"):
        hidden = curie.get(f"{path}rides")
        missing = curie.get(f"{path}other")
        assert (hidden.status_code, hidden.text) == (404, missing.text)


def test_a_preview_sends_nothing(hub, ada):
    thread = question(hub)
    seen = ada.send(place(thread), {"text": "*hm* $x^2$", "action": "preview"})
    assert seen.status_code == 200
    assert "<em>hm</em>" in seen.text
    assert "*hm* $x^2$</textarea>" in seen.text
    told = {"about": "item", "item": "engines/rides", "kind": "question", "title": "T"}
    seen = ada.send(NEW, {**told, "text": "*hm*", "tags": "", "action": "preview"})
    assert "<em>hm</em>" in seen.text
    assert hub.get("ada", f"/threads/{thread['id']}/posts").json()["total"] == 1
    assert hub.get("ada", "/threads").json()["total"] == 1


def test_long_discussions_come_in_pages_and_a_post_has_its_own_address(hub, ada):
    thread = question(hub)
    for number in range(40):
        hub.post("ada", f"/threads/{thread['id']}/posts", {"text": f"Answer {number:02}."})
    first = ada.see(place(thread))
    assert "Answer 28." in first.text
    assert "Answer 29." not in first.text
    rest = ada.see(next(link for link in first.links if "cursor=" in link))
    assert "Answer 39." in rest.text
    posts = hub.get("ada", f"/threads/{thread['id']}/posts?limit=100").json()["posts"]
    there = ada.see(f"{place(thread)}?post={posts[36]['id']}")
    assert f'id="post-{posts[36]["id"]}"' in there.html
    assert "Answer 34." not in there.text


# ── Who may do what ───────────────────────────────────────────────────────────────────────────
def test_one_changes_and_deletes_what_one_said_oneself(hub, ada, bose):
    thread = question(hub)
    post = hub.post("ada", f"/threads/{thread['id']}/posts", {"text": "So."}).json()
    edit = f"/pages/posts/{post['id']}/edit"
    form = ada.see(edit).form(edit)
    assert form.fields == {**form.fields, "text": "So.", "revision": "1"}
    assert "So it is." in ada.after(ada.send(edit, {**form.fields, "text": "So it is."})).text
    late = ada.send(edit, {**form.fields, "text": "Or not."})
    assert late.status_code == 409
    assert "Or not.</textarea>" in late.text
    assert "So it is.</textarea>" in late.text
    assert ada.send(edit, {"text": " ", "revision": "2"}).status_code == 422
    for path in ("edit", "delete"):
        assert bose.get(f"/pages/posts/{post['id']}/{path}").status_code == 403
        sent = bose.send(f"/pages/posts/{post['id']}/{path}", {"text": "x", "revision": "2"})
        assert sent.status_code == 403
    assert f"/pages/posts/{post['id']}/delete" not in bose.see(place(thread)).links
    ada.see(f"/pages/posts/{post['id']}/delete")
    assert (
        "The post has been deleted."
        in ada.after(ada.send(f"/pages/posts/{post['id']}/delete")).text
    )
    assert "So it is." not in bose.see(place(thread)).text


def test_who_manages_the_item_deletes_and_accepts(hub, ada, bose):
    thread = question(hub)
    post = hub.post("bose", f"/threads/{thread['id']}/posts", {"text": "Rude."}).json()
    accepted = {"post": post["id"]}
    curie = PageVisitor(hub, "curie")
    assert curie.send(f"{place(thread)}/accepted", accepted).status_code == 404
    assert ada.send(f"{place(thread)}/accepted", accepted).status_code == 303
    first = hub.get("ada", f"/threads/{thread['id']}/posts").json()["posts"][0]["id"]
    page = ada.see(f"/pages/posts/{first}/delete")
    assert "permanently deletes all 2 posts" in page.text
    assert (
        "The discussion has been deleted."
        in ada.after(ada.send(f"/pages/posts/{first}/delete")).text
    )
    assert bose.get(place(thread)).status_code == 404


def test_who_neither_asked_nor_manages_accepts_nothing(hub, bose):
    thread = question(hub, "ada")
    post = hub.post("bose", f"/threads/{thread['id']}/posts", {"text": "So."}).json()
    assert bose.send(f"{place(thread)}/accepted", {"post": post["id"]}).status_code == 403
    assert "Accept this answer" not in bose.see(place(thread)).text
    for wrong in ("A" * 16, "../x", "\0", thread["id"]):
        ada = PageVisitor(hub, "ada")
        assert ada.send(f"{place(thread)}/accepted", {"post": wrong}).status_code == 404


def test_what_one_may_not_see_is_as_what_is_not_there(hub):
    thread = question(hub)
    post = hub.get("ada", f"/threads/{thread['id']}/posts").json()["posts"][0]["id"]
    curie = PageVisitor(hub, "curie")
    nothing = "A" * 16
    for template in ("/pages/discussions/{}", "/pages/posts/{}/edit", "/pages/posts/{}/delete"):
        real = thread["id"] if "discussions" in template else post
        hidden = curie.get(template.format(real))
        missing = curie.get(template.format(nothing))
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.text.replace(real, nothing) == missing.text
        assert {**hidden.headers} == {**missing.headers}
        hidden = curie.send(template.format(real), {"text": "x"})
        missing = curie.send(template.format(nothing), {"text": "x"})
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.text.replace(real, nothing) == missing.text
    assert "Why gaps?" not in curie.see("/pages/discussions").text
    assert curie.see("/pages/discussions").text.count("0 found") == 1


def test_forms_of_other_pages_change_nothing(hub, ada):
    thread = question(hub, "ada")
    post = hub.get("ada", f"/threads/{thread['id']}/posts").json()["posts"][0]["id"]
    for path in (place(thread), f"{place(thread)}/accepted", NEW, f"/pages/posts/{post}/edit",
                 f"/pages/posts/{post}/delete"):  # fmt: skip
        told = {"text": "x", "form_token": ada.token}
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
            assert ada.client.post(path, data=told, headers=headers).status_code == 403
        answer = ada.client.post(path, data={"text": "my words"}, headers={"Origin": ORIGIN})
        assert answer.status_code == 403
        assert "my words" in answer.text
        stranger = PageVisitor(hub, None)
        kept = stranger.client.post(path, data={"text": "my words"}, headers={"Origin": ORIGIN})
        assert (kept.status_code, "my words" in kept.text) == (401, True)
    assert hub.get("ada", f"/threads/{thread['id']}/posts").json()["posts"][0]["text"] != "x"
    assert hub.get("ada", "/threads").json()["total"] == 1
