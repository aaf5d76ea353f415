"""What is new in what somebody follows: as JSON, as a feed, by e-mail through a real server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from unittest import mock
from xml.etree import ElementTree

import httpx
import pytest
from aiosmtpd.controller import Controller
from small_hub import SmallHub, small_hub

from lepton_hub.database.moments import now
from lepton_hub.identity import SignInUnavailable
from lepton_hub.identity.directory import JupyterHubDirectory
from lepton_hub.knowledge.digest_mail import MailServer, MailSettingsError, send_due_digests
from lepton_hub.settings import SettingsError, settings_of

pytest_plugins = ["waiting_while_writing"]
pytestmark = pytest.mark.usefixtures("nobody_waits")

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def hub(tmp_path) -> Iterator[SmallHub]:
    with small_hub(tmp_path) as made:
        yield made


def follow(hub, who: str, kind: str, target: str, method: str = "PUT"):
    return hub.ask(who, method, f"/subscriptions/{kind}/{target}")


def news(hub, who: str, **query: object) -> list[tuple[str, str, str]]:
    told = hub.get(who, "/digest", params=query).json()["news"]
    return [(one["what"], one["who"], one["title"]) for one in told]


def happen(hub) -> dict:
    """Things happen; return the thread."""
    hub.make("ada", "engines/rides", title="Rides", tags=["city"])
    hub.add("ada", "engines/rides", {"a": b"1"})
    told = {"space": "engines", "name": "guide", "title": "Guide", "text": "x", "tags": ["how"]}
    etag = hub.post("ada", "/documents", told) and hub.get("ada", "/documents/engines/guide")
    change = {"json": {"text": "y"}, "headers": {"If-Match": etag.headers["etag"]}}
    hub.ask("ada", "PUT", "/documents/engines/guide", **change)
    thread = {"item": "engines/rides", "title": "Why?", "text": "x", "tags": ["asked"]}
    made = hub.post("bose", "/threads", {**thread, "kind": "question"}).json()
    hub.post("ada", f"/threads/{made['id']}/posts", {"text": "So."})
    return made


RIDES = [
    ("post", "ada", "Why?"), ("version", "ada", "Rides"), ("item", "ada", "Rides"),
]  # fmt: skip
GUIDE = [("revision", "ada", "Guide"), ("item", "ada", "Guide")]


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        ("item", "engines/rides", RIDES),
        ("item", "engines/guide", GUIDE),
        ("tag", "city", RIDES),
        ("tag", "how", GUIDE),
        ("tag", "asked", RIDES[:1]),
        ("team", "engines", [RIDES[0], *GUIDE, *RIDES[1:]]),
        ("person", "ada", [RIDES[0], *GUIDE, *RIDES[1:]]),
        ("person", "bose", []),
        ("team", "nobody", []),
    ],
)
def test_one_follows_items_tags_teams_and_people(hub, kind, target, expected):
    happen(hub)
    assert news(hub, "bose") == []
    assert follow(hub, "bose", kind, target).status_code == 200
    assert follow(hub, "bose", kind, target).status_code == 200
    assert news(hub, "bose") == expected
    told = hub.get("bose", "/subscriptions").json()
    assert [(one["kind"], one["target"]) for one in told["subscriptions"]] == [(kind, target)]
    assert follow(hub, "bose", kind, target, "DELETE").status_code == 204
    assert follow(hub, "bose", kind, target, "DELETE").status_code == 404
    assert news(hub, "bose") == []


def test_what_somebody_may_not_see_is_no_news_and_cannot_be_followed(hub):
    happen(hub)
    hidden = follow(hub, "curie", "item", "engines/rides")
    missing = follow(hub, "curie", "item", "engines/nothing")
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    for kind, target in (("team", "engines"), ("person", "ada"), ("tag", "city")):
        assert follow(hub, "curie", kind, target).status_code == 200
    assert news(hub, "curie") == []
    hub.grant("ada", "engines/rides", "person", "curie", "read")
    assert news(hub, "curie") == [RIDES[0], ("thread", "bose", "Why?"), *RIDES[1:]]
    follow(hub, "curie", "item", "engines/rides")
    query = {"subject": "person", "of": "curie"}
    hub.ask("ada", "DELETE", "/items/engines/rides/grants", params=query)
    assert news(hub, "curie") == []
    told = hub.get("curie", "/subscriptions").json()["subscriptions"]
    assert [one["kind"] for one in told] == ["person", "tag", "team"]


def test_news_come_in_pages(hub):
    happen(hub)
    follow(hub, "bose", "person", "ada")
    found = []
    cursor = {}
    while cursor is not None:
        page = hub.get("bose", "/digest", params={"limit": 2, **cursor}).json()
        found += page["news"]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert [one["what"] for one in found] == ["post", "revision", "item", "version", "item"]
    assert len({(one["at"], one["path"]) for one in found}) == 5
    for one in found:
        assert hub.get("bose", one["path"]).status_code == 200, one


@pytest.mark.parametrize(
    ("kind", "target"),
    [("tag", "A"), ("item", "x"), ("team", "~ada"), ("person", "a/b"), ("nothing", "x")],
)
def test_what_is_no_name_is_refused(hub, kind, target):
    assert follow(hub, "ada", kind, target).status_code == 422


def test_the_feed_is_atom(hub):
    happen(hub)
    follow(hub, "bose", "team", "engines")
    hub.make("ada", "engines/odd", title="<b>\x01 & ]]>")
    answer = hub.get("bose", "/digest.atom")
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = ElementTree.fromstring(answer.content)
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries][:2] == ["<b>\ufffd & ]]>", "Why?"]
    assert feed.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated")
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries) == 6
    for element in (feed, *entries):
        assert all(element.find(f"{ATOM}{name}") is not None for name in ("id", "title", "updated"))
    assert hub.client.get("/digest.atom").status_code == 401


# ── E-mail ────────────────────────────────────────────────────────────────────────────────────
class Inbox:
    """Takes e-mails, or refuses them."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            message["X-To"] = ", ".join(envelope.rcpt_tos)
            self.messages.append(message)
        return self.answer


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, str]]:
    inbox = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield inbox, f"smtp://127.0.0.1:{port}"
    controller.stop()


@pytest.fixture
def posting(tmp_path, inbox) -> Iterator[tuple[SmallHub, Inbox]]:
    taken, url = inbox
    settings = {"smtp": url, "mail_from": "hub@example.org", "mail_domain": "example.org"}
    with small_hub(tmp_path, **settings) as hub:
        hub.state.look_up = lambda name: hub.known.people.get(name)
        yield hub, taken


def wish(hub, who: str, every: str):
    return hub.ask(who, "PUT", "/digest/mail", json={"every": every})


def send(hub, days: float) -> int:
    """Send what is due in some days."""
    moment = now() + timedelta(days=days)
    return send_due_digests(hub.state.sessions, hub.state.mail, hub.state.look_up, moment)


def test_the_digest_comes_by_e_mail_to_who_wishes_it(posting):
    hub, inbox = posting
    assert wish(hub, "bose", "day").status_code == 200
    follow(hub, "bose", "team", "engines")
    happen(hub)
    hub.make("ada", "engines/odd", title="Line\nBcc: x@elsewhere.example")
    assert send(hub, 0.5) == 0
    assert send(hub, 1.1) == 1
    [message] = inbox.messages
    assert message["Subject"] == "The hub: 6 new in what you follow"
    assert (message["From"], message["To"], message["X-To"]) == (
        "hub@example.org", "bose@example.org", "bose@example.org",
    )  # fmt: skip
    assert message["Bcc"] is None
    text = message.get_content()
    assert "ada added version 1 to engines/rides: Rides" in text
    assert "Line Bcc: x@elsewhere.example" in text
    assert "http" not in text, "the hub does not know its own address"
    assert send(hub, 1.2) == 0, "not twice"
    assert send(hub, 2.2) == 0, "nothing new"
    assert len(inbox.messages) == 1
    assert hub.log(action="digest.mail")[0].subject == "bose"
    assert hub.get("bose", "/subscriptions").json()["mail"] == "day"


def test_an_e_mail_leads_to_the_hub_where_it_knows_its_own_address(posting):
    hub, inbox = posting
    address = "https://learn.example.com/services/hub"
    wish(hub, "bose", "day")
    follow(hub, "bose", "team", "engines")
    hub.make("ada", "engines/rides", title="See https://evil.example")
    told = {"space": "engines", "name": "plan", "title": "Plan", "text": "a"}
    hub.post("ada", "/documents", told)
    thread = {"item": "engines/plan", "kind": "question", "title": "Why?", "text": "b"}
    made = hub.post("ada", "/threads", thread).json()
    hub.state.settings = replace(hub.state.settings, address=address)
    later = now() + timedelta(days=1.1)
    with mock.patch("lepton_hub.knowledge.digest_mail.now", lambda: later):
        hub.state.send_digests()
    text = inbox.messages[0].get_content()
    post = made["first"]["id"]
    assert [line for line in text.splitlines() if line.startswith("  ")] == [
        f"  {address}/pages/discussions/{made['id']}?post={post}#post-{post}",
        f"  {address}/pages/documents/engines/plan",
        f"  {address}/pages/items/engines/rides",
    ]
    assert f"Change that here: {address}/pages/subscriptions" in text


PUBLIC = {"JUPYTERHUB_PUBLIC_URL": "https://b.example/h/"}


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, ""),
        (
            {"LEPTON_HUB_ADDRESS": "https://a.example/services/hub/"},
            "https://a.example/services/hub",
        ),
        ({**PUBLIC, "JUPYTERHUB_SERVICE_PREFIX": "/h/"}, "https://b.example/h"),
        (
            {**PUBLIC, "JUPYTERHUB_SERVICE_PREFIX": "/h/", "LEPTON_HUB_ADDRESS": ""},
            "https://b.example/h",
        ),
        ({**PUBLIC, "JUPYTERHUB_SERVICE_PREFIX": ""}, ""),  # in a notebook's terminal
        ({"LEPTON_HUB_ADDRESS": "learn.example.com"}, None),
        ({"LEPTON_HUB_ADDRESS": "ftp://a.example"}, None),
        ({"LEPTON_HUB_ADDRESS": "https://u:p@a.example"}, None),
        ({"LEPTON_HUB_ADDRESS": "https://a.example/?x"}, None),
        ({"LEPTON_HUB_ADDRESS": "https://[a"}, None),
    ],
)
def test_the_hubs_own_address_is_a_setting(tmp_path, environment, address):
    if address is None:
        with pytest.raises(SettingsError, match="LEPTON_HUB_ADDRESS"):
            settings_of(tmp_path, environment)
    else:
        assert settings_of(tmp_path, environment).address == address


def test_an_e_mail_says_what_may_be_seen_when_it_is_sent(posting):
    hub, inbox = posting
    wish(hub, "bose", "week")
    wish(hub, "curie", "day")
    for who in ("bose", "curie"):
        follow(hub, who, "person", "ada")
    happen(hub)
    hub.known.people.pop("bose")
    assert send(hub, 8) == 0
    assert inbox.messages == []


def test_what_the_server_refuses_is_sent_later_and_never_lost(posting):
    hub, inbox = posting
    wish(hub, "bose", "day")
    follow(hub, "bose", "person", "ada")
    happen(hub)
    inbox.answer = "451 later"
    assert send(hub, 1.1) == 0
    inbox.answer = "250 OK"
    assert send(hub, 1.11) == 0, "it is tried again after an hour"
    assert send(hub, 1.2) == 1
    assert "5 new" in inbox.messages[0]["Subject"]
    wish(hub, "bose", "never")
    happen_again = hub.make("ada", "engines/more")
    assert happen_again.status_code == 201
    assert send(hub, 9) == 0


def test_a_hub_without_a_server_says_so(hub):
    assert wish(hub, "ada", "day").status_code == 409
    assert wish(hub, "ada", "never").status_code == 200
    assert wish(hub, "ada", "hour").status_code == 422
    hub.state.send_digests()


def test_addresses_are_of_the_company_alone(posting):
    hub, _ = posting
    assert hub.state.mail.address_of("a.b") == "a.b@example.org"
    assert hub.state.mail.address_of("a@example.org") == "a@example.org"
    assert hub.state.mail.address_of("a@elsewhere.example") is None
    assert "password" not in repr(MailServer("smtps://u:password@h", "h@x.y", "x.y"))
    for url in ("http://x", "smtp://", "smtp://u:p@host", "x", "smtp://h:x", "smtp://h:99999"):
        with pytest.raises(MailSettingsError):
            MailServer(url, "h@x.y", "x.y")


def test_people_are_looked_up_at_jupyterhub():
    answers = {
        "/hub/api/users/ada": (200, {"name": "ada", "groups": ["team-engines"]}),
        "/hub/api/users/bose": (403, {}),
    }

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "token secret"
        status, told = answers.get(request.url.path, (404, {}))
        return httpx.Response(status, json=told)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    directory = JupyterHubDirectory("http://hub/hub/api", "secret", client)
    found = directory.look_up("ada")
    assert (found.name, found.teams, found.admin) == ("ada", {"engines"}, False)
    assert directory.look_up("gone") is None
    assert directory.look_up("../services") is None
    with pytest.raises(SignInUnavailable):
        directory.look_up("bose")
