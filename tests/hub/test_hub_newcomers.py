"""Nine o'clock on Monday: a company's people, whom the hub has not seen, come from one address."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from small_hub import small_hub

from lepton_hub.identity import IdentityError, jupyterhub
from lepton_hub.identity.jupyterhub import JupyterHubIdentity
from lepton_hub.identity.oauth import STATE_COOKIE

PATIENCE = 120.0
PEOPLE = 600


class SlowJupyterHub:
    """Knows tokens that begin with p; answers those of `held` once it is let go."""

    def __init__(self, held=lambda token: True) -> None:
        self.held, self.go_on = held, asyncio.Event()
        self.asked: list[str] = []
        self.revoked: set[str] = set()
        self.waiting = self.most_waiting = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("token ")
        self.asked.append(token)
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        if self.held(token):
            await self.go_on.wait()
        self.waiting -= 1
        if not token.startswith("p") or token in self.revoked:
            return httpx.Response(403)
        told = {"kind": "user", "name": token, "scopes": ["access:services"], "groups": []}
        return httpx.Response(200, json=told)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = 0.0

    def __call__(self) -> float:
        return self.moment


def identity_of(slow: SlowJupyterHub, clock=None) -> JupyterHubIdentity:
    client = httpx.AsyncClient(transport=httpx.MockTransport(slow))
    return JupyterHubIdentity("http://hub/hub/api", "hub", 10, client, clock or Clock())


@pytest.fixture(autouse=True)
def long_patience(monkeypatch):
    """Nobody is told to come back because the tests' machine is slow."""
    for name in ("NEWCOMERS", "RENEWALS", "ALL_NEWCOMERS", "ALL_RENEWALS"):
        monkeypatch.setattr(jupyterhub, name, replace(getattr(jupyterhub, name), seconds=PATIENCE))


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as made:
        yield made


async def until(is_so) -> None:
    """Wait until something is so, however slow the machine is."""
    with anyio.fail_after(PATIENCE):
        while not is_so():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def coming(hub, address="10.0.0.1"):
    """Give how somebody asks who they are, from an address; return the status and seconds."""
    transport = httpx.ASGITransport(hub.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:

        async def ask(token: str) -> httpx.Response:
            return await client.get("/me", headers={"Authorization": f"token {token}"})

        yield ask


def test_600_newcomers_wait_without_a_thread_and_all_get_their_answer(hub):
    async def work():
        slow = SlowJupyterHub(lambda token: token != "known")
        hub.state.identity = identity_of(slow)
        async with coming(hub) as ask, coming(hub, "10.0.0.2") as ask_elsewhere:
            many = [asyncio.create_task(ask(f"p{number}")) for number in range(PEOPLE)]
            await until(lambda: slow.waiting == jupyterhub.NEWCOMERS.most)
            held, slow.held = slow.held, lambda token: False
            elsewhere = await ask_elsewhere("people-of-another-company")
            again = await ask_elsewhere("people-of-another-company")
            assert (elsewhere.status_code, again.status_code) == (200, 200)
            assert not any(one.done() for one in many)
            slow.held = held
            slow.go_on.set()
            answers = await asyncio.gather(*many)
        assert Counter(one.status_code for one in answers) == {200: PEOPLE}
        assert [one.json()["name"] for one in answers] == [f"p{n}" for n in range(PEOPLE)]
        assert len(slow.asked) == PEOPLE + 1, "each token is asked about once"
        assert slow.most_waiting == jupyterhub.NEWCOMERS.most + 1

    asyncio.run(work())


def test_beside_600_guessers_who_is_known_does_not_wait_and_newcomers_are_next(hub):
    async def work():
        clock = Clock()
        slow = SlowJupyterHub(lambda token: token.startswith("x"))
        hub.state.identity = identity_of(slow, clock)
        async with coming(hub) as ask:
            assert (await ask("p-known")).status_code == 200
            many = [asyncio.create_task(ask(f"x{number}")) for number in range(PEOPLE)]
            await until(lambda: slow.waiting == jupyterhub.NEWCOMERS.most)
            assert (await ask("p-known")).status_code == 200
            clock.moment = 11.0
            assert (await ask("p-known")).status_code == 200, "the old answer was too old"
            assert slow.asked.count("p-known") == 2
            newcomer = asyncio.create_task(ask("p-new"))
            await asyncio.sleep(0)
            later = [asyncio.create_task(ask(f"x-later{number}")) for number in range(50)]
            slow.go_on.set()
            assert (await newcomer).status_code == 200
            refused = await asyncio.gather(*many, *later)
        assert {one.status_code for one in refused} <= {401, 429}
        before = slow.asked.index("p-new")
        assert not any(token.startswith("x-later") for token in slow.asked[:before])

    asyncio.run(work())


def test_strangers_from_many_addresses_do_not_make_who_was_known_wait(monkeypatch):
    async def work():
        clock = Clock()
        slow = SlowJupyterHub(lambda token: token.startswith("x"))
        identity = identity_of(slow, clock)
        await identity.person("p-known", "10.0.0.1")
        places = [f"10.1.0.{number}" for number in range(100)]
        many = [asyncio.create_task(identity.person(f"x{one}", one)) for one in places]
        await until(lambda: slow.waiting == jupyterhub.ALL_NEWCOMERS.most)
        clock.moment = 11.0
        assert (await identity.person("p-known", "10.0.0.1")).name == "p-known"
        slow.go_on.set()
        for one in await asyncio.gather(*many, return_exceptions=True):
            assert isinstance(one, IdentityError)
        assert slow.most_waiting == jupyterhub.ALL_NEWCOMERS.most + 1
        assert (identity._asking, identity._turns._busy, identity._turns._waiting) == ({}, {}, {})

    asyncio.run(work())


def test_a_token_is_asked_about_once_however_many_requests_show_it():
    async def work():
        slow = SlowJupyterHub()
        identity = identity_of(slow)
        many = [asyncio.create_task(identity.person("p1", "10.0.0.1")) for _ in range(2000)]
        await until(lambda: slow.waiting)
        many[0].cancel()
        await asyncio.sleep(0)
        slow.go_on.set()
        answers = await asyncio.gather(*many[1:])
        assert {one.name for one in answers} == {"p1"}
        with pytest.raises(asyncio.CancelledError):
            await many[0]
        assert slow.asked == ["p1"]

    asyncio.run(work())


def test_rubbish_has_no_person_forgotten_and_is_itself_bounded(monkeypatch):
    monkeypatch.setattr(jupyterhub, "MOST_KNOWN", 3)

    async def work():
        slow = SlowJupyterHub(lambda token: False)
        identity = identity_of(slow)
        for number in range(10):
            await identity.person("p1", "10.0.0.1")
            with pytest.raises(IdentityError):
                await identity.person(f"x{number}", "10.0.0.1")
        assert slow.asked.count("p1") == 1
        assert len(identity._nobodies._kept) == 3
        with pytest.raises(IdentityError):
            await identity.person("x9", "10.0.0.1")
        assert slow.asked.count("x9") == 1
        for number in range(2, 5):
            await identity.person(f"p{number}", "10.0.0.1")
        assert len(identity._people._kept) == 3

    asyncio.run(work())


def test_a_token_that_was_taken_back_is_nobodys_and_waits_with_the_strangers():
    async def work():
        clock, slow = Clock(), SlowJupyterHub(lambda token: False)
        identity = identity_of(slow, clock)
        await identity.person("p1", "10.0.0.1")
        slow.revoked.add("p1")
        clock.moment = 11.0
        with pytest.raises(IdentityError):
            await identity.person("p1", "10.0.0.1")
        assert not identity._people._kept

    asyncio.run(work())


def test_beyond_what_can_wait_people_are_told_to_come_back_and_then_come_in(hub, monkeypatch):
    few = replace(jupyterhub.NEWCOMERS, most=1, waiting=2)
    monkeypatch.setattr(jupyterhub, "NEWCOMERS", few)

    async def work():
        slow = SlowJupyterHub()
        hub.state.identity = identity_of(slow)
        async with coming(hub) as ask:
            many = [asyncio.create_task(ask(f"p{number}")) for number in range(5)]
            await until(lambda: sum(one.done() for one in many) == 2)
            refused = [await one for one in many if one.done()]
            assert {one.status_code for one in refused} == {429}
            assert {one.headers["retry-after"] for one in refused} == {"2"}
            assert "new users are signing in" in refused[0].json()["detail"]
            slow.go_on.set()
            await asyncio.gather(*many)
            assert {(await ask(f"p{number}")).status_code for number in range(5)} == {200}

    asyncio.run(work())


def test_people_who_come_back_from_a_slow_jupyterhub_occupy_no_turn_of_the_hub(hub):
    """A class signs in at once: those who are signed in already do not wait for JupyterHub."""

    async def work():
        slow = SlowJupyterHub(lambda token: False)
        hub.state.identity = identity_of(slow)
        coming_back, go_on = [], asyncio.Event()

        async def give_token(request: httpx.Request) -> httpx.Response:
            coming_back.append(request)
            await go_on.wait()
            return httpx.Response(200, json={"access_token": "p-new", "token_type": "Bearer"})

        client = httpx.AsyncClient(transport=httpx.MockTransport(give_token))
        oauth = replace(hub.state.oauth, jupyterhub=client)
        hub.state.oauth = oauth

        async def come_back(number: int) -> httpx.Response:
            address, kept = oauth.begin("/pages/")
            [nonce] = parse_qs(urlsplit(address).query)["state"]
            transport = httpx.ASGITransport(hub.app, client=(f"10.1.0.{number % 8}", 1))
            cookies = {STATE_COOKIE: kept}
            query = {"code": "c", "state": nonce}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://testserver", cookies=cookies
            ) as browser:
                return await browser.get("/oauth_callback", params=query)

        async with coming(hub) as ask:
            assert (await ask("p-known")).status_code == 200
            many = [asyncio.create_task(come_back(number)) for number in range(64)]
            await until(lambda: len(coming_back) >= 40)
            assert (await ask("p-known")).status_code == 200
            go_on.set()
            assert {one.status_code for one in await asyncio.gather(*many)} == {302}

    asyncio.run(work())


@pytest.mark.parametrize("lane", ["_everybody", "_requests"])
def test_who_lost_their_rights_while_their_request_waited_is_refused(hub, lane):
    async def work():
        clock, slow = Clock(), SlowJupyterHub(lambda token: False)
        hub.state.identity = identity_of(slow, clock)
        async with coming(hub) as ask:
            assert (await ask("p1")).status_code == 200
            layer = hub.fair_turns()
            setattr(layer, lane, replace(getattr(layer, lane), most=1, seconds=PATIENCE))
            occupied = (getattr(layer, lane), "" if lane == "_everybody" else "p1")
            layer.turns.join(occupied)
            waiting = asyncio.create_task(ask("p1"))
            await until(lambda: layer.turns.waiting == 1)
            clock.moment = 11.0
            slow.revoked.add("p1")
            layer.turns.leave(occupied)
            assert (await waiting).status_code == 401
            assert (layer.turns._busy, layer.turns.waiting) == ({}, 0)

    asyncio.run(work())
