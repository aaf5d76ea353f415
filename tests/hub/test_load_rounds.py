"""Rounds of the load benchmark: what they count is what users wait once all are there."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

HERE = Path(__file__).parents[2] / "benchmarks" / "hub"
PATIENCE = 120.0


@pytest.fixture
def load_users(monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    import load_users

    return load_users


class TurnsAway:
    """A service that tells one user to come back until others have been answered often enough."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.first: dict[str, float] = {}

    async def answer(self, request: web.Request) -> web.Response:
        who = request.headers["Who"]
        if who == "late" and self.answered.total() < 40:
            return web.Response(status=429, headers={"Retry-After": "0.01"})
        self.answered[who] += 1
        self.first.setdefault(who, asyncio.get_running_loop().time())
        return web.Response()


async def one_round(load_users, service: TurnsAway):
    """Have three users ask; return the round and what came of it."""
    app = web.Application()
    app.router.add_get("/one", service.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        users = [
            load_users.LoadUser(
                {"Who": who}, random.Random(who), lambda _: load_users.Asking("one", "GET", "/one")
            )
            for who in ("early", "other", "late")
        ]
        plan = load_users.RoundPlan(think=0.001, warm_up=0.01, counted=0.2)
        one = load_users.LoadRound(f"http://127.0.0.1:{port}", os.getpid(), plan)
        return one, await asyncio.wait_for(one.run(users), PATIENCE)
    finally:
        await runner.cleanup()


def test_a_round_counts_once_everybody_has_been_answered(load_users):
    """Else the longest waits have begun before it counts, and only those of the lucky are told."""
    service = TurnsAway()
    one, found = asyncio.run(one_round(load_users, service))
    assert found.postponed > 0
    assert one.begun >= max(service.first.values())
    assert set(service.first) == {"early", "other", "late"}
    assert not found.failures


def test_nobody_waits_for_ever_for_who_is_never_answered(load_users, monkeypatch):
    monkeypatch.setattr(load_users, "LONGEST_WARM_UP", 0.05)
    monkeypatch.setattr(load_users, "PATIENCE_SECONDS", 0.5)
    service = TurnsAway()
    service.answered["nobody"] = -(10**9)
    _, found = asyncio.run(one_round(load_users, service))
    assert found.failures == {"TimeoutError": 1}
    assert service.answered["late"] == 0
