"""Users who ask a service over HTTP, each with a connection and an address, and how long they wait.

A closed loop: after each answer a user thinks, then asks again. Whoever is told to come back later
(429 or 503 with Retry-After) does so; their time goes on.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from process_usage import memory_mib, processor_seconds

PATIENCE_SECONDS = 30.0
"""After how long a user gives up, which counts as a failure."""
LONGEST_WARM_UP = 60.0
"""After how many seconds a round counts although somebody has not had a first answer yet."""
LONGEST_THOUGHT = 4.0
"""In mean thoughts: with one second, less than the five after which a server ends a connection."""


@dataclass(frozen=True)
class Asking:
    """A request. kind: list, one, search or write."""

    kind: str
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    told: Any = None


@dataclass(frozen=True)
class LoadUser:
    """Somebody who asks. drawn: draws their next request."""

    headers: dict[str, str]
    chance: random.Random
    drawn: Callable[[random.Random], Asking]


@dataclass
class Measured:
    """What came of a round, or of several.

    waits: seconds from a request's first sending to its answer, by kind, of those sent after the
        warm-up. answered, seconds, processor_seconds: between the warm-up and the end.
    postponed: answers that told somebody to come back. failures: by status or exception.
    """

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answered: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    postponed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    mib: float = 0.0

    def add(self, other: Measured) -> None:
        """Take in another round."""
        for kind, some in other.waits.items():
            self.waits[kind] += some
        self.answered += other.answered
        self.seconds += other.seconds
        self.processor_seconds += other.processor_seconds
        self.postponed += other.postponed
        self.failures += other.failures
        self.mib = max(self.mib, other.mib)


@dataclass(frozen=True)
class RoundPlan:
    """How a round goes: think: mean seconds; warm_up, counted: seconds, one after the other.

    The warm-up goes on until everybody has had a first answer. Before that, those who come in make
    the queue short for each other, and the longest waits would have begun before the round counts.
    """

    think: float
    warm_up: float
    counted: float


class LoadRound:
    """One round of a service."""

    def __init__(self, address: str, pid: int, plan: RoundPlan) -> None:
        self.address = address
        self.pid = pid
        self.plan = plan
        self.found = Measured(seconds=plan.counted)
        self.begun = self.end = math.inf

    async def run(self, users: list[LoadUser]) -> Measured:
        """Have all users ask; return what came of it once all are answered."""
        self._new = len(users)
        self._nobody_new = asyncio.Event()
        async with AsyncExitStack() as stack:
            made = [_session(self.address, number) for number in range(len(users))]
            sessions = [await stack.enter_async_context(one) for one in made]
            asking = map(self._ask_again_and_again, users, sessions)
            await asyncio.gather(self._watch(), *asking)
        return self.found

    async def _watch(self) -> None:
        await asyncio.sleep(self.plan.warm_up)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._nobody_new.wait(), LONGEST_WARM_UP)
        used = processor_seconds(self.pid)
        self.begun = time.monotonic()
        self.end = self.begun + self.plan.counted
        await asyncio.sleep(self.plan.counted)
        self.found.processor_seconds = processor_seconds(self.pid) - used
        self.found.mib = memory_mib(self.pid)

    def _is_known(self) -> None:
        """Take down that one more user has had a first answer."""
        self._new -= 1
        if self._new == 0:
            self._nobody_new.set()

    async def _ask_again_and_again(self, user: LoadUser, session: aiohttp.ClientSession) -> None:
        await asyncio.sleep(user.chance.uniform(0, self.plan.warm_up))
        is_new = True
        while (sent := time.monotonic()) < self.end:
            asking = user.drawn(user.chance)
            done = await self._answered(session, user.headers, asking)
            ended = time.monotonic()
            if is_new:
                is_new = False
                self._is_known()
            if done and sent >= self.begun:
                self.found.waits[asking.kind].append(ended - sent)
            if done and self.begun <= ended < self.end:
                self.found.answered += 1
            think = self.plan.think
            pause = min(user.chance.expovariate(1 / think), LONGEST_THOUGHT * think) if think else 0
            await asyncio.sleep(min(pause, max(0.0, self.end - ended)))

    async def _answered(
        self, session: aiohttp.ClientSession, headers: dict[str, str], asking: Asking
    ) -> bool:
        """Ask until there is an answer; return whether it is a good one."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (pause := await self._pause_before_next(session, headers, asking)) > 0:
                    self.found.postponed += 1
                    await asyncio.sleep(pause)
            return pause == 0
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.found.failures[type(error).__name__] += 1
            return False

    async def _pause_before_next(
        self, session: aiohttp.ClientSession, headers: dict[str, str], asking: Asking
    ) -> float:
        """Ask once; return 0, how many seconds to wait before asking again, or -1 for a failure."""
        async with session.request(
            asking.method, asking.path, params=asking.query, json=asking.told, headers=headers
        ) as answer:
            await answer.read()
            if answer.status < 400:
                return 0
            if answer.status in (429, 503) and "Retry-After" in answer.headers:
                return float(answer.headers["Retry-After"])
            self.found.failures[str(answer.status)] += 1
            return -1


def one_by_one(
    address: str, pid: int, users: list[LoadUser], kinds: tuple[str, ...], seconds: float
) -> Iterator[tuple[str, float]]:
    """Yield each kind of request, and the milliseconds of processor time that one takes alone."""
    for kind in kinds:
        yield kind, asyncio.run(_alone(address, pid, users, kind, seconds))


async def _alone(address: str, pid: int, users: list[LoadUser], kind: str, seconds: float) -> float:
    chance = random.Random(kind)
    count = 0
    async with _session(address) as session:
        used, end = processor_seconds(pid), time.monotonic() + seconds
        while time.monotonic() < end:
            user = chance.choice(users)
            asking = user.drawn(chance)
            while asking.kind != kind:
                asking = user.drawn(chance)
            async with session.request(
                asking.method,
                asking.path,
                params=asking.query,
                json=asking.told,
                headers=user.headers,
            ) as answer:
                await answer.read()
                answer.raise_for_status()
            count += 1
        return (processor_seconds(pid) - used) / count * 1000


def _session(address: str, number: int = 0) -> aiohttp.ClientSession:
    """Return a connection from an address of its user's own, of which the loopback has many."""
    own = (f"127.1.{number // 250}.{number % 250 + 1}", 0)
    return aiohttp.ClientSession(
        address,
        connector=aiohttp.TCPConnector(limit=1, keepalive_timeout=4.5, local_addr=own),
        timeout=aiohttp.ClientTimeout(total=None),
    )
