"""Somebody sends many requests at once: the others are answered meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import anyio
import httpx
import pytest
from fastapi import APIRouter, Request
from small_hub import small_hub

from lepton_hub.api.middleware.fair_turns import lanes
from lepton_hub.api.request_context import Asker
from lepton_hub.identity.oauth import COOKIE

router = APIRouter()
DONE = threading.Event()
INSIDE: list[str] = []
PATIENCE = 120.0
LANES = ("_requests", "_contents", "_strangers", "_tokens", "_everybody", "_all_strangers")


def _stay(who: str) -> dict[str, str]:
    INSIDE.append(who)
    assert DONE.wait(PATIENCE)
    return {"who": who}


@router.get("/slow")
@router.get("/pages/slow")
@router.get("/data/slow")
def slow(person: Asker) -> dict[str, str]:
    """Hold a thread until the test is over."""
    return _stay(person.name)


@router.get("/slow-for-strangers")
def slow_for_strangers(request: Request) -> dict[str, str]:
    """Hold a thread for somebody who is not known."""
    return _stay("stranger")


@router.post("/telling")
async def telling(request: Request) -> dict[str, int]:
    """Read what is sent."""
    return {"bytes": len(await request.body())}


@pytest.fixture
def hub(tmp_path):
    DONE.clear()
    INSIDE.clear()
    with small_hub(tmp_path) as made:
        made.app.router.routes[:0] = router.routes
        made.get("ada", "/health")  # so that its layers are there
        layer = made.fair_turns()
        for name in LANES:  # long enough for the slowest machine
            setattr(layer, name, replace(getattr(layer, name), seconds=PATIENCE))
        yield made


def let_nobody_wait(hub, lanes=LANES) -> None:
    layer = hub.fair_turns()
    for name in lanes:
        setattr(layer, name, replace(getattr(layer, name), waiting=0))


async def until(is_so) -> None:
    """Wait until something is so, however slow the machine is."""
    with anyio.fail_after(PATIENCE):
        while not is_so():
            await asyncio.sleep(0.01)


def scope_of(method, path, headers) -> dict[str, object]:
    """Return how a server describes a request to the hub."""
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": headers, "client": ("10.0.0.1", 1), "server": ("testserver", 80),
    }  # fmt: skip


def client_of(hub, address="10.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(hub.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://testserver")


def token(who):
    return {"Authorization": f"token {who}"}


def cookie(hub, who):
    return {"Cookie": f"{COOKIE}={hub.state.oauth.fernet.encrypt(who.encode()).decode()}"}


async def crowd(client, path, headers, count=240):
    return [asyncio.create_task(client.get(path, headers=headers)) for _ in range(count)]


async def statuses(tasks):
    return Counter(answer.status_code for answer in await asyncio.gather(*tasks))


def test_who_sends_240_requests_at_once_keeps_nobody_waiting(hub):
    async def work():
        async with client_of(hub) as client:
            assert (await client.get("/me", headers=token("ada"))).status_code == 200
            many = await crowd(client, "/slow", token("ada"))
            refused = await asyncio.gather(*many[30:])
            assert {answer.status_code for answer in refused} == {429}
            assert {answer.headers["retry-after"] for answer in refused} == {"1"}
            assert refused[0].headers["content-type"] == "application/problem+json"
            assert refused[0].json()["title"] == "Too Many Requests"
            for who in ("bose", "curie", "dora"):
                assert (await client.get("/items", headers=token(who))).status_code == 200
            assert (await client.get("/pages/")).status_code == 302
            await until(lambda: len(INSIDE) >= 10)
            assert INSIDE == ["ada"] * 10
            DONE.set()
            assert await statuses(many[:30]) == {200: 30}, "the next few waited for their turn"
            assert (await client.get("/me", headers=token("ada"))).status_code == 200

    asyncio.run(work())


def test_pages_are_refused_by_a_page_and_a_cookie_counts_as_the_person(hub):
    let_nobody_wait(hub)

    async def work():
        async with client_of(hub) as client:
            mine = cookie(hub, "ada")
            assert (await client.get("/me", headers=token("ada"))).status_code == 200
            assert (await client.get("/pages/", headers=mine)).status_code == 200
            many = await crowd(client, "/slow", token("ada"), 5)
            many += await crowd(client, "/pages/slow", mine, 5)
            await until(lambda: len(INSIDE) == 10)
            refused = await client.get("/pages/items", headers=mine)
            assert refused.status_code == 429
            assert refused.headers["content-type"].startswith("text/html")
            assert "Too many requests" in refused.text
            DONE.set()
            assert await statuses(many) == {200: 10}

    asyncio.run(work())


def test_contents_that_travel_do_not_stop_the_persons_pages(hub):
    async def work():
        async with client_of(hub) as client:
            await client.get("/me", headers=token("ada"))
            many = await crowd(client, "/data/slow", token("ada"), 40)
            assert await statuses(many[24:]) == {429: 16}
            await until(lambda: len(INSIDE) >= 8)
            assert (await client.get("/items", headers=token("ada"))).status_code == 200
            assert len(INSIDE) == 8
            DONE.set()
            assert await statuses(many[:24]) == {200: 24}

    asyncio.run(work())


@pytest.mark.parametrize("headers", [{}, token("mallory")])
def test_a_stranger_holds_few_threads_and_a_guesser_keeps_nobody_from_signing_in(hub, headers):
    async def work():
        async with client_of(hub) as client, client_of(hub, "10.0.0.2") as other:
            await client.get("/me", headers=token("ada"))
            many = await crowd(client, "/slow-for-strangers", headers)
            most = 4 if headers else 8
            await until(lambda: len(INSIDE) >= most)
            assert (await client.get("/items", headers=token("ada"))).status_code == 200
            assert (await other.get("/pages/")).status_code == 302
            if headers:
                assert (await client.get("/pages/")).status_code == 302
            assert len(INSIDE) == most
            DONE.set()
            assert await statuses(many) == {200: 240}

    asyncio.run(work())


@pytest.mark.parametrize(("one", "other", "same"), [
    ("2001:db8::1", "2001:db8::ffff:2", True),
    ("2001:db8::1", "2001:db8:0:1::1", False),
    ("::ffff:10.0.0.1", "10.0.0.1", True),
])  # fmt: skip
def test_the_addresses_of_one_household_count_as_one(hub, one, other, same):
    let_nobody_wait(hub)

    async def work():
        async with client_of(hub, one) as client, client_of(hub, other) as second:
            many = await crowd(client, "/slow-for-strangers", {}, 8)
            await until(lambda: len(INSIDE) == 8)
            assert (await second.get("/pages/")).status_code == (429 if same else 302)
            DONE.set()
            await asyncio.gather(*many)

    asyncio.run(work())


EVERYBODY = ["ada", "bose", "curie", "dora"]


async def everybody_asks(client) -> list[asyncio.Task[httpx.Response]]:
    """Have four people occupy all 40 threads."""
    tasks = []
    for who in EVERYBODY:
        assert (await client.get("/me", headers=token(who))).status_code == 200
        tasks += await crowd(client, "/slow", token(who), 10)
    await until(lambda: len(INSIDE) == 40)
    return tasks


def test_beyond_the_threads_of_the_hub_all_wait_in_one_queue(hub):
    async def work():
        async with client_of(hub) as client:
            assert (await client.get("/me", headers=token("grace"))).status_code == 200
            many = await everybody_asks(client)
            late = await crowd(client, "/slow", token("grace"), 3)
            await asyncio.sleep(0.05)
            assert "grace" not in INSIDE
            DONE.set()
            assert await statuses(many + late) == {200: 43}

    asyncio.run(work())


def test_strangers_from_many_addresses_keep_nobody_known_waiting(hub):
    async def work():
        async with AsyncExitStack() as stack:
            addresses = [f"10.0.{number}.1" for number in range(6)]
            clients = [await stack.enter_async_context(client_of(hub, one)) for one in addresses]
            assert (await clients[0].get("/me", headers=token("ada"))).status_code == 200
            many = [
                task for one in clients for task in await crowd(one, "/slow-for-strangers", {}, 8)
            ]
            await until(lambda: len(INSIDE) == 10)
            assert (await clients[0].get("/items", headers=token("ada"))).status_code == 200
            assert len(INSIDE) == 10
            DONE.set()
            assert await statuses(many) == {200: 48}

    asyncio.run(work())


@pytest.mark.parametrize("path", ["/items", "/pages/items"])
def test_a_hub_with_too_many_people_says_when_to_come_back(hub, path):
    let_nobody_wait(hub, ["_everybody"])

    async def work():
        async with client_of(hub) as client:
            assert (await client.get("/me", headers=token("grace"))).status_code == 200
            many = await everybody_asks(client)
            headers = cookie(hub, "grace") if path.startswith("/pages") else token("grace")
            refused = await client.get(path, headers=headers)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert "Too many people are using the hub" in refused.text
            DONE.set()
            assert await statuses(many) == {200: 40}
            assert (await client.get(path, headers=headers)).status_code == 200

    asyncio.run(work())


@pytest.mark.parametrize("body", [b"", b"some"])
def test_the_request_of_somebody_who_has_gone_is_never_started(hub, body):
    """Otherwise a crowd that gives up and asks again is answered when nobody listens any more."""

    async def work():
        async with client_of(hub) as client:
            assert (await client.get("/me", headers=token("grace"))).status_code == 200
            many = await everybody_asks(client)
            left = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]

            async def receive():
                return left.pop(0)

            async def send(message):
                pass

            scope = scope_of("GET", "/slow", [(b"authorization", b"token grace")])
            await asyncio.wait_for(hub.app(scope, receive, send), PATIENCE)
            assert not left
            late = asyncio.create_task(client.get("/slow", headers=token("grace")))
            DONE.set()
            assert await statuses([*many, late]) == {200: 41}
            assert INSIDE.count("grace") == 1

    asyncio.run(work())


def test_slow_senders_and_slow_readers_take_no_turn(hub):
    """Eight of them at one address would keep everybody there from signing in."""
    parts = [b"a", b"b"]

    async def work():
        go_on = asyncio.Event()

        def asked(is_slow_sender):
            left = list(parts)
            said = []

            async def receive():
                if not left:
                    await asyncio.Event().wait()
                if len(left) == 1 and is_slow_sender:
                    await go_on.wait()
                part = left.pop(0)
                return {"type": "http.request", "body": part, "more_body": bool(left)}

            async def send(message):
                if message["type"] == "http.response.body" and not is_slow_sender:
                    await go_on.wait()
                said.append(message)

            one = hub.app(scope_of("POST", "/telling", []), receive, send)
            return said, asyncio.create_task(one)

        asking = [asked(is_slow_sender) for is_slow_sender in [True, False] * 20]
        await until(lambda: sum(bool(said) for said, _ in asking) >= 20)
        async with client_of(hub) as client:
            assert (await client.get("/pages/")).status_code == 302
        go_on.set()
        for said, task in asking:
            await task
            assert said[0]["status"] == 200
            assert said[1]["body"] == b'{"bytes":2}'

    asyncio.run(work())


def test_a_person_and_a_stranger_leave_threads_for_others():
    assert sum(lane.most for lane in lanes(10)) <= 30, "of 40 threads"
