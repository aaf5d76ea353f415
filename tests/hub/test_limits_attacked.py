"""Ways around the limits on requests: other addresses, other spellings, bodies that never end."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from bounded_waits import PATIENCE_SECONDS
from fastapi.testclient import TestClient
from small_hub import small_hub

from lepton_hub.api.middleware import request_bodies
from lepton_hub.api.rate_limit import RateLimiter
from lepton_hub.proxies.client_networks import neighbourhood_of
from lepton_hub.text import check_words

MIB = 2**20


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as made:
        made.get("ada", "/health")  # so that its layers are there
        yield made


def guessed(hub, address: str) -> int:
    client = TestClient(hub.app, client=(address, 1))
    return client.get("/me", headers={"Authorization": "token mallory"}).status_code


def test_a_guesser_does_not_begin_anew_at_each_address_of_a_household(hub):
    """Of IPv6, one has 2**64 of them."""
    hub.state.strangers = RateLimiter(60, 8, clock=lambda: 0.0)  # on whatever machine
    statuses = Counter(guessed(hub, f"2001:db8::{number:x}") for number in range(12))
    assert statuses == {401: 8, 429: 4}
    assert guessed(hub, "2001:db8:0:1::1") == 401, "the neighbours may sign in"


@pytest.mark.parametrize(("address", "counts_as"), [
    ("fe80::1%eth0", "fe80::/64"), ("fe80::1%anything", "fe80::/64"), ("10.0.0.1", "10.0.0.1"),
    ("::ffff:10.0.0.1", "10.0.0.1"), ("", ""), ("not an address", "not an address"),
])  # fmt: skip
def test_how_addresses_count(address, counts_as):
    assert neighbourhood_of(address) == counts_as


@pytest.mark.parametrize("name", ["Forwarded", "X-Real-IP", "True-Client-IP", "X-Client-IP"])
def test_other_headers_say_nothing(hub, name):
    seen = []
    client = TestClient(hub.app, client=("10.0.0.1", 1))
    usual = hub.fair_turns()._turn
    hub.fair_turns()._turn = lambda *asked: seen.append(usual(*asked)[1]) or usual(*asked)
    client.get("/pages/", headers={name: "for=10.9.9.9"}, follow_redirects=False)
    assert set(seen) == {"10.0.0.1"}


class EndlessBody:
    """A request that sends most of what it may, and then waits."""

    def __init__(self, hub, address: str, headers: dict[str, str]) -> None:
        self.hub, self.size, self.statuses = hub, 0, []
        self.go_on, self.waits = asyncio.Event(), False
        self.scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
            "scheme": "http", "path": "/items", "raw_path": b"/items", "query_string": b"",
            "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
            "client": (address, 1), "server": ("testserver", 80),
        }  # fmt: skip

    async def send_all(self) -> None:
        await asyncio.wait_for(self.hub.app(self.scope, self._receive, self._send), 60)

    async def _receive(self) -> dict[str, object]:
        if self.size:
            self.waits = True
            await self.go_on.wait()
            return {"type": "http.request", "body": b"", "more_body": False}
        self.size = 2 * MIB - 1
        return {"type": "http.request", "body": bytes(self.size), "more_body": True}

    async def _send(self, message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])


async def attack(hub, addresses: list[str], headers: dict[str, str]) -> Counter[object]:
    """Send bodies that end only after all have begun; return how they are answered."""
    sent = [EndlessBody(hub, address, headers) for address in addresses]
    tasks = [asyncio.create_task(one.send_all()) for one in sent]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not all(one.waits or one.statuses for one in sent):
            await asyncio.sleep(0.01)
    for one in sent:
        one.go_on.set()
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_SECONDS)
    return Counter(one.statuses[0] for one in sent)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "token ada"}])
def test_nobody_has_the_hub_hold_much(hub, headers, monkeypatch):
    """A turn is taken only afterwards, so the turns do not bound how many of them there are."""
    monkeypatch.setattr(request_bodies, "MOST_OF_ONE", 8 * MIB)
    hub.get("ada", "/me")
    statuses = asyncio.run(attack(hub, ["10.0.0.1"] * 30, headers))
    assert statuses[429] == 26
    assert sum(statuses.values()) == 30
    bodies = hub.fair_turns()._bodies
    assert (bodies._held, bodies._strangers) == ({}, 0)
    assert hub.make("ada", "engines/afterwards").status_code == 201


def test_nor_do_strangers_from_many_addresses_and_people_are_not_kept_out(hub, monkeypatch):
    monkeypatch.setattr(request_bodies, "MOST_OF_STRANGERS", 8 * MIB)
    hub.get("ada", "/me")

    async def work() -> None:
        strangers = attack(hub, [f"10.0.0.{number}" for number in range(30)], {})
        waiting = asyncio.create_task(strangers)
        await asyncio.sleep(0.1)
        person = EndlessBody(hub, "10.0.0.1", {"Authorization": "token ada"})
        person.go_on.set()
        await person.send_all()
        assert person.statuses == [422], "it is read, and is no item"
        assert (await waiting)[429] == 26

    asyncio.run(work())
    assert hub.fair_turns()._bodies._strangers == 0


def test_nobody_keeps_connections_by_bodies_that_do_not_end(hub, monkeypatch):
    monkeypatch.setattr(request_bodies, "ARRIVAL_SECONDS", 0.3)
    slow = EndlessBody(hub, "10.0.0.1", {})
    asyncio.run(slow.send_all())
    assert slow.statuses == [408]
    assert hub.fair_turns()._bodies._strangers == 0


@pytest.mark.parametrize("word", [
    "j\U0001042cb", "j\U000104c2b", "jo\u15af", "\u2c3dob", "j\u2d54b", "j\u07cbb",
])  # fmt: skip
def test_letters_of_rarer_scripts_pass_for_none_of_ours(word):
    with pytest.raises(ValueError, match="mixes letters that look alike"):
        check_words(word)
    assert check_words(word.replace("j", "").replace("o", "").replace("b", "") or "x")
