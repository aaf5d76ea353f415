"""What one follows, as pages: buttons, the digest, the e-mail setting."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from lasting_renderer import RENDERER
from page_visitor import ORIGIN, PageVisitor
from small_hub import small_hub
from sqlalchemy import func, select

from lepton_hub.knowledge import Subscription

HERE = "/pages/subscriptions"


@contextmanager
def prepared(folder):
    with small_hub(folder) as made:
        made.state.renderer = RENDERER
        told = {"space": "engines", "name": "guide", "title": "Guide", "text": "x", "tags": ["how"]}
        made.post("ada", "/documents", told)
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
def bose(hub):
    return PageVisitor(hub, "bose")


def followed(hub, who: str = "bose") -> list[tuple[str, str]]:
    told = hub.get(who, "/subscriptions").json()["subscriptions"]
    return [(one["kind"], one["target"]) for one in told]


def test_a_button_follows_and_leads_back(hub, bose):
    guide = "/pages/documents/engines/guide"
    button = bose.see(guide).form(HERE)
    answer = bose.send(HERE, button.fields)
    assert answer.headers["location"] == guide
    page = bose.after(answer)
    assert "You now follow engines/guide." in page.text
    assert followed(hub) == [("item", "engines/guide")]
    other = page.form(HERE)
    assert other.fields["wish"] == "unfollow"
    assert "no longer follow" in bose.after(bose.send(HERE, other.fields)).text
    assert followed(hub) == []
    assert {"subscription.make", "subscription.end"} <= {entry.action for entry in hub.log()}


@pytest.mark.parametrize(
    ("kind", "target"), [("tag", "how"), ("team", "engines"), ("person", "ada")]
)
def test_tags_teams_and_people_are_followed_by_name(hub, bose, kind, target):
    bose.after(bose.send(HERE, {"kind": kind, "target": target, "wish": "follow"}))
    assert followed(hub) == [(kind, target)]
    assert target in bose.see(HERE).text
    hub.post("ada", "/documents", {"space": "engines", "name": "b", "title": "B", "text": "x",
                                   "tags": ["how"]})  # fmt: skip
    page = bose.see("/pages/digest")
    assert "ada made engines/b" in page.text
    assert "/pages/documents/engines/b" in page.links
    assert "http://testserver/pages/documents/engines/b" in hub.get("bose", "/digest.atom").text


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "https://evil.example/pages/", "/pages/../../x", "/pages/\\evil", "/docs",
     "/pages/%2e%2e/x", "javascript:alert(1)", "/pages/x\r\nSet-Cookie: a=b", ""],
)  # fmt: skip
def test_no_button_leads_elsewhere(shared, back):
    answer = PageVisitor(shared, "bose").send(
        HERE, {"kind": "tag", "target": "how", "wish": "follow", "back": back}
    )
    assert answer.headers["location"] == HERE


@pytest.mark.parametrize(
    ("kind", "target", "status"),
    [
        ("item", "particles/nothing", 404),
        ("item", "no name", 422),
        ("tag", "<script>", 422),
        ("team", "a b", 422),
        ("friend", "ada", 422),
        ("", "", 422),
    ],
)
def test_what_cannot_be_followed_is_said_and_kept(shared, kind, target, status):
    answer = PageVisitor(shared, "dora").send(
        HERE, {"kind": kind, "target": target, "wish": "follow"}
    )
    assert answer.status_code == status
    assert target.replace("<", "&lt;").replace(">", "&gt;") in answer.text
    assert followed(shared, "dora") == []


def test_an_item_that_one_may_not_see_is_as_one_that_is_not_there(shared):
    curie = PageVisitor(shared, "curie")
    for more in ({}, {"back": "/pages/"}):
        told = {"kind": "item", "wish": "follow", **more}
        hidden = curie.send(HERE, {**told, "target": "engines/guide"})
        missing = curie.send(HERE, {**told, "target": "engines/other"})
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.text.replace("guide", "other") == missing.text


def test_what_is_no_longer_visible_leaves_list_and_digest(hub, bose):
    hub.grant("ada", "engines/guide", "person", "dora", "read")
    dora = PageVisitor(hub, "dora")
    dora.send(HERE, {"kind": "item", "target": "engines/guide", "wish": "follow"})
    hub.post("ada", "/threads", {"item": "engines/guide", "title": "Why?", "text": "x"})
    page = dora.see("/pages/digest")
    assert "Why?" in page.text
    thread = hub.get("ada", "/threads").json()["threads"][0]["id"]
    link = next(link for link in page.links if thread in link)
    assert dora.see(link.partition("#")[0])
    query = {"subject": "person", "of": "dora"}
    hub.ask("ada", "DELETE", "/items/engines/guide/grants", params=query)
    assert "Why?" not in dora.see("/pages/digest").text
    assert "engines/guide" not in dora.see(HERE).text


def test_without_a_mail_server_nothing_is_promised(shared):
    bose = PageVisitor(shared, "bose")
    page = bose.see(HERE)
    assert "does not send you e-mail" in page.text
    assert "http://testserver/digest.atom" in page.text
    answer = bose.send(f"{HERE}/mail", {"every": "day"})
    assert answer.status_code == 422
    assert "This hub sends no e-mail." in answer.text


def test_the_digest_comes_as_often_as_was_chosen(tmp_path):
    mail = {"smtp": "smtp://127.0.0.1:1", "mail_from": "hub@example.com",
            "mail_domain": "example.com"}  # fmt: skip
    with small_hub(tmp_path, **mail) as hub:
        bose = PageVisitor(hub, "bose")
        assert "bose@example.com" in bose.see(HERE).text
        for every in ("day", "week", "never"):
            assert bose.send(f"{HERE}/mail", {"every": every}).status_code == 303
            assert hub.get("bose", "/subscriptions").json()["mail"] == every
            assert bose.see(HERE).form(f"{HERE}/mail").fields["every"] == every
        assert bose.send(f"{HERE}/mail", {"every": "hour"}).status_code == 422
        assert hub.log(action="digest.wish")[0].actor == "bose"


def test_forms_of_other_pages_change_nothing(hub, bose):
    for path in (HERE, f"{HERE}/mail"):
        told = {"kind": "tag", "target": "how", "every": "day", "form_token": bose.token}
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
            assert bose.client.post(path, data=told, headers=headers).status_code == 403
        told.pop("form_token")
        assert bose.client.post(path, data=told, headers={"Origin": ORIGIN}).status_code == 403
    assert followed(hub) == []
    stranger = PageVisitor(hub, None)
    for path in (HERE, "/pages/digest"):
        assert stranger.get(path).status_code == 302


def test_a_long_digest_comes_in_pages(hub, bose):
    bose.send(HERE, {"kind": "person", "target": "ada", "wish": "follow"})
    for number in range(55):
        hub.make("ada", f"engines/i{number}")
    first = bose.see("/pages/digest")
    rest = bose.see(next(link for link in first.links if "cursor=" in link))
    assert first.text.count("ada made engines/i") == 50
    assert rest.text.count("ada made engines/i") == 5
    assert "ada made engines/guide" in rest.text


def test_what_is_deleted_is_followed_by_nobody(hub, bose):
    hub.post("bose", "/documents", {"space": "engines", "name": "b", "title": "B", "text": "x"})
    for target in ("engines/b", "engines/guide"):
        bose.send(HERE, {"kind": "item", "target": target, "wish": "follow"})
    assert followed(hub) == [("item", "engines/b"), ("item", "engines/guide")]
    hub.ask("bose", "DELETE", "/items/engines/b")
    assert followed(hub) == [("item", "engines/guide")]
    with hub.state.sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(Subscription)) == 1
