"""Rounds of the load benchmark: what they count is what users wait once all are there."""

from __future__ import annotations

import asyncio
import importlib
import os
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "benchmarks" / "hub"
PATIENCE = 120.0


@pytest.fixture
def load_users(monkeypatch):
    pytest.importorskip("aiohttp")
    monkeypatch.syspath_prepend(HERE)
    return importlib.import_module("load_users")


class TurnsAway:
    """A service that tells one user to come back until others have been answered often enough."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.first: dict[str, float] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection until it is closed."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer("late" if b"Who: late" in request else "early"))
        writer.close()

    def _answer(self, who: str) -> bytes:
        nothing = b"Content-Length: 0\r\n\r\n"
        if who == "late" and self.answered.total() < 40:
            return b"HTTP/1.1 429 Wait\r\nRetry-After: 0.01\r\n" + nothing
        self.answered[who] += 1
        self.first.setdefault(who, time.monotonic())
        return b"HTTP/1.1 200 OK\r\n" + nothing


async def one_round(load_users, service: TurnsAway):
    """Have two users ask; return the round and what came of it."""
    server = await asyncio.start_server(service.answer, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        users = [
            load_users.LoadUser(
                {"Who": who}, random.Random(who), lambda _: load_users.Asking("one", "GET", "/one")
            )
            for who in ("early", "late")
        ]
        plan = load_users.RoundPlan(think=0.001, warm_up=0.01, counted=0.2)
        one = load_users.LoadRound(f"http://127.0.0.1:{port}", os.getpid(), plan)
        return one, await asyncio.wait_for(one.run(users), PATIENCE)
    finally:
        server.close()


def test_a_round_counts_once_everybody_has_been_answered(load_users):
    """Else the longest waits have begun before it counts, and only those of the lucky are told."""
    service = TurnsAway()
    one, found = asyncio.run(one_round(load_users, service))
    assert found.postponed > 0
    assert one.begun >= max(service.first.values())
    assert set(service.first) == {"early", "late"}
    assert not found.failures


def test_nobody_waits_for_ever_for_who_is_never_answered(load_users, monkeypatch):
    monkeypatch.setattr(load_users, "LONGEST_WARM_UP", 0.05)
    monkeypatch.setattr(load_users, "PATIENCE_SECONDS", 0.5)
    service = TurnsAway()
    service.answered["nobody"] = -(10**9)
    _, found = asyncio.run(one_round(load_users, service))
    assert found.failures == {"TimeoutError": 1}
    assert service.answered["late"] == 0
